"""Files that travel within a request, as data URIs."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path

_ANY = "application/octet-stream"


def data_uri(content: bytes, media_type: str | None) -> str:
    """Write bytes as a data URI."""
    return f"data:{media_type or _ANY};base64,{base64.b64encode(content).decode()}"


def type_of(path: Path) -> str | None:
    """Guess the media type of a file by its ending; None when that says nothing."""
    return mimetypes.guess_type(path.name)[0]
