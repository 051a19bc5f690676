"""One exchange: what somebody sent, what they were answered, and what became of it on the way."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

#: How many bytes of a body are kept; of what is longer, the size and a digest are known as well.
BODY_KEPT = 256 * 1024

#: Of how many rules that did not strike an exchange tells why, about; each part of it tells of the nearest only.
CONSIDERED_KEPT = 100

#: Headers as ASGI has them: names in lower case, in the order they were sent.
Headers: TypeAlias = list[tuple[bytes, bytes]]

#: The content types of what is worth more as a digest than as the beginning of its bytes.
_MEDIA = (b"video/", b"audio/", b"image/", b"application/octet-stream")


@dataclass(slots=True, eq=False)
class Exchange:
    """A request and its answer over HTTP, or what one frame on a WebSocket led to.

    It is filled in while it is under way, by `heard` and `said` as far as the bodies go, and belongs to the journal
    from then on. On a WebSocket the opening handshake is an exchange of the method GET, each frame of the peer one of
    the method SEND whose answer is the frames said until the next one is awaited, a line each; what is said without
    having been asked for is one of the method PUSH with no request, and the end is one of the method CLOSE.
    """

    #: Counted by the server, over all accounts, in the order in which exchanges began.
    number: int
    #: When it began, in emulator time of its account.
    at: float
    transport: Literal["http", "websocket"]
    method: str
    #: Path and query, as they were sent.
    target: str
    request_headers: Headers
    #: How the server was reached, as its answers have it: http, https, ws or wss.
    scheme: str = "http"
    #: When it began on the server's own clock, which no account's advance moves.
    server_time: float = 0.0
    #: The address of the peer, such as `127.0.0.1:53122`.
    peer: str = ""
    #: On a WebSocket, the number of the exchange that opened it; of the handshake itself, too.
    connection: int | None = None
    request_body: bytes = b""
    request_size: int = 0
    request_digest: Any = None
    #: What it was about, as far as that could be told.
    provider: str | None = None
    operation: str | None = None
    model: str | None = None
    job: str | None = None
    account: str | None = None
    #: None where there was no answer; on a WebSocket 101 for the handshake, and the code with which it was closed.
    status: int | None = None
    response_headers: Headers | tuple[()] = ()
    response_body: bytes = b""
    response_size: int = 0
    response_digest: Any = None
    #: How many frames the answer is made of, of which any may be empty; 0 where it is none of a WebSocket.
    frames: int = 0
    #: Real seconds it took.
    seconds: float = 0.0
    #: When it was over, in emulator time of its account; None while it is under way.
    finished: float | None = None
    #: The names of what struck it, and why other rules did not.
    faults: tuple[str, ...] = ()
    considered: tuple[tuple[str, str], ...] = ()
    #: How many more reasons there were, in further parts of the request.
    unconsidered: int = 0
    #: How it ended: `answered`, `cut` (the answer was not all of it), `reset`, `hung up` (by the peer), `stopped`.
    ended: str = ""
    #: What the journal counts it as, in bytes.
    weight: int = 0

    def heard(self, chunk: bytes) -> None:
        """Keep a piece of the request's body: the first as it is, without copying."""
        size = self.request_size
        self.request_size = size + len(chunk)
        if not size and len(chunk) <= BODY_KEPT:
            self.request_body = chunk
        elif chunk:
            self.request_body, self.request_digest = _more(
                self.request_body, size, self.request_digest, chunk, self.request_headers
            )

    def said(self, chunk: bytes) -> None:
        """Keep a piece of the answer's body: the first as it is, without copying."""
        size = self.response_size
        self.response_size = size + len(chunk)
        if not size and len(chunk) <= BODY_KEPT:
            self.response_body = chunk
        elif chunk:
            self.response_body, self.response_digest = _more(
                self.response_body, size, self.response_digest, chunk, self.response_headers
            )

    def consider(self, considered: tuple[tuple[str, str], ...]) -> None:
        """Keep why rules did not strike a part of the request; a request of very many parts tells of the first."""
        if len(self.considered) < CONSIDERED_KEPT:
            self.considered += considered
        else:
            self.unconsidered += len(considered)

    @property
    def reasons(self) -> tuple[tuple[str, str], ...]:
        """The rules that did not strike, each with why, and how much of that is not told."""
        if not self.unconsidered:
            return self.considered
        return *self.considered, ("…", f"{self.unconsidered} more reasons, of the rest of the request, are not told")

    @property
    def whole_frames(self) -> int:
        """How many frames of the answer are here from beginning to end: of a long answer not all."""
        return self.frames if self.response_digest is None else self.response_body.count(b"\n")

    def said_frame(self, text: str) -> None:
        """Keep a frame said on a WebSocket."""
        self.said(b"\n" + text.encode() if self.frames else text.encode())
        self.frames += 1


def _more(kept: bytes, size: int, digest: Any, chunk: bytes, headers: Headers | tuple[()]) -> tuple[bytes, Any]:
    """What is kept of a body that goes on, and the digest over all of it once that is longer than what is kept."""
    if digest is None:
        # Of media known to be longer than what is kept nothing would stay: many slow readers would each hold a part.
        if size + len(chunk) <= BODY_KEPT and not _is_long_media(headers):
            return kept + chunk, None
        digest = hashlib.sha256(kept)
        kept = b"" if _is_media(headers) else kept + chunk[: BODY_KEPT - size]
    digest.update(chunk)
    return kept, digest


def _is_long_media(headers: Headers | tuple[()]) -> bool:
    length = next((value for name, value in headers if name == b"content-length"), b"")
    return length.isdigit() and int(length) > BODY_KEPT and _is_media(headers)


def _is_media(headers: Headers | tuple[()]) -> bool:
    return any(name == b"content-type" and value.lower().startswith(_MEDIA) for name, value in headers)
