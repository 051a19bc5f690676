"""An engine with nothing but its outbox at work, under a clock that stands still, and deliveries to put into it."""

import itertools
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from understudy.accounts import Account
from understudy.clock import Clock, ManualClock
from understudy.config import Settings
from understudy.deliveries import Delivery, RetryPolicy
from understudy.engine import Engine
from understudy.faults import NOTHING, Strike
from understudy.outbox import Outbox

#: As a provider might have it.
POLICY = RetryPolicy(first=1.0, cap=8.0, attempts=4, timeout=20.0)


class PostOffice:
    """What a test sends with. `strikes` says by a delivery's id what goes wrong with it."""

    def __init__(self, clock: Clock, seed: int | None = None) -> None:
        self.clock = clock
        self.strikes: dict[str, Strike] = {}
        self.asked: list[str] = []
        outbox = Outbox(clock, strike=self._strike)
        self.engine = replace(
            Engine.build(Settings(cache_dir=Path(tempfile.gettempdir()) / "understudy-unused", seed=seed), clock),
            outbox=outbox,
        )
        self.outbox = outbox
        self._numbers = itertools.count(1)

    def _strike(self, account: Account, delivery: Delivery, taken: Mapping[str, str]) -> Strike:
        self.asked.append(delivery.id)
        strike = self.strikes.get(delivery.id, NOTHING)
        return strike.in_order() if "reorder" in taken else strike

    def account(self, key: str = "someone") -> Account:
        account = self.engine.accounts.of(key)
        assert account is not None
        return account

    def delivery(self, account: Account, url: str, due_in: float = 0.0, **fields: Any) -> Delivery:
        """A delivery that says its id in its path and its body."""
        number = next(self._numbers)
        name = fields.pop("id", f"delivery-{number}")
        body = fields.pop("body", b'{"id": "%s"}' % name.encode())

        async def produce() -> bytes:
            return body

        values: dict[str, Any] = {
            "id": name,
            "kind": "webhook",
            "provider": "runware",
            "job": f"job-{number}",
            "result": f"result-{number}",
            "url": f"{url}/{name}",
            "due": account.clock.now() + due_in,
            "method": "POST",
            "content_type": "application/json",
            "produce": produce,
            "policy": POLICY,
        }
        return Delivery(**values | fields)

    def send(self, account: Account, url: str, due_in: float = 0.0, **fields: Any) -> Delivery:
        """Queue such a delivery."""
        delivery = self.delivery(account, url, due_in, **fields)
        self.outbox.add(account, delivery)
        return delivery


@asynccontextmanager
async def post_office(clock: Clock | None = None, seed: int | None = None) -> AsyncIterator[PostOffice]:
    """A post office that is open."""
    office = PostOffice(clock or ManualClock(), seed)
    async with office.outbox.running():
        yield office
