"""Everything is on the record: each exchange of an account, bounded, and with its secrets removed when it is shown."""

from .exchange import BODY_KEPT, Exchange
from .filters import BadFilter, Filters
from .record import Journal, Page

__all__ = ["BODY_KEPT", "BadFilter", "Exchange", "Filters", "Journal", "Page"]
