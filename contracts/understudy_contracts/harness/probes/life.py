"""The one job of a model that several probes are about, and what it did to the balance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from understudy_contracts.checks import Exchange
from understudy_contracts.harness.probe import CouldNotCheck
from understudy_contracts.harness.session import Session
from understudy_contracts.models import Model
from understudy_contracts.operations import Operation

from .jobs import Job, balance_of

#: Emulator seconds after which every job that anybody has begun is over, and nothing of it is forgotten yet.
OVER = 600.0


@dataclass(frozen=True, slots=True)
class Life:
    """A job with what was seen of it, and what the account had before and after."""

    job: Job
    ended: Exchange
    #: What was made, where it was the answer itself.
    file: bytes
    before: Decimal | None
    after: tuple[Exchange | None, Decimal] | None


def life_of(session: Session, operation: Operation, model: Model) -> Life:
    """The one job of a model that all these probes are about; it is begun, and paid for, once."""
    name = f"{operation.provider}.{operation.name}.{model.id}"
    if name not in session.shared:
        # What an earlier part of the run handed in has been paid since, and what there was before it is not known.
        before = None if name in session.earlier.handed_in else balance(session)
        job = Job.begin(session, operation, model, name=name)
        if job.accepted.status >= 400:
            raise CouldNotCheck(f"{model.id} was not accepted: HTTP {job.accepted.status}")
        file, ended = session.file, job.finish()
        after = balance(session)
        session.shared[name] = Life(job, ended, file, None if before is None else before[1], after)
    return session.shared[name]  # type: ignore[no-any-return]


def balance(session: Session) -> tuple[Exchange | None, Decimal] | None:
    """What the account has once nothing is under way; None where nobody tells."""
    if session.bench is not None:
        # Others that are under way would be paid for meanwhile.
        session.wait(OVER)
    try:
        return balance_of(session)
    except CouldNotCheck:
        return None
