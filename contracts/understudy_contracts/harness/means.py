"""What a run may have beside somebody to ask: who looks into files, and who takes webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from understudy_contracts.checks.exchange import Webhook


class Inspector(Protocol):
    """Looks into a file that was made. Raises `ValueError` for one that does not decode."""

    def __call__(self, content: bytes) -> Mapping[str, Any]:
        """Tell `format`, `seconds`, `width`, `height` and `fps` of a file, whichever it has."""


class Sink(Protocol):
    """Somebody on this machine who takes webhooks."""

    @property
    def url(self) -> str:
        """Where they are to be sent."""

    @property
    def webhooks(self) -> list[Webhook]:
        """What came, in order."""

    @property
    def files(self) -> list[bytes]:
        """The files that came, in order."""
