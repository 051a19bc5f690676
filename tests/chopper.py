"""A line that breaks where it is told to: a TCP proxy on loopback that cuts connections off in mid-sentence."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self

from frames import Message, MessageReader

#: `up` is what the client sends, `down` what the server does.
Way = Literal["up", "down"]
Sign = Callable[[Message], bool]

#: Says of the next bytes of a direction which of them still arrive, and whether the line breaks there.
Blade = Callable[[bytes], tuple[bytes, bool]]

_CHUNK = 64 * 1024


def says(*words: str, nth: int = 1) -> Sign:
    """The nth text message that holds all of these words."""
    seen = 0

    def sign(message: Message) -> bool:
        nonlocal seen
        holds = all(word in message.text for word in words)
        seen += holds
        return holds and seen == nth

    return sign


class Cut:
    """Where one connection breaks, in both directions at once; good for one connection."""

    def __init__(self, way: Way, blade: Blade) -> None:
        self.way = way
        self.blade = blade

    @classmethod
    def at_byte(cls, way: Way, count: int) -> Self:
        """Once so many bytes of a direction have arrived, handshake included, whatever they are the middle of."""
        left = count

        def blade(chunk: bytes) -> tuple[bytes, bool]:
            nonlocal left
            arriving = chunk[:left]
            left -= len(arriving)
            return arriving, not left

        return cls(way, blade)

    @classmethod
    def before(cls, way: Way, sign: Sign) -> Self:
        """In place of a WebSocket message: it was sent, and never arrives."""
        return cls(way, _at_message(sign, arrives=False))

    @classmethod
    def after(cls, way: Way, sign: Sign) -> Self:
        """Right behind a WebSocket message, which still arrives."""
        return cls(way, _at_message(sign, arrives=True))


def _at_message(sign: Sign, *, arrives: bool) -> Blade:
    reader = MessageReader()

    def blade(chunk: bytes) -> tuple[bytes, bool]:
        arriving = b""
        for raw, message in reader.feed(chunk):
            breaks = message is not None and sign(message)
            if arrives or not breaks:
                arriving += raw
            if breaks:
                return arriving, True
        return arriving, False

    return blade


class Chopper:
    """A way to a server of this machine whose first connections break, each at its own cut; later ones hold.

    `with Chopper(server.port, Cut.before("down", says("taskUUID"))) as chopper:` listens on `chopper.port` in a thread
    until the block ends. A cut of None lets that connection be.
    """

    def __init__(self, to: int, *cuts: Cut | None) -> None:
        self.port = 0
        #: How many connections were made, and how many of them were broken.
        self.connections = self.broken = 0
        self._to = to
        self._cuts = iter(cuts)
        self._carrying: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="chopper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the chopper does not listen"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._visit, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        cut = next(self._cuts, None)
        visit = asyncio.current_task()
        assert visit is not None
        self._carrying.add(visit)
        ends = [writer]
        # Only the end of the block cancels a visit, and a server that is not there is for the client to find out.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            try:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
                ends.append(far_writer)
                await self._carry_both(cut, (reader, far_writer), (far_reader, writer))
            finally:
                for end in ends:
                    end.transport.abort()
                self._carrying.discard(visit)

    async def _carry_both(self, cut: Cut | None, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        """Carry until both ends are done, or either is gone, or the line breaks."""
        names: tuple[Way, Way] = ("up", "down")
        tasks = [asyncio.create_task(self._carry(name, cut, *way)) for name, way in zip(names, ways, strict=True)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(
        self, way: Way, cut: Cut | None, source: asyncio.StreamReader, target: asyncio.StreamWriter
    ) -> None:
        blade = cut.blade if cut is not None and cut.way == way else None
        # So that draining waits until the system has every byte: an abort throws the rest away.
        target.transport.set_write_buffer_limits(0)
        while chunk := await source.read(_CHUNK):
            arriving, breaks = blade(chunk) if blade else (chunk, False)
            target.write(arriving)
            await target.drain()
            if breaks:
                self.broken += 1
                raise ConnectionAbortedError
        target.write_eof()
