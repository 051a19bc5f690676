"""A local stand-in for AI-video providers: their contracts on the wire, with placeholder videos that play."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .control.client import Control as Control
    from .control.client import ControlError as ControlError

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load what drives a running stand-in when it is first named: the server itself never needs it."""
    if name in ("Control", "ControlError"):
        from .control import client

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
