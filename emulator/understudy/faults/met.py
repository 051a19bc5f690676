"""What rules can meet at each provider: the operations there are, and what is known of a request for each.

Everywhere the account is known; what a request says and which model it is for is not, where it does not tell.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_NOTHING: Final = frozenset[str]()
_MODEL: Final = frozenset({"model"})
_BOTH: Final = frozenset({"model", "text"})

#: By provider and operation, the words of a rule that ask for something which such a request can have.
MET: Final[Mapping[str, Mapping[str, frozenset[str]]]] = MappingProxyType(
    {
        # Every task is a document that says which model it is for, if any.
        "runware": {
            **dict.fromkeys(
                ("submit", "poll", "list", "upload", "models", "account", "train", "other", "download", "webhook"),
                _BOTH,
            ),
            # On a WebSocket only: over HTTP the key comes with the tasks.
            "authenticate": _NOTHING,
        },
        "gmi": {
            "submit": _BOTH,
            "poll": _MODEL,
            "cancel": _MODEL,
            "list": _NOTHING,
            "upload": _NOTHING,
            "models": _NOTHING,
            "download": _BOTH,
        },
        "segmind": {
            "submit": _BOTH,
            "poll": _MODEL,
            "list": _NOTHING,
            "upload": _NOTHING,
            "models": _NOTHING,
            "account": _NOTHING,
            "train": _NOTHING,
            "authenticate": _NOTHING,
            "other": _NOTHING,
            "download": _BOTH,
            "webhook": _BOTH,
        },
        "heygen": {"models": _NOTHING},
    }
)


def met(provider: str | None) -> frozenset[str]:
    """The operations that there are at a provider, or at any."""
    return frozenset(MET.get(provider, ())) if provider is not None else frozenset().union(*MET.values())
