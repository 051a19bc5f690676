"""Whether a file can be put somewhere, found out before it is paid for."""

from __future__ import annotations

import tempfile
from pathlib import Path


def check_file(path: Path) -> None:
    """Make sure that a file can be put there, beside the ones in which its bytes gather; leaves nothing behind.

    Raises OSError when it cannot.
    """
    if path.exists() and not path.is_file():
        # The finished file is moved there, which would put an end to a device or a pipe.
        raise OSError(f"{path} is there already and is no regular file")
    # The longest of the names that a download writes, with something to tell it from one that is there.
    check_folder(path.parent, f"{path.name}.part.json.")


def check_folder(path: Path, prefix: str = "") -> None:
    """Make sure that files can be put in a folder, made if need be; leaves nothing behind. Raises OSError."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path, prefix=prefix):
            pass
    finally:
        for folder in missing:
            if folder.exists():
                folder.rmdir()
