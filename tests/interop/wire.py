"""An aiohttp session for the SDK that stays on this machine, and remembers what went over it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from runware.types.sdk import RuntimeDependencies


class Wire:
    """What the SDK sent: the URL of each request and the status of its answer, None when nobody answered."""

    def __init__(self) -> None:
        self.exchanges: list[tuple[str, int | None]] = []

    def statuses(self, url: str) -> list[int | None]:
        return [status for asked, status in self.exchanges if asked == url]

    @asynccontextmanager
    async def dependencies(self) -> AsyncIterator[RuntimeDependencies]:
        """The session in the place that the SDK has for it."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._answered)
        trace.on_request_exception.append(self._unanswered)
        connector = aiohttp.TCPConnector(resolver=_Nobody())
        async with aiohttp.ClientSession(connector=connector, trace_configs=[trace]) as session:
            yield RuntimeDependencies(session=session)

    async def _answered(self, session: object, context: object, end: aiohttp.TraceRequestEndParams) -> None:
        self.exchanges.append((str(end.url), end.response.status))

    async def _unanswered(self, session: object, context: object, end: aiohttp.TraceRequestExceptionParams) -> None:
        self.exchanges.append((str(end.url), None))


class _Nobody(AbstractResolver):
    """Knows no host by name; loopback is reached by its number, which needs no resolver."""

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[Any]:
        raise OSError(f"{host} is out of reach here")

    async def close(self) -> None:
        pass
