"""The proxy on a real port: in the foreground for a person, in a thread for tests."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable, Collection
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from understudy.clock import FlowingClock
from understudy.config import SettingError

from . import tunnel
from .authority import Authority
from .request import Door, Refusal

log = logging.getLogger("understudy.proxy")

#: How long a client may take to say what it wants, and then to agree on TLS, in seconds.
PATIENCE = 10.0

#: How many connections may wait to be accepted: clients with many threads connect all at once.
_BACKLOG = 1024


class Proxy:
    """One HTTPS proxy that takes the providers' hosts, and no other, to the stand-in.

    `with Proxy(hosts=…, folder=…, to=server.url) as proxy:` runs it in a thread until the block ends; a client in the
    environment `proxy.environment` then reaches the stand-in by the providers' own URLs. `hosts` are names in lower
    case; `folder` keeps the certificate authority, see `Authority`; `to` is the stand-in's address; port 0 is a free
    one. Anything but loopback is only listened on when `allow_remote` says so. Raises SettingError.
    """

    def __init__(
        self, *, hosts: Collection[str], folder: Path, to: str, host: str = "127.0.0.1", port: int = 0,
        allow_remote: bool = False, patience: float = PATIENCE,
    ) -> None:  # fmt: skip
        self.hosts = frozenset(hosts)
        self.to = to
        self._upstream = _address(to)
        self._patience = patience
        self._authority = Authority(folder, self.hosts)
        self._context = self._authority.context(FlowingClock().now())
        self._socket = _listen(host, port, allow_remote)
        self._address: str
        self.port: int
        self._address, self.port = self._socket.getsockname()[:2]
        self._visits: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the proxy is reached, such as `http://127.0.0.1:8898`."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._address, self._address)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that send a client through the proxy, for most clients."""
        return {"HTTPS_PROXY": self.url, "SSL_CERT_FILE": str(self._authority.certificate)}

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve in this thread until Ctrl-C or SIGTERM; `on_ready` is called once the port answers."""
        asyncio.run(self._until_signalled(on_ready))

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(self._ready.set)), name="understudy-proxy", daemon=True
        )
        self._thread.start()
        while not self._ready.wait(0.05):
            if not self._thread.is_alive():
                raise RuntimeError("the proxy ended before it was ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        self._stop()
        self._thread.join()

    def _stop(self, *_: object) -> None:
        assert self._loop is not None
        assert self._stopping is not None
        self._loop.call_soon_threadsafe(self._stopping.set)

    async def _until_signalled(self, on_ready: Callable[[], None]) -> None:
        before = {}

        def ready() -> None:
            before.update({number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)})
            on_ready()

        try:
            await self._serve(ready)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def _serve(self, on_ready: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._visit, sock=self._socket, backlog=_BACKLOG)
        try:
            on_ready()
            await self._stopping.wait()
        finally:
            server.close()
            for visit in self._visits:
                visit.cancel()
            await asyncio.gather(*self._visits, return_exceptions=True)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None
        self._visits.add(visit)
        try:
            await self._admit(reader, writer)
        except asyncio.CancelledError:
            # Only stopping cancels a visit, and nobody waits for its answer.
            log.debug("a connection was cut off by the end of the proxy")
        except OSError as problem:
            log.debug("a client went away: %s", problem)
        finally:
            writer.transport.abort()
            self._visits.discard(visit)

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        door = Door(reader, writer)
        try:
            try:
                async with asyncio.timeout(self._patience):
                    host = await door.asked(self.hosts)
            except TimeoutError:
                raise Refusal(408, f"no whole request came within {self._patience:g} seconds") from None
            if host is None:
                return
            upstream = await self._connect()
        except Refusal as refusal:
            log.warning("refused: %s", refusal)
            await door.turn_away(refusal)
            return
        try:
            await self._carry(host, door, (reader, writer), upstream)
        finally:
            # Both ends are closed by now, unless the tunnel was cut off: then nobody waits for what is left.
            upstream[1].transport.abort()

    async def _carry(self, host: str, door: Door, client: tunnel.Stream, upstream: tunnel.Stream) -> None:
        await door.let_through()
        try:
            await client[1].start_tls(self._context, ssl_handshake_timeout=self._patience)
        except OSError as problem:
            log.warning("%s: no TLS: does the client trust %s? (%s)", host, self._authority.certificate, problem)
            return
        log.info("tunnel to %s", host)
        up, down = await tunnel.join(client, upstream)
        log.debug("end of a tunnel to %s: %d bytes up, %d down", host, up, down)

    async def _connect(self) -> tunnel.Stream:
        try:
            return await asyncio.open_connection(*self._upstream)
        except OSError as problem:
            raise Refusal(502, f"nothing answers at {self.to}: start `understudy serve`", f" ({problem})") from None


def _address(to: str) -> tuple[str, int]:
    try:
        url = urlsplit(to)
        host, port = url.hostname, url.port or 80
    except ValueError:
        host, port, url = None, 80, urlsplit("")
    if url.scheme != "http" or not host or url.username or url.path not in ("", "/") or url.query or url.fragment:
        raise SettingError(f"the stand-in's address is one such as http://127.0.0.1:8899, not {to!r}")
    return host, port


def _listen(host: str, port: int, allow_remote: bool) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        if not allow_remote and not ip_address(str(address[0]).partition("%")[0]).is_loopback:
            raise SettingError(f"{host} lets other machines in: add --allow-remote if they are to use the proxy")
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as reason:
        raise SettingError(f"cannot listen on {host}:{port}: {reason.strerror or reason}") from reason
