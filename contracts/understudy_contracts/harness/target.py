"""Where a run's requests go: a stand-in, somebody's server, or the provider itself."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urlsplit

from understudy_contracts import PROVIDERS
from understudy_contracts.checks.exchange import Exchange
from understudy_contracts.documents.asyncapi import SOCKET_HOST
from understudy_contracts.hosts import provider_at
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract
from understudy_contracts.requests import Request

from .reading import members, parsed

if TYPE_CHECKING:
    import httpx

#: How long an answer may take, in seconds: blocking calls wait for a whole video.
PATIENCE = 120.0

#: How much of a body is sent at once, in bytes.
_PIECE = 256 * 1024

#: How long an answer may be, in bytes: more than any film that is asked for.
_LONGEST = 512 * 1024 * 1024

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Unreachable(Exception):
    """No answer came: nothing is there, or it hung up."""


class Target(Protocol):
    """Whoever is asked."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    @property
    def live(self) -> bool:
        """Whether it is the provider itself, who wants to be paid."""

    @property
    def switches(self) -> Mapping[str, Mapping[str, str]]:
        """How it reads what sources disagree on, by provider, where that is known."""

    def address(self, host: str) -> str:
        """What the paths of one of the provider's hosts begin with there."""

    def ask(self, operation: Operation, request: Request) -> Exchange:
        """Send a request over HTTP and take the answer. Raises `Unreachable`."""

    def say(self, operation: Operation, request: Request, key: str | None, frames: int = 1) -> list[Exchange]:
        """Say tasks on a socket, after who asks unless that is nobody, and take all that comes, in so many frames or
        more. Raises `Unreachable`.
        """


