"""What a client asks of the proxy: read by h11, and either a provider's host or a refusal that says what would do."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from urllib.parse import urlsplit

import h11

#: The largest head that is read, in bytes.
MAX_HEAD = 16 * 1024

#: The one port that providers are reached on.
HTTPS = 443

#: How long a refusal may take to be read by who sent more than was wanted, in seconds.
_LINGER = 1.0


class Refusal(Exception):
    """What was asked is not done; `str()` is a sentence for the person behind the client."""

    def __init__(self, status: int, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.detail = detail


class Door:
    """One client at the proxy's door, from its first byte until it is let through or turned away."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)

    async def asked(self, hosts: Collection[str]) -> str | None:
        """The provider's host that the client wants to be connected to; None when it left without asking.

        Raises Refusal for anything else.
        """
        event = await self._next()
        if isinstance(event, h11.ConnectionClosed):
            return None
        assert isinstance(event, h11.Request)
        target = event.target.decode("latin-1")
        if event.method != b"CONNECT":
            raise _not_a_tunnel(target, hosts)
        host = _provider(target, hosts)
        # The client has to wait for the answer: what comes before it would be lost in the change to TLS.
        if not isinstance(self._http.next_event(), h11.EndOfMessage) or self._http.trailing_data[0]:
            raise Refusal(400, "a CONNECT request is followed by nothing until it is answered")
        return host

    async def let_through(self) -> None:
        """Tell the client that it is connected: what follows is between it and the provider."""
        self._send(h11.Response(status_code=200, reason=b"Connection established", headers=[]))
        await self._writer.drain()

    async def turn_away(self, refusal: Refusal) -> None:
        """Say no, in the body and in the reason phrase, which is all that most clients show."""
        body = f"{refusal}{refusal.detail}\n".encode()
        self._send(
            h11.Response(
                status_code=refusal.status,
                reason=str(refusal).encode("ascii", "replace"),
                headers=[
                    ("content-type", "text/plain; charset=utf-8"),
                    ("content-length", str(len(body))),
                    ("connection", "close"),
                ],
            ),
            h11.Data(body),
        )
        self._writer.write_eof()
        # Hanging up on unread bytes would take the answer with it.
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                while await self._reader.read(MAX_HEAD):
                    pass

    async def _next(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = await self._reader.read(MAX_HEAD)
                if data.startswith(b"\x16\x03"):
                    raise Refusal(400, "the way to the proxy itself is plain HTTP: HTTPS_PROXY starts with http://")
                self._http.receive_data(data)
        except h11.RemoteProtocolError as problem:
            status = problem.error_status_hint
            raise Refusal(status, "a proxy is asked in HTTP, and briefly: that was something else") from problem
        return event

    def _send(self, *events: h11.Event) -> None:
        for event in events:
            self._writer.write(self._http.send(event) or b"")


def _provider(target: str, hosts: Collection[str]) -> str:
    name, colon, port = target.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()):
        raise Refusal(400, "CONNECT names a host and a port, such as api.segmind.com:443")
    host = _known(name, hosts)
    if int(port) != HTTPS:
        raise Refusal(403, f"{host} is reached on port {HTTPS} only, not on {int(port)}")
    return host


def _not_a_tunnel(target: str, hosts: Collection[str]) -> Refusal:
    try:
        url = urlsplit(target)
        name = url.hostname or ""
    except ValueError:
        return Refusal(400, "that is no URL")
    if not url.scheme or not name:
        return Refusal(400, "this is a proxy: set HTTPS_PROXY to its address, and ask for a provider's https URL")
    try:
        host = _known(name, hosts)
    except Refusal as refusal:
        return refusal
    return Refusal(403, f"this proxy carries https only: ask for https://{host}")


def _known(name: str, hosts: Collection[str]) -> str:
    host = name.lower().removesuffix(".")
    if host not in hosts:
        shown = "".join(c for c in name if c.isascii() and c.isprintable())[:253]
        raise Refusal(403, f"understudy does not stand in for {shown}", f", only for {', '.join(sorted(hosts))}")
    return host
