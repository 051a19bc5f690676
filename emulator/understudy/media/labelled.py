"""What is written into a picture file beside its pixels, and read from it again: a PNG's text, the Exif of others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL import Image

#: Exif's fields for a title and for anything else; the latter begins with eight bytes that name its characters.
_TITLE, _EXIF, _COMMENT = 0x010E, 0x8769, 0x9286
_CHARACTERS: Final = b"UNICODE\0"


def described(kind: str, labels: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What Pillow's `save` is to be told for the labels to be in the file; `kind` is png, jpeg or webp."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    found = dict(labels)
    if not found:
        return {}
    if kind == "png":
        info = PngInfo()
        for name, value in found.items():
            info.add_itxt(name, value)
        return {"pnginfo": info}
    exif = Image.Exif()
    if "title" in found:
        exif[_TITLE] = found["title"]
    lines = "\n".join(f"{name}={value}" for name, value in found.items())
    exif.get_ifd(_EXIF)[_COMMENT] = _CHARACTERS + lines.encode("utf-16-be")
    return {"exif": exif.tobytes()}


def labels_of(image: Image.Image) -> dict[str, str]:
    """What `described` put into a picture's file, or any other text of a PNG and title of the others."""
    found = {name: str(value) for name, value in getattr(image, "text", {}).items()}
    exif = image.getexif()
    if _TITLE in exif:
        found["title"] = str(exif[_TITLE])
    comment = exif.get_ifd(_EXIF).get(_COMMENT, b"")
    if isinstance(comment, bytes) and comment.startswith(_CHARACTERS):
        text = comment.removeprefix(_CHARACTERS).decode("utf-16-be", "replace")
        found |= {name: value for name, equals, value in (line.partition("=") for line in text.split("\n")) if equals}
    return found
