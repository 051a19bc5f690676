"""What an idle socket takes, and how fast one socket is polled against one connection of HTTP."""

import asyncio
from collections.abc import Callable

from . import servers, tasks
from .duel import Duel, Side
from .effort import Effort
from .load import ask, connect, loop_factory, request
from .measure import Aim, Measure, Say
from .room import room_for
from .socket_caller import CompressingCaller, SocketCaller, message

#: A clock under which nothing finishes and nobody is idle for too long, whatever the machine.
_SPEED = ("--speed", "real")

#: How many sockets are opened at once.
_BATCH = 50


def sockets(effort: Effort, say: Say) -> list[Measure]:
    """Idle sockets that were let in, of clients that compress as the official Python SDKs do and that do not; polls."""
    count = room_for(effort.sockets)
    return [
        _held(effort, say, count, "sockets", "which may compress", CompressingCaller, Aim("below", 150)),
        _held(effort, say, count, "sockets-plain", "which may not", SocketCaller, None),
        *_polls(effort, say),
    ]


def _held(
    effort: Effort, say: Say, count: int, name: str, which: str, kind: type[SocketCaller], aim: Aim | None
) -> Measure:
    megabytes = []
    for turn in range(effort.memory_rounds):
        say(f"{name}: round {turn + 1} of {effort.memory_rounds}")
        with servers.emulator(*_SPEED) as emulator:
            # The first few make the server load what it needs for any.
            _hold(emulator.port, min(count, _BATCH), kind, emulator.resident_bytes)
            before = emulator.resident_bytes()
            grown = _hold(emulator.port, count, kind, emulator.resident_bytes) - before
        megabytes.append(grown / count * effort.sockets / 1e6)
    each = f"{sorted(megabytes)[len(megabytes) // 2] * 1000 / effort.sockets:,.0f} KB each"
    return Measure(name, f"{effort.sockets:,} idle sockets, {which}", " MB", tuple(megabytes), aim, {"ours": each})


def _hold(port: int, count: int, kind: type[SocketCaller], measure: Callable[[], int]) -> int:
    """Measure while so many sockets are there."""

    async def hold() -> int:
        callers = [kind(iter(())) for _ in range(count)]
        try:
            for start in range(0, count, _BATCH):
                await asyncio.gather(*(connect(port, caller) for caller in callers[start : start + _BATCH]))
            measured = measure()
            for caller in callers:
                if caller.done.done():
                    caller.done.result()
            return measured
        finally:
            for caller in callers:
                caller.close()

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(hold())


def _polls(effort: Effort, say: Say) -> list[Measure]:
    """One poll after the other, each once the last was answered."""
    duel = Duel(ours=Side(SocketCaller), baseline="over REST")
    with servers.emulator(*_SPEED) as emulator:
        running = tasks.with_script("Good evening, night owls. " * 190)
        ask(emulator.port, running)
        question = tasks.poll(running)
        for turn in range(effort.rounds):
            say(f"socket-polls: round {turn + 1} of {effort.rounds}")
            for side, poll in ((duel.ours, message(question)), (duel.theirs, request(emulator.port, question))):
                side.run(emulator, [poll] * effort.polls, 1)
    return duel.measures("socket-polls", None)
