"""Two drivers that carry out flows, one for threads and one for async code. They decide nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, TypeAlias, TypeVar

import anyio
import httpx

from .errors import Cancelled
from .flow import Answer, Flow, Lost, Outcome, Request, Sleep, Step
from .url import parse

T = TypeVar("T")

#: Makes of a key the headers that carry it.
Credential: TypeAlias = Callable[[str], Mapping[str, str]]

#: Errors of httpx that are certain to come before the first byte of a request has left.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_HOPELESS = (
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.TooManyRedirects,
    httpx.InvalidURL,
)
#: All that means "no answer"; an InvalidURL is no RequestError.
_LOST = (httpx.RequestError, httpx.InvalidURL)


def bearer(key: str) -> dict[str, str]:
    """Carry a key as most providers take it."""
    return {"authorization": f"Bearer {key}"}


class Driver:
    """Carry out flows with a blocking httpx client."""

    def __init__(self, http: httpx.Client, key: str, timeout: httpx.Timeout, credential: Credential = bearer) -> None:
        self.http = http
        self._credential = credential(key)
        self._timeout = timeout

    def run(self, flow: Flow[T], cancel: threading.Event | None = None) -> T:
        """Carry out a flow to its end and return what it returns.

        Raises Cancelled between two steps once `cancel` is set.
        """
        try:
            step = next(flow)
            while True:
                if cancel is not None and cancel.is_set():
                    step = flow.throw(Cancelled("stopped waiting"))
                elif isinstance(step, Request):
                    step = flow.send(self._ask(step))
                else:
                    _sleep(step.seconds, cancel)
                    step = flow.send(None)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            flow.close()

    def _ask(self, step: Request) -> Outcome:
        body = b""
        try:
            with self.http.stream(**_arguments(step, self._credential, self._timeout)) as response:
                if step.into is not None and step.into.begin(response.status_code, response.headers):
                    for chunk in response.iter_bytes():
                        step.into.write(chunk)
                else:
                    body = response.read()
        except _LOST as error:
            return _lost(error)
        return Answer(response.status_code, response.headers, body)


class AsyncDriver:
    """Carry out flows with an async httpx client; cancellation is that of the event loop."""

    def __init__(
        self, http: httpx.AsyncClient, key: str, timeout: httpx.Timeout, credential: Credential = bearer
    ) -> None:
        self.http = http
        self._credential = credential(key)
        self._timeout = timeout

    async def run(self, flow: Flow[T]) -> T:
        """Carry out a flow to its end and return what it returns."""
        try:
            step = next(flow)
            while True:
                step = flow.send(await self._do(step))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            flow.close()

    async def _do(self, step: Step) -> Outcome:
        if isinstance(step, Sleep):
            await anyio.sleep(step.seconds)
            return None
        body = b""
        try:
            async with self.http.stream(**_arguments(step, self._credential, self._timeout)) as response:
                if step.into is not None and step.into.begin(response.status_code, response.headers):
                    async for chunk in response.aiter_bytes():
                        # A chunk is a few ten kilobytes for the page cache: a thread would cost more.
                        step.into.write(chunk)
                else:
                    body = await response.aread()
        except _LOST as error:
            return _lost(error)
        return Answer(response.status_code, response.headers, body)


@cache
def user_agent() -> str:
    """Name this client as it names itself to servers."""
    return f"understudy-client/{version('understudy')}"


def _arguments(step: Request, credential: Mapping[str, str], timeout: httpx.Timeout) -> dict[str, Any]:
    headers = {"user-agent": user_agent(), **step.headers}
    if step.authorized:
        headers |= credential
    return {
        "method": step.method,
        "url": parse(step.url),
        "content": step.body or None,
        "headers": headers,
        "timeout": _timeout(step, timeout),
        # Files may live behind a redirect; a key must never follow one.
        "follow_redirects": not step.authorized,
    }


def _timeout(step: Request, usual: httpx.Timeout) -> httpx.Timeout:
    limits = usual.as_dict()
    if step.patience is not None and limits["read"] is not None:
        limits["read"] = step.patience
    if step.timeout is not None:
        limits = {name: step.timeout if t is None else min(t, step.timeout) for name, t in limits.items()}
    return httpx.Timeout(**limits)


def _lost(error: Exception) -> Lost:
    return Lost(
        error,
        sent=not isinstance(error, _NEVER_SENT),
        retryable=not isinstance(error, _HOPELESS),
        silent=isinstance(error, httpx.ReadTimeout),
    )


def _sleep(seconds: float, cancel: threading.Event | None) -> None:
    if cancel is None:
        time.sleep(seconds)
    else:
        cancel.wait(seconds)
