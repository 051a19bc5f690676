"""What a client is told, or finds in the environment: a key, a base URL, how long and how often to try."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from .errors import AuthError
from .flow import Answer, Backoff, pause_in_headers

DEFAULT_TIMEOUT = httpx.Timeout(60.0, connect=10.0)


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider is, and what its settings are called in the environment."""

    name: str
    #: Where it lives, by its own documentation.
    production: str
    key_variable: str
    url_variable: str
    #: Reads the pause that an answer asks for.
    asked_pause: Callable[[Answer], float | None] = pause_in_headers


class Settings:
    """The settings of one client.

    Raises AuthError when there is no key, or one that cannot be sent; ValueError for a base_url that is none.
    """

    def __init__(
        self,
        provider: Provider,
        api_key: str | None,
        base_url: str | None,
        timeout: float | httpx.Timeout,
        max_retries: int,
    ) -> None:
        key = api_key or os.environ.get(provider.key_variable)
        if not key:
            raise AuthError(
                f"there is no API key: pass api_key, or set {provider.key_variable}",
                provider=provider.name,
                billed=False,
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            # Said here, because HTTP libraries print the header they cannot send, key and all.
            raise AuthError("the API key has a space or a sign that no key has", provider=provider.name, billed=False)
        url = (base_url or os.environ.get(provider.url_variable) or provider.production).rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"base_url must start with http:// or https://, not {url!r}")
        self.base_url = url
        self.backoff = Backoff(retries=max_retries, asked=provider.asked_pause)
        self.key = key
        self.timeout = timeout if isinstance(timeout, httpx.Timeout) else httpx.Timeout(timeout)
