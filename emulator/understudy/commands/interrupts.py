"""Ctrl-C: once ends a run and lets it say what it has found, twice ends it at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

#: The exit code of what was interrupted.
INTERRUPTED = 130


@dataclass(slots=True)
class Stop:
    """Whether somebody wants it to end."""

    asked: bool = False


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Raise `KeyboardInterrupt` at the first Ctrl-C, or when the process is told to end, and exit at the second."""
    stop = Stop()

    def heard(number: int, frame: Any) -> None:
        if stop.asked:
            os._exit(INTERRUPTED)
        stop.asked = True
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        # Only there can signals be heard; elsewhere nobody sends one.
        yield stop
        return
    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
