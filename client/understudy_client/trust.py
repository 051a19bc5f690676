"""Whom a client trusts over TLS."""

import os
import ssl
from functools import cache

import httpx


def trusted() -> ssl.SSLContext:
    """The authorities httpx trusts, `SSL_CERT_FILE` and `SSL_CERT_DIR` included, read once for all clients.

    Reading them takes longer than most calls, and tests make many clients.
    """
    return _context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _context(file: str | None, folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context()
