"""A picture or a recording named on the command line: a URL, a UUID, or a file that travels in the
request."""

from __future__ import annotations

import uuid
from pathlib import Path

import click

from .data_uri import data_uri, type_of


def media_field(argument: str | None) -> str | None:
    """Make the value of a media field: URLs, data URIs and UUIDs stay as they are, a file becomes a data URI.

    Raises click.UsageError for what is none of them.
    """
    if argument is None or argument.startswith(("http://", "https://", "data:")) or _is_uuid(argument):
        return argument
    path = Path(argument).expanduser()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{argument!r} is no URL and no UUID, and as a file: {error.strerror}") from error
    return data_uri(content, type_of(path))


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
