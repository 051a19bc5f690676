"""Bodies that are for programs to play or unpack: they are told by their digest, and nobody reads them."""

import re
from collections.abc import Callable

from .exchange import Headers

_MEDIA = re.compile(r"(?:video|audio|image|font)/|application/(?:octet-stream|zip|pdf)", re.IGNORECASE)

#: How files of common formats begin; no text begins so.
_BINARY = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a..[\0-\x0f]|RIFF....(?:WAVEfmt |WEBPVP8)|\0\0..ftyp|ID3[\2-\4]\0|OggS\0"
    rb"|fLaC\0|\xff[\xe2-\xfb]|\x1a\x45\xdf\xa3|PK\x03\x04",
    re.DOTALL,
)

#: Text as it stands in such a file, in UTF-8 that was read byte by byte. What is shorter cannot tell a secret by name.
_LEGIBLE = re.compile("(?:[\\t\\n\\r -~]|[\u00c2-\u00f4][\u0080-\u00bf]{1,3}){7,}")


def is_binary(content: bytes) -> bool:
    """Whether a body is for certain no text as a whole, whatever stands in it."""
    return _BINARY.match(content) is not None


def with_legible(content: str, clean: Callable[[str], str]) -> str:
    """Such a body, read byte by byte, with the pieces of text in it cleaned: they are few, and nothing else is read."""
    return _LEGIBLE.sub(lambda found: clean(found[0]), content)


def is_media(kind: str, content: bytes) -> bool:
    """Whether a body is for programs to play or unpack, and is told by its digest."""
    return _MEDIA.match(kind) is not None or b"\0" in content


def content_type(headers: Headers | tuple[()]) -> str:
    """What headers say their body is, without parameters; empty when they do not."""
    for name, value in headers:
        if name == b"content-type":
            return str(value, "latin-1").partition(";")[0].strip().lower()
    return ""
