"""An event loop in a thread of its own, for blocking callers who share something that only lives in a loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundLoop:
    """A running event loop that any thread may hand work to. It ends by `stop`, or with the program."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=_run, args=(self._loop,), name=name, daemon=True)
        self._thread.start()

    @property
    def is_here(self) -> bool:
        """Whether it runs in this process: a fork takes the object along, but neither thread nor loop."""
        return self._process == os.getpid() and not self._stopping

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do work in the loop and wait for it. Whoever is interrupted while waiting takes the work back.

        Raises concurrent.futures.CancelledError when the loop is stopped before the work is done.
        """
        with self._lock:
            # Work that comes after the end would never begin, and its caller wait for ever.
            if self._stopping:
                raise CancelledError
            future = asyncio.run_coroutine_threadsafe(work(), self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """End everything that still runs in the loop, and the thread."""
        if self._process != os.getpid():
            return
        with self._lock:
            if not self._stopping:
                self._stopping = True
                self._loop.call_soon_threadsafe(self._loop.stop)
        # Not from within: a finalizer may run in any thread, this one included.
        if threading.current_thread() is not self._thread:
            self._thread.join()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
