"""Bodies that are for programs to play or unpack: they are told by their digest, and nobody reads them."""

import re

from .exchange import Headers

_MEDIA = re.compile(r"(?:video|audio|image|font)/|application/(?:octet-stream|zip|pdf)", re.IGNORECASE)


def is_media(kind: str, content: bytes) -> bool:
    """Whether a body is for programs to play or unpack, and is told by its digest."""
    return _MEDIA.match(kind) is not None or b"\0" in content


def content_type(headers: Headers | tuple[()]) -> str:
    """What headers say their body is, without parameters; empty when they do not."""
    for name, value in headers:
        if name == b"content-type":
            return str(value, "latin-1").partition(";")[0].strip().lower()
    return ""
