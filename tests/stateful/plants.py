"""Bugs to be found: each takes a method of the emulator or the client and gives back one that is wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest

from stateful.gmi_machine import Gmi
from stateful.rules import Customer
from stateful.segmind_machine import Segmind


@dataclass(frozen=True)
class Plant:
    """A bug, as the source of a function `planted`."""

    machine: type[Customer]
    #: Where the method is: `module:Class.method`.
    where: str
    source: str
    #: What the steps that show it must hold.
    shown_by: str
    #: Within how many rules it is to be met.
    within: int
    #: How many statements that takes at most.
    steps: int

    def written(self) -> str:
        """A module that plants it as Python starts."""
        module, _, place = self.where.partition(":")
        owner, _, name = place.partition(".")
        return f"from {module} import {owner}\n{self.source}\n{owner}.{name} = planted({owner}.{name})\n"

    @contextmanager
    def grown(self) -> Iterator[None]:
        """Plant it here, until the end of the block."""
        module, _, place = self.where.partition(":")
        owner_name, _, name = place.partition(".")
        owner = getattr(import_module(module), owner_name)
        names: dict[str, Callable[[Any], Any]] = {}
        exec(self.source, names)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, names["planted"](getattr(owner, name)))
            yield


PLANTS = {
    "a job is charged twice": Plant(
        Gmi,
        "understudy.ledger:Ledger.commit",
        """
def planted(commit):
    def commit_twice(self, job, now, parts, *, prepaid=False):
        commit(self, job, now, (*parts, *parts), prepaid=prepaid)

    return commit_twice
""",
        "control.own_account()",
        1,
        5,
    ),
    "a status goes backward": Plant(
        Gmi,
        "understudy.providers.gmi.records:Records.status",
        """
def planted(status):
    def status_that_goes_back(self, job, now):
        told = status(self, job, now)
        return "processing" if told == "success" and now > job.finishes_at + 3_000 else told

    return status_that_goes_back
""",
        "'success'",
        8,
        12,
    ),
    "a job that was called off is paid for": Plant(
        Gmi,
        "understudy.ledger:Ledger.cancel",
        """
def planted(cancel):
    return lambda self, job, now: None
""",
        "client.cancel(job_1)",
        5,
        11,
    ),
    "what is only held is gone from the credits": Plant(
        Segmind,
        "understudy.ledger:Ledger.balance",
        """
def planted(balance):
    return lambda self, now: self.available(now)
""",
        "client.credits()",
        4,
        6,
    ),
}
