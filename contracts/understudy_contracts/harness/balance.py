"""What an account has, as its provider tells it: read before and after, it says what a run did cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from understudy_contracts import requests

from .probe import CouldNotCheck, Probe
from .session import Session
from .target import Unreachable

#: Which operation tells it, and where in its answer.
_TOLD = {"runware": ("accountManagement", "data.0.balance"), "segmind": ("getCredits", "credits")}


def balance(session: Session) -> Decimal | None:
    """Ask what the account has, in US dollars; None where the provider does not tell."""
    if session.provider not in _TOLD:
        return None
    name, field = _TOLD[session.provider]
    operation = session.contract.operations[name]
    asking = Probe(
        name=f"{session.provider}.balance",
        provider=session.provider,
        operation=name,
        checks=(),
        tier="free",
        why=operation.why,
        perform=lambda one: (),
    )
    try:
        with session.performing(asking):
            told = requests.field_of(session.ask(name).body, field)
            return Decimal(str(told["amount"] if isinstance(told, Mapping) else told))
    except (CouldNotCheck, Unreachable, LookupError, TypeError, ValueError, InvalidOperation):
        return None
