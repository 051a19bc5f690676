"""Files that callers hand in, kept for as long as the server runs and within a bound."""

import asyncio
import re
import shutil
import tempfile
from collections import OrderedDict
from dataclasses import dataclass, field
from mimetypes import guess_extension
from pathlib import Path
from urllib.parse import urlsplit

_SUFFIXES = {
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "audio/flac": ".flac",
}

#: What can be told as the type of a file.
_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(?:; ?[\w.+-]{1,100}=[\w.+-]{1,100})*", re.ASCII)

#: How files that strangers handed in are served: as what they say they are, and with no say over anything else.
UNTRUSTED = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox; default-src 'none'"}


def suffix(content_type: str) -> str:
    """How the name of a file of a type ends, dot included."""
    kind = content_type.partition(";")[0].strip().lower()
    return _SUFFIXES.get(kind) or guess_extension(kind) or ".bin"


class TooLarge(Exception):
    """The file is larger than the server keeps."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file handed in."""

    path: Path
    content_type: str
    size: int


@dataclass(slots=True)
class HandedIn:
    """What an account handed in, by name, with type and size; of which some may have had to make room since."""

    files: dict[str, tuple[str, int]] = field(default_factory=dict)


class Uploads:
    """Keeps files by name, in a folder of its own that is gone when the server ends; the oldest make room."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._folder: Path | None = None
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._size = 0

    def get(self, name: str) -> Upload | None:
        """The file of that name, or None."""
        return self._kept.get(name)

    def file_at(self, url: str) -> Path | None:
        """The file behind a URL whose path is the name of one, wherever it claims to be; None when there is none."""
        try:
            upload = self._kept.get(urlsplit(url).path)
        except ValueError:
            return None
        return None if upload is None else upload.path

    async def put(self, name: str, content_type: str, content: bytes) -> Upload:
        """Keep a file, in place of an older one of that name; raises TooLarge."""
        if len(content) > self._max_bytes:
            raise TooLarge
        if not _TYPE.fullmatch(content_type):
            content_type = "application/octet-stream"
        self.forget(name)
        while self._size + len(content) > self._max_bytes:
            self.forget(next(iter(self._kept)))
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="understudy-uploads-"))
        handle, path = tempfile.mkstemp(dir=self._folder)
        upload = Upload(Path(path), content_type, len(content))
        self._kept[name] = upload
        self._size += len(content)
        await asyncio.to_thread(_write, handle, content)
        return upload

    def close(self) -> None:
        """Remove every file."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._kept.clear()

    def forget(self, name: str) -> None:
        """Remove a file, if it is there."""
        upload = self._kept.pop(name, None)
        if upload is not None:
            self._size -= upload.size
            upload.path.unlink(missing_ok=True)


def _write(handle: int, content: bytes) -> None:
    with open(handle, "wb") as file:
        file.write(content)