class Remote:
    """A server that is asked over HTTP: `Remote.at("http://127.0.0.1:8899")`, or `Remote.live("gmi")`."""

    def __init__(
        self,
        name: str,
        addresses: Mapping[str, str],
        *,
        live: bool = False,
        rate: float | None = None,
        switches: Mapping[str, Mapping[str, str]] | None = None,
        timeout: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx

        self.name = name
        self.live = live
        self.switches = switches or {}
        self._addresses = addresses
        self._pause = 0.0 if rate is None else 1 / rate
        self._sleep = sleep
        self._last = -float("inf")
        self._timeout = timeout
        nearby = all(urlsplit(address).hostname in _LOOPBACK for address in addresses.values())
        self._http = httpx.Client(timeout=timeout, trust_env=not nearby)

    @classmethod
    def at(cls, url: str, **options: Any) -> Self:
        """Ask one server that stands for all of the provider's hosts; a stand-in tells what their paths begin with.

        Raises `Unreachable` where nothing answers.
        """
        import httpx

        base = url.rstrip("/")
        try:
            with httpx.stream("GET", f"{base}/_understudy/contracts/", trust_env=False, timeout=10) as answer:
                content = _whole(answer, time.monotonic() + 10) if answer.is_success else b""
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise Unreachable(
                f"nothing answers at {without_user(url)}: {str(problem) or type(problem).__name__}"
            ) from None
        told = members(members(parsed(content)).get("providers"))
        hosts = {
            host: where
            for one in told.values()
            for host, where in members(members(one).get("hosts")).items()
            if isinstance(where, str)
        }
        switches = {name: _known(name, members(one).get("switches")) for name, one in told.items()}
        return cls(url, hosts or {"": base}, switches=switches, **options)

    @classmethod
    def provider(cls, provider: str, *, addresses: Mapping[str, str] | None = None, **options: Any) -> Self:
        """Ask the provider itself, at its own hosts. Sending is another's decision: see `harness.permission`.

        `addresses` tell where a host is to be found instead.
        """
        hosts = {one.host for one in contract(provider).operations.values() if one.host is not None}
        if any("websocket" in one.transports for one in contract(provider).operations.values()):
            hosts.add(SOCKET_HOST)
        places = {host: f"https://{host}" for host in sorted(hosts)} | dict(addresses or {})
        return cls(f"{provider}, live", places, live=True, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.close()

    def address(self, host: str) -> str:
        """What the paths of one of the provider's hosts begin with there."""
        return self._addresses.get(host) or next(iter(self._addresses.values()))

    def ask(self, operation: Operation, request: Request) -> Exchange:
        """Send a request over HTTP and take the answer. Raises `Unreachable`."""
        import httpx

        url = request.target if "://" in request.target else f"{self.address(operation.host or '')}{request.target}"
        self._keep_off(url)
        # What goes out in pieces has to be said how long it is.
        length = {} if request.content is None else {"Content-Length": str(len(request.content))}
        headers = {**length, **request.headers}
        # Who asks is said by each request, and not by what was answered to another.
        self._http.cookies.clear()
        with self._turn():
            began = time.monotonic()
            try:
                with self._http.stream(
                    request.method, url, headers=headers, content=_pieces(request.content), follow_redirects=False
                ) as answer:
                    content = _whole(answer, began + self._timeout)
            except httpx.HTTPError as problem:
                raise Unreachable(f"{request.method} {url}: {str(problem) or type(problem).__name__}") from None
            except httpx.InvalidURL as problem:
                raise Unreachable(f"{url}: {problem}") from None
        return _exchange(operation, request, url, answer, content, self._last - began, self._last)

    def say(self, operation: Operation, request: Request, key: str | None, frames: int = 1) -> list[Exchange]:
        """Say tasks on a socket, after who asks unless that is nobody, and take all that comes, in so many frames or
        more. Raises `Unreachable`.
        """
        from .line import said

        address = self.address(SOCKET_HOST if self.live else operation.host or "")
        url = f"ws{address.removeprefix('http')}{request.target}"
        self._keep_off(url)
        with self._turn():
            return said(url, operation, request, key, self._timeout, frames=frames)

    def _keep_off(self, url: str) -> None:
        """Send a provider nothing in a stand-in's place: whoever it is who tells addresses may tell one of theirs."""
        if not self.live and (owner := provider_at(urlsplit(url).hostname or "")):
            raise Unreachable(f"{url} is {owner}'s own, and only a live run may ask there: nothing was sent")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait until it is time to ask again, whether what was asked last was answered or not."""
        rest = self._last + self._pause - time.monotonic()
        if rest > 0:
            self._sleep(rest)
        try:
            yield
        finally:
            self._last = time.monotonic()


def without_user(url: str) -> str:
    """An address without the user, and the password, that may be in it."""
    return re.sub(r"//[^/?#]*@", "//", url)


def _whole(answer: httpx.Response, until: float) -> bytes:
    """All of a body. Raises `Unreachable` for one that has no end, and what httpx raises."""
    parts, length = list[bytes](), 0
    for part in answer.iter_bytes():
        parts.append(part)
        length += len(part)
        if length > _LONGEST or time.monotonic() > until:
            raise Unreachable(f"{answer.url}: the answer has no end: {length:,} bytes came, and then it was left")
    return b"".join(parts)


def _exchange(
    operation: Operation, request: Request, url: str, answer: httpx.Response, content: bytes, seconds: float, at: float
) -> Exchange:
    body = parsed(content)
    return Exchange(
        request=parsed(request.content or b""),
        status=answer.status_code,
        body=body,
        at=at,
        method=request.method,
        path=url,
        headers=dict(answer.headers),
        provider=operation.provider,
        # With a method that it does not have an operation is not what was asked.
        operation=operation.name if request.method in _methods(operation.name, operation.provider) else "",
        sent={name.lower(): value for name, value in request.headers.items()},
        content=b"" if body is not None else content,
        seconds=seconds,
    )


def _pieces(content: bytes | None) -> bytes | Iterator[bytes] | None:
    """A body that is sent in parts, where it is a large one: whole, each part of it would be copied many times."""
    if content is None or len(content) <= _PIECE:
        return content
    return (content[start : start + _PIECE] for start in range(0, len(content), _PIECE))


@cache
def _methods(operation: str, provider: str) -> frozenset[str]:
    one = contract(provider).operations[operation]
    told = [cause.request["method"] for cause in one.errors if cause.request and "method" in cause.request]
    return frozenset({one.method, *told})


def _known(provider: str, told: Any) -> dict[str, str]:
    """The switches, and values of them, that the contract has: another version of a stand-in may have others."""
    known = contract(provider).switches if provider in PROVIDERS else {}
    return {name: value for name, value in members(told).items() if name in known and value in known[name].values}
