"""A loop behind blocking callers: what it does, and that nobody waits for one that ended."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from understudy_client.background_loop import BackgroundLoop


@pytest.fixture
def loop():
    loop = BackgroundLoop("behind")
    yield loop
    loop.stop()


def names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


async def seven() -> int:
    return 7


def test_work_is_done_and_its_result_handed_back(loop):
    assert loop.run(seven) == 7


def test_an_error_of_the_work_is_the_callers(loop):
    async def fail() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError):
        loop.run(fail)
    assert loop.run(seven) == 7


def test_stopping_ends_the_thread_and_whoever_waits(loop):
    begun = threading.Event()

    async def for_ever() -> None:
        begun.set()
        await asyncio.Event().wait()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(loop.run, for_ever)
        assert begun.wait(10)
        loop.stop()
        with pytest.raises(CancelledError):
            waiting.result(10)
    assert "behind" not in names()
    assert not loop.is_here


def test_work_that_comes_after_the_end_is_refused_and_stopping_again_does_nothing(loop):
    loop.stop()
    loop.stop()
    with pytest.raises(CancelledError):
        loop.run(seven)


def test_it_may_be_stopped_from_within(loop):
    async def stop() -> None:
        loop.stop()

    with pytest.raises(CancelledError):
        loop.run(lambda: _then_wait(stop))


async def _then_wait(stop) -> None:
    await stop()
    await asyncio.Event().wait()


def test_whoever_is_interrupted_takes_the_work_back(loop, monkeypatch):
    cancelled = threading.Event()

    async def for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    schedule = asyncio.run_coroutine_threadsafe

    def interrupted(work, where):
        future = schedule(work, where)
        schedule(asyncio.sleep(0), where).result(10)

        def result() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(future, "result", result)
        return future

    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        loop.run(for_ever)
    assert cancelled.wait(10)
