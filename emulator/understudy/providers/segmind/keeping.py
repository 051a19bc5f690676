"""How what Segmind keeps for an account is written down and opened again."""

from collections.abc import Iterator, Mapping
from typing import Any

from understudy.accounts import Account
from understudy.deliveries import Delivery
from understudy.jobs import Job
from understudy.keepers import Plan
from understudy.placeholders import placeholder
from understudy_contracts.models import Model

from .door import PROVIDER, Calls
from .finetune import FineTunes, Training
from .hooks import EVENTS, Hooks, Webhooks
from .orders import canonical
from .records import Balances, Records


class Keeping:
    """Requests, webhooks, calls of the last minute, balances that were told, and trainings."""

    kept: Mapping[str, type[Any]] = {
        "webhooks": Webhooks,
        "calls": Calls,
        "balances": Balances,
        "trainings": FineTunes,
    }

    def __init__(self, models: Mapping[str, Model], records: Records, hooks: Hooks, training: Training) -> None:
        self._models = models
        self._records = records
        self._hooks = hooks
        self._training = training

    def plans(self, account: Account) -> Iterator[Plan]:
        """The trainings, by the ids that are polled."""
        known = account.kept.get(FineTunes)
        for made in known.by_id.values() if isinstance(known, FineTunes) else ():
            yield Plan("finetune", made.finetune_id, made.steps)

    def misfits(self, account: Account) -> Iterator[str]:
        """What of an account can be none of Segmind's."""
        for name, job in account.jobs(PROVIDER).items():
            if name != canonical(job.id):
                yield f"request {job.id!r:.100} is filed as {name!r:.100}"
            if why := self._misfit(job):
                yield f"request {job.id!r:.100} {why}"
        for made in account.keep(FineTunes).by_id.values():
            if why := self._training.misfit(account, made):
                yield f"training {made.finetune_id!r:.100} {why}"

    def _misfit(self, job: Job) -> str | None:
        model, failed = self._models.get(job.model), job.results[0].error is not None
        if model is None:
            return f"is for no model there is: {job.model!r:.100}"
        if job.extras.get("door") not in [*EVENTS]:
            return f"came in by no door: {job.extras.get('door')!r:.100}"
        if isinstance(job.extras.get("failure"), str) != failed or (job.extras.get("failure") is None) == failed:
            return "fails without saying why, or says why it fails and does not"
        if not {name for name, _ in job.steps} <= {"QUEUED", "PROCESSING"}:
            return "is at a step that there is not"
        try:
            self._records.status(job, job.submitted_at)
            if not failed and model.output.kind == "text":
                self._records.reply(job)
            elif not failed:
                for result in job.results:
                    placeholder(model, job, result)
        except (LookupError, TypeError, ValueError, AttributeError, StopIteration):
            return f"cannot have a file made of it as it asks for one, of model {job.model!r:.100}"
        return None

    def revive(self, account: Account, delivery: Delivery) -> None:
        """Give a delivery its content again; raises LookupError."""
        subject = canonical(delivery.job)
        job = account.jobs(PROVIDER).get(subject)
        if job is not None:
            data, request = self._hooks.news(account, job), job.request
        else:
            made = account.keep(FineTunes).by_id[subject]
            data, request = self._training.news(account, made, delivery.about["event"]), made.request
        self._hooks.revive(account, delivery, data, request)

    def moved(self, account: Account) -> None:
        """Let its addresses lead to it."""
        self._training.moved(account)

    def emptied(self, account: Account) -> None:
        """Let its addresses lead nowhere."""
        self._training.emptied(account)

    def forgotten(self, account: Account) -> None:
        """Everything was found by what it had."""
