"""Files written so that whoever sees one sees all of it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file at once, in place of one that may be there. Raises OSError."""
    with _draft(path, content, mode) as draft:
        draft.replace(path)


def create(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file at once where there is none. Raises FileExistsError when there is, or another OSError."""
    with _draft(path, content, mode) as draft:
        # Unlike a rename, a link never takes the place of what another process has just put there.
        path.hardlink_to(draft)


@contextmanager
def _draft(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        draft.chmod(mode)
        yield draft
    finally:
        draft.unlink(missing_ok=True)
