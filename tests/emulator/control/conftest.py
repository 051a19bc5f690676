"""Callers of the control API."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from control_caller import Caller
from understudy.server import Server


@pytest.fixture
def nobody(server: Server) -> Iterator[Caller]:
    """Who names no account, on a server whose clock runs."""
    caller = Caller(server)
    yield caller
    caller.http.close()


@pytest.fixture
def api(server: Server, key: str) -> Iterator[Caller]:
    """An account's owner, on a server whose clock runs."""
    caller = Caller(server, key)
    yield caller
    caller.http.close()


@pytest.fixture
def patient(stage: Any) -> Iterator[Caller]:
    """An account's owner, on a server whose clock only tests move; `stage` speaks for the same account."""
    caller = Caller(stage.server, stage.key)
    yield caller
    caller.http.close()


@pytest.fixture
def caller() -> Iterator[Callable[..., Caller]]:
    """Makes further callers, for whom is named by a key, or for nobody."""
    made: list[Caller] = []

    def make(server: Server, key: str | None = None) -> Caller:
        made.append(Caller(server, key))
        return made[-1]

    yield make
    for one in made:
        one.http.close()
