"""The shelf: finished files on disk, bounded, shared by any number of processes."""

from __future__ import annotations

import os
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import MediaError

#: A draft this much older than the newest write belongs to a process that died.
_ABANDONED_NANOSECONDS = 60 * 60 * 1_000_000_000


class Shelf:
    """Keeps finished files under their names and, when they grow too many, forgets the least recently used.

    A file appears under its name only when it is whole: it is drafted under another name and renamed, so a
    kill in mid-write leaves nothing that could be taken for a file. Several processes may use one directory.

    Raises:
        MediaError: the directory cannot be made or written to.
    """

    def __init__(self, root: Path, max_bytes: int) -> None:
        self.root = root
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        probe = root / f".{secrets.token_hex(8)}.draft"
        try:
            root.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            now = probe.stat().st_mtime_ns
            probe.unlink()
        except OSError as error:
            raise MediaError(f"the media cache {root} cannot be written to: {error.strerror or error}") from error
        for draft in root.glob(".*.draft"):
            with suppress(OSError):
                if now - draft.stat().st_mtime_ns > _ABANDONED_NANOSECONDS:
                    draft.unlink()

    def find(self, name: str) -> Path | None:
        """Where the file called `name` is, or None; finding it makes it the last to be forgotten."""
        path = self.root / name
        try:
            if not path.stat().st_size:
                return None
            os.utime(path)
        except FileNotFoundError:
            return None
        except PermissionError:
            # A cache made by somebody else can still be read; only its order of use cannot be kept.
            return path
        return path

    def has(self, name: str) -> bool:
        """Whether the file is here, without counting as a use of it."""
        try:
            return (self.root / name).stat().st_size > 0
        except OSError:
            return False

    def discard(self, name: str) -> None:
        """Forget one file, held or not; no matter if it is not here."""
        (self.root / name).unlink(missing_ok=True)

    @contextmanager
    def draft(self, name: str) -> Iterator[Path]:
        """Write to the path given; the file takes its name when the block ends well, and vanishes if not."""
        path = self.root / f".{name}.{os.getpid()}-{secrets.token_hex(4)}.draft"
        try:
            yield path
            path.replace(self.root / name)
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A path beside the files for something that is only needed until the block ends."""
        path = self.root / f".{name}.{os.getpid()}-{secrets.token_hex(4)}.draft"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Keep the file from being forgotten while the block runs, whether it is here yet or not."""
        with self._lock:
            self._held[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._held[name] -= 1
                if not self._held[name]:
                    del self._held[name]

    def tidy(self) -> None:
        """Forget files, the longest unused first and none that is held, until the rest fits into `max_bytes`."""
        with self._lock:
            files = []
            for path in self.root.iterdir():
                if path.name.startswith("."):
                    continue
                # Another process may forget the same file first.
                with suppress(FileNotFoundError):
                    status = path.stat()
                    files.append((status.st_mtime_ns, path.name, status.st_size, path))
            excess = sum(size for _, _, size, _ in files) - self.max_bytes
            for _, name, size, path in sorted(files):
                if excess <= 0:
                    break
                if name in self._held:
                    continue
                with suppress(OSError):
                    path.unlink(missing_ok=True)
                    excess -= size
