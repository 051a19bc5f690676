"""Rules that any recording of a conversation must keep, whoever spoke the provider's part: a module a provider.

What stands here is Runware's; GMI Cloud's are in `understudy_contracts.checks.gmi`, Segmind's in
`understudy_contracts.checks.segmind`.
"""

from __future__ import annotations

from .exchange import Exchange, Finding, Webhook
from .runware import CHECKS, Poll, Record, Task, violations

__all__ = ["CHECKS", "Exchange", "Finding", "Poll", "Record", "Task", "Webhook", "violations"]
