"""What a client is told, or finds in the environment: a key, a base URL, how long and how often to try."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from .client import Credential, bearer
from .errors import AuthError
from .flow import Answer, Backoff, pause_in_headers
from .url import parse

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
    #: How a request carries the key.
    credential: Credential = bearer
    #: Reads a base URL that may be written for another transport.
    read_url: Callable[[str], str] = lambda url: url


class Settings:
    """The settings of one client.

    What is not given is looked up in the environment, and what is not there is the provider's own. Something empty
    is neither: it is mostly a variable that nobody filled, and must not lead to the provider who takes real money.

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
        key = os.environ.get(provider.key_variable) if api_key is None else api_key
        if not key:
            named = provider.key_variable if api_key is None else "api_key"
            found = "there is no API key" if key is None else f"the API key in {named} is empty"
            raise AuthError(
                f"{found}: pass api_key, or set {provider.key_variable}",
                provider=provider.name,
                billed=False,
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            # Said here, because HTTP libraries print the header they cannot send, key and all.
            raise AuthError("the API key has a space or a sign that no key has", provider=provider.name, billed=False)
        self.base_url = _base_url(provider, base_url)
        self.backoff = Backoff(retries=max_retries, asked=provider.asked_pause)
        self.key = key
        self.credential = provider.credential
        self.timeout = timeout if isinstance(timeout, httpx.Timeout) else httpx.Timeout(timeout)


def _base_url(provider: Provider, given: str | None) -> str:
    url = os.environ.get(provider.url_variable, provider.production) if given is None else given
    named = "base_url" if given is not None else provider.url_variable
    if not url.strip():
        raise ValueError(
            f"{named} is empty: name a URL, or leave out base_url and unset {provider.url_variable} for the "
            f"provider's own, {provider.production}"
        )
    url = provider.read_url(url)
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{named} must start with http:// or https://, not {url!r}")
    try:
        host = parse(url).host
    except httpx.InvalidURL as error:
        raise ValueError(f"{named} is not a URL that can be called, {url!r}: {error}") from error
    if not host:
        raise ValueError(f"{named} must name a host, not {url!r}")
    return url.rstrip("/")
