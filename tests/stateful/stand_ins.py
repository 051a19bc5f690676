"""What the examples of a run share: two servers, and clients that do not rest."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from stage import unhurried
from stateful.aids import Receiver
from understudy.config import Settings, Speed
from understudy.server import Server
from understudy_client import WebhookReceiver
from understudy_client import client as driver


class StandIns:
    """Servers under clocks that stand still. Each example is an account of its own."""

    def __init__(self, cache: Path) -> None:
        settings = Settings(port=0, clock="manual", speed=Speed(1.0, 1.0), journal_size=100_000, cache_dir=cache)
        self._stack = ExitStack()
        self.names: dict[str, Any] = {
            "SETTINGS": settings,
            "server": unhurried(self._stack.enter_context(Server(settings))),
            "other": unhurried(self._stack.enter_context(Server(settings))),
        }
        #: Who receives webhooks, by provider.
        self.receivers: dict[str, Any] = {
            "runware": self._stack.enter_context(WebhookReceiver()),
            "segmind": self._stack.enter_context(Receiver()),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()


@contextmanager
def hurried() -> Iterator[None]:
    """Let clients rest a fiftieth of what they would: nobody is in the way here."""
    rest = driver._sleep
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "_sleep", lambda seconds, cancel: rest(seconds / 50, cancel))
        yield
