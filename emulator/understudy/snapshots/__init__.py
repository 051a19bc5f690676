"""An account as one JSON document, and the account that such a document tells of."""

from .document import BadSnapshot
from .restoring import restore
from .taking import MOST_BYTES, snapshot

__all__ = ["MOST_BYTES", "BadSnapshot", "restore", "snapshot"]
