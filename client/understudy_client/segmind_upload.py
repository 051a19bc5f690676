"""Files left with Segmind: sent as data URIs, back come URLs to use in a request."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .data_uri import data_uri, type_of
from .errors import ConnectionFailed, UploadFailed
from .flow import Deadline, Flow
from .segmind_queue import Queue


def upload(
    queue: Queue, files: Sequence[str | os.PathLike[str] | bytes], media_type: str | None, deadline: Deadline
) -> Flow[list[str]]:
    """Send files and return their URLs, in the same order. Raises OSError for a file that is not there, ValueError
    for one whose type is not known, UploadFailed when nothing arrives."""
    if not files:
        return []
    uris = [_uri(file, media_type) for file in files]
    try:
        return (yield from queue.upload(uris, deadline))
    except ConnectionFailed as error:
        raise UploadFailed(error.message, provider=error.provider, retryable=error.retryable) from error


def _uri(file: str | os.PathLike[str] | bytes, media_type: str | None) -> str:
    content = file if isinstance(file, bytes) else Path(file).read_bytes()
    known = media_type or (None if isinstance(file, bytes) else type_of(Path(file)))
    if known is None:
        named = "of bytes" if isinstance(file, bytes) else f"of {os.fspath(file)!r}"
        raise ValueError(f"the media type {named} is not known: pass media_type, such as 'image/png'")
    return data_uri(content, known)
