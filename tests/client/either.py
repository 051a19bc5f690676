"""A client of either kind behind blocking methods, so that one test can try both."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import httpx


class Either:
    """The blocking client or the async one, made anew for each call, before a provider that is a function."""

    def __init__(self, kinds: tuple[type, type], is_async: bool, url: str, key: str, handler: Callable, **options):
        self._kind, self._is_async = kinds[is_async], is_async
        self._url, self._key, self._handler, self._options = url, key, handler, options

    def __getattr__(self, verb: str):
        transport = httpx.MockTransport(self._handler)

        def call(*args, **kwargs):
            if not self._is_async:
                http = httpx.Client(transport=transport)
                with http, self._kind(self._key, self._url, http=http, **self._options) as client:
                    return getattr(client, verb)(*args, **kwargs)

            async def go():
                http = httpx.AsyncClient(transport=transport)
                async with http, self._kind(self._key, self._url, http=http, **self._options) as client:
                    return await getattr(client, verb)(*args, **kwargs)

            return anyio.run(go)

        return call
