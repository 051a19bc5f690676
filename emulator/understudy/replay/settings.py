"""Making an engine as the one was on which a journal was written."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from understudy.clock import ManualClock
from understudy.config import Settings, Speed
from understudy.deliveries import Attempt, Content, Delivery
from understudy.engine import Engine
from understudy.sender import Sender

#: The key of a server that accepts certain keys only, and no key that anybody could have.
_NOBODY = "\0"

_LARGE = 10**9


class CannotTell(Exception):
    """Whether it comes out the same cannot be found out; `str()` says why."""


class Silent(Sender):
    """Takes every delivery for delivered: a replay calls nobody."""

    def __init__(self) -> None:
        self.taken = 0

    async def close(self) -> None:
        """Do nothing: there are no connections."""

    async def send(self, delivery: Delivery, content: Content, attempt: Attempt) -> None:
        """Say that the receiver was glad."""
        self.taken += 1
        attempt.status = 200


def engine_of(header: Mapping[str, Any], token: str | None) -> tuple[Engine, Silent]:
    """An engine with nothing in it but what it starts with; raises CannotTell when the journal does not say enough."""
    try:
        return _engine(header, token)
    except (KeyError, TypeError, AttributeError, ValueError, InvalidOperation) as problem:
        raise CannotTell(f"its first line does not say how the server was set ({problem!r})") from problem


def _engine(header: Mapping[str, Any], token: str | None) -> tuple[Engine, Silent]:
    if header["seed"] is None:
        raise CannotTell("the server that wrote it had no --seed, so its ids were left to chance")
    if header["lost"]:
        raise CannotTell(
            f"{header['lost']} exchanges are not in it any more, and what they did is not known: "
            "have the journal keep more with --journal-size, and write it down before it is cleared, "
            "or its account is deleted"
        )
    if header["scenario"] is None:
        raise CannotTell("the scenario with which the server started could not be read any more")
    settings = Settings(
        speed=Speed(float(header["speed"]["rate"]), float(header["speed"]["latency"])),
        clock="manual",
        seed=int(header["seed"]),
        public_url=header["public_url"],
        api_keys=frozenset({_NOBODY}) if header["restricted"] else frozenset(),
        balance=Decimal(header["balance"]),
        switches=dict(header["switches"]),
        max_body=int(header["max_body"]),
        allow_link_local=bool(header["allow_link_local"]),
        fault_header=bool(header["fault_header"]),
        journal_size=_LARGE,
        control_token=token,
    )
    engine = Engine.build(settings, ManualClock(float(header["clock"]["start"])))
    silent = Silent()
    engine.outbox.send_by(silent)
    return engine, silent
