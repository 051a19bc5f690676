"""URLs that can be called, told from those that fail in some way of their own when they are."""

from __future__ import annotations

import httpx

_PORTS = range(1, 65536)


def parse(text: str) -> httpx.URL:
    """Read a URL that may be called, relative ones excepted.

    Raises httpx.InvalidURL, also for a host that no resolver takes and a port that no network has: those are
    found only while connecting otherwise, as errors that HTTP libraries let through.
    """
    url = httpx.URL(text)
    try:
        url.raw_host.decode("ascii").encode("idna")
    except UnicodeError as error:
        raise httpx.InvalidURL(f"Invalid host: {url.host!r}") from error
    if url.port is not None and url.port not in _PORTS:
        raise httpx.InvalidURL(f"Invalid port: {url.port}")
    return url


def without_password(text: str) -> str:
    """Write a URL for a screen or a log, where nobody's name and password belong."""
    return str(httpx.URL(text).copy_with(userinfo=b""))
