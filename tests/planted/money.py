"""What is planted in the books of an account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from planted.broken import Stand
from planted.planting import planted
from understudy.ledger import Ledger, Part
from understudy.providers.gmi import orders as gmi_orders
from understudy.providers.runware import video as runware_video
from understudy.providers.segmind import orders as segmind_orders

#: In micro-dollars.
_CENT = 10_000
#: Costs are told to so much.
_DIGIT = 100


@contextmanager
def _booking(change: Callable[[Part], Part]) -> Iterator[None]:
    """Book something else for each result than its price."""
    commit = Ledger.commit

    def other(self: Ledger, job: str, now: float, parts: tuple[Part, ...], **more: Any) -> None:
        commit(self, job, now, tuple(map(change, parts)), **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "commit", other)
        yield


@contextmanager
def pricing(module: ModuleType, times: int | str) -> Iterator[None]:
    """Let everything cost so many times its price, in the books and in all that is told."""
    order = module.Order

    def dearer(*given: Any, **named: Any) -> Any:
        made = order(*given, **named)
        return replace(made, cost=_DIGIT * round(Decimal(times) * made.cost / _DIGIT))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "Order", dearer)
        yield


@planted("emulator", found="money.balance", at="runware.videoInference.money.heygen:avatar@4")
@contextmanager
def a_cent_more(stand: Stand) -> Iterator[None]:
    """The balance falls by a cent more than a result says it cost."""
    with _booking(lambda part: replace(part, amount=part.amount + _CENT)):
        yield


@planted("emulator", found="money.cost", at="gmi.submitRequest.money.heygen-avatar-4")
@contextmanager
def nothing_charged(stand: Stand) -> Iterator[None]:
    """The balance does not fall at all."""
    with _booking(lambda part: replace(part, amount=0)):
        yield


@planted("emulator", found="money.balance", at="segmind.submitModel.money.heygen-avatar-iv")
@contextmanager
def charged_twice(stand: Stand) -> Iterator[None]:
    """The balance falls by twice what a job says it cost."""
    with _booking(lambda part: replace(part, amount=2 * part.amount)):
        yield


@planted("emulator", found="money.balance", at="runware.getResponse.processingFailed")
@contextmanager
def failure_charged(stand: Stand) -> Iterator[None]:
    """A task that failed is charged as if it had succeeded."""
    with _booking(lambda part: replace(part, billed=True)):
        yield


@planted("emulator", found="money.balance", at="segmind.getStatus.inferenceFailed")
@contextmanager
def failed_job_charged(stand: Stand) -> Iterator[None]:
    """A job that failed is charged as if it had completed."""
    with _booking(lambda part: replace(part, billed=True)):
        yield


@planted("emulator", found="media.length", at="runware.videoInference.files.heygen:avatar@4")
@contextmanager
def double_price(stand: Stand) -> Iterator[None]:
    """A second costs twice its price, in the books as well as in the answer."""
    with pricing(runware_video, 2):
        yield


@planted("emulator", found="money.cost", at="runware.videoInference.money.heygen:avatar@4")
@contextmanager
def price_of_a_minute(stand: Stand) -> Iterator[None]:
    """A second costs what a minute does, in the books as well as in the answer."""
    with pricing(runware_video, 60):
        yield


@planted("emulator", found="money.cost", at="segmind.submitModel.money.heygen-avatar-iv")
@contextmanager
def price_of_six(stand: Stand) -> Iterator[None]:
    """A job costs what six do, in the books as well as in the answer."""
    with pricing(segmind_orders, 6):
        yield


@planted("emulator", found="money.cost", at="gmi.submitRequest.money.heygen-avatar-4")
@contextmanager
def price_of_twenty(stand: Stand) -> Iterator[None]:
    """A request is charged as twenty are."""
    with pricing(gmi_orders, 20):
        yield
