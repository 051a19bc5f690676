"""Letting time pass: a stand-in's own, which can be moved, or one's own, which can only be waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from .bench import Bench
from .target import Unreachable

#: Emulator seconds that a stand-in is advanced by between two looks at a job.
STRIDE = 30.0
#: How many seconds an answer may take before a stand-in's time is made to pass.
_LONG_IN_COMING = 0.05
#: Between two looks at a job of the provider itself, at first and at most.
_FIRST, _MOST, _FACTOR = 1.0, 10.0, 1.5


class Waiting:
    """Lets time pass, and knows how much of it did."""

    def __init__(self, bench: Bench | None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._bench = bench
        self.sleep = sleep
        #: How many seconds were let pass.
        self.passed = 0.0

    def __call__(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.passed += seconds
        if self._bench is not None:
            self._bench.advance(seconds)
        else:
            self.sleep(seconds)

    def steps(self) -> Iterator[float]:
        """Tell how long to wait before each look at something that takes its time."""
        pause = _FIRST
        while True:
            yield pause if self._bench is None else STRIDE
            pause = min(_MOST, pause * _FACTOR)

    @contextmanager
    def for_an_answer(self) -> Iterator[None]:
        """Let a stand-in's time pass while an answer is long in coming: it may be waiting for a whole video."""
        if self._bench is None:
            yield
            return
        bench, answered = self._bench, threading.Event()

        def pass_time() -> None:
            while not answered.wait(_LONG_IN_COMING):
                with suppress(Unreachable):
                    bench.advance(STRIDE)
                    self.passed += STRIDE

        passing = threading.Thread(target=pass_time, name="time-passing", daemon=True)
        passing.start()
        try:
            yield
        finally:
            answered.set()
            passing.join()
