"""How what GMI Cloud keeps for an account is written down and opened again."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from understudy.accounts import Account
from understudy.deliveries import Delivery
from understudy.jobs import Job
from understudy.keepers import Plan
from understudy.placeholders import placeholder
from understudy_contracts.models import Model

from .door import PROVIDER
from .identity import Identity
from .orders import Windows
from .records import Records
from .storage import Addresses, Storage


class Keeping:
    """Requests, rate limits and addresses to upload to. Who is signed in is not written down: those are secrets."""

    kept: Mapping[str, type[Any]] = {"rates": Windows, "addresses": Addresses}

    def __init__(self, models: Mapping[str, Model], records: Records, storage: Storage, identity: Identity) -> None:
        self._identity = identity
        self._models = models
        self._records = records
        self._storage = storage

    def plans(self, account: Account) -> Iterable[Plan]:
        """Nothing: all that takes its time is a request."""
        return ()

    def misfits(self, account: Account) -> Iterator[str]:
        """What of an account can be none of GMI Cloud's."""
        for name, job in account.jobs(PROVIDER).items():
            if name != job.id:
                yield f"request {job.id!r:.100} is filed as {name!r:.100}"
            try:
                self._draw(job)
                for moment in (job.submitted_at, job.finishes_at):
                    self._records.record(account, job, moment if moment < math.inf else job.submitted_at)
            except (LookupError, TypeError, ValueError, AttributeError, StopIteration):
                yield f"no file can be made of request {job.id!r:.100} as it asks for one, of model {job.model!r:.100}"

    def _draw(self, job: Job) -> None:
        for result in job.results:
            # What the vendor behind the queue refused was never looked at closely.
            if result.error is None:
                placeholder(self._models[job.model], job, result)

    def revive(self, account: Account, delivery: Delivery) -> None:
        """Raise LookupError: GMI Cloud sends nothing by itself."""
        raise LookupError(delivery.id)

    def moved(self, account: Account) -> None:
        """Let its addresses lead to it."""
        self._storage.moved(account)

    def emptied(self, account: Account) -> None:
        """Let its addresses lead nowhere."""
        self._storage.emptied(account)

    def forgotten(self, account: Account) -> None:
        """Sign its user out."""
        self._identity.forget(account)
