"""What goes wrong, and when. *What* a provider can answer is in the error catalogue of the contract."""

from typing import TYPE_CHECKING, Any

from .facts import OPERATIONS, Facts
from .magic import called_for
from .meeting import meet
from .problems import BadRule, UnknownFault
from .strike import NOTHING, Strike
from .table import FaultTable
from .words import error_of_limit

if TYPE_CHECKING:
    from .oneline import compact, parse_compact
    from .rules import Rule
    from .schema import RULE_SCHEMA, SHOWN_SCHEMA

__all__ = [
    "NOTHING",
    "OPERATIONS",
    "RULE_SCHEMA",
    "SHOWN_SCHEMA",
    "BadRule",
    "FaultTable",
    "Facts",
    "Rule",
    "Strike",
    "UnknownFault",
    "called_for",
    "compact",
    "error_of_limit",
    "meet",
    "parse_compact",
]

#: What only those need who write rules; a server starts without.
_LATE = {
    "RULE_SCHEMA": "schema",
    "SHOWN_SCHEMA": "schema",
    "Rule": "rules",
    "compact": "oneline",
    "parse_compact": "oneline",
}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
