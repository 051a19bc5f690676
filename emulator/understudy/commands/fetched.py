"""What is published at an address, fetched without saying who asks."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

#: A document that is larger than this is none, and a server that says nothing for so long is left.
_LARGEST = 32 << 20
_PATIENCE = 60.0

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def fetched(provider: str, url: str) -> tuple[bytes, bool]:
    """Fetch a document, and tell whether it was of this machine: then it is nobody's word but a stand-in's.

    Raises `Unreachable` for what is not there, and, before anything is sent, `click.UsageError` for what could begin
    a job.
    """
    import httpx

    from understudy_contracts.harness import Unreachable
    from understudy_contracts.harness.permission import NotFree, argument, taken_for
    from understudy_contracts.requests import Request

    place = urlsplit(url)
    request = Request("GET", url, {}, None)
    reached = taken_for(provider, request)
    try:
        if reached:
            argument(reached[0], request)
    except NotFree as problem:
        raise click.UsageError(f"--published {url} is not fetched: {problem}.") from None
    near = place.hostname in _LOOPBACK
    try:
        with (
            httpx.Client(timeout=_PATIENCE, trust_env=not near, follow_redirects=False) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise Unreachable(f"--published {url} answered {answer.status_code} {answer.reason_phrase}")
            content = bytearray()
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > _LARGEST:
                    raise Unreachable(f"--published {url} is larger than {_LARGEST >> 20} MiB")
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        why = str(problem) or type(problem).__name__
        raise Unreachable(f"--published {url} cannot be fetched: {why}") from None
    return bytes(content), near
