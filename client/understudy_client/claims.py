"""Whose is it? Equal submits of one client, told apart without any mark on them.

Where a provider's requests carry no key of the caller's, two threads that submit the same make two records that
look the same, and when answers get lost, each must end up with one of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Rivals:
    """Submits of the same that are on their way at the same time."""

    submitting: int = 0
    asking: int = 0
    #: How many times any of them was sent.
    sent: int = 0
    owned: set[str] = field(default_factory=set)


class Claims:
    """Which records belong to which of the submits that are on their way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rivals: dict[bytes, _Rivals] = {}

    @contextmanager
    def submitting(self, key: bytes) -> Iterator[None]:
        """Surround a submit, from before its first look at the list to its end."""
        with self._lock:
            self._rivals.setdefault(key, _Rivals()).submitting += 1
        try:
            yield
        finally:
            with self._lock:
                self._rivals[key].submitting -= 1
                if not self._rivals[key].submitting:
                    # Whoever comes later sees these records in the list before it starts.
                    del self._rivals[key]

    @contextmanager
    def asking(self, key: bytes) -> Iterator[None]:
        """Surround the one exchange in which a record may be made."""
        rivals = self._rivals[key]
        with self._lock:
            rivals.asking += 1
            rivals.sent += 1
        try:
            yield
        finally:
            with self._lock:
                rivals.asking -= 1

    def own(self, key: bytes, record: str) -> None:
        """Note that a record is somebody's: the server's answer said so."""
        with self._lock:
            self._rivals[key].owned.add(record)

    def calm(self, key: bytes) -> int | None:
        """Name this moment, if no rival waits for an answer that may name any new record as its own."""
        with self._lock:
            return None if self._rivals[key].asking else self._rivals[key].sent

    def take(self, key: bytes, record: str, moment: int) -> bool:
        """Take a record seen in the list, unless it is somebody's, or may be by what was sent since `moment`."""
        with self._lock:
            rivals = self._rivals[key]
            free = rivals.sent == moment and not rivals.asking and record not in rivals.owned
            if free:
                rivals.owned.add(record)
            return free
