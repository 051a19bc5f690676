"""Where a run writes down what it does: what can be paid for before it is sent, everything else once it is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from understudy_contracts.checks.exchange import Exchange, Webhook


class Journal(Protocol):
    """Takes down a run so that another one can go on with it; a `Recorder` is one."""

    def begin(self, probe: str) -> None:
        """Take down that a probe begins."""

    def hold(self, name: str, bound: Decimal, *, probe: str = "", ids: Iterable[str] = ()) -> None:
        """Take down, before a request is sent, what it can cost and which jobs it may begin."""

    def settle(self, name: str, cost: Decimal, *, ids: Iterable[str] = ()) -> None:
        """Take down what came of it."""

    def note(self, exchange: Exchange, label: Mapping[str, Any] | None = None) -> None:
        """Take down an exchange."""

    def webhook(self, webhook: Webhook, label: Mapping[str, Any] | None = None) -> None:
        """Take down a webhook."""

    def shown(self, exchange: Exchange) -> Exchange:
        """Tell an exchange as it stands on record."""

    def shown_webhook(self, webhook: Webhook) -> Webhook:
        """Tell a webhook as it stands on record."""

    def done(self, probe: str, state: str, reason: str = "", **more: Any) -> None:
        """Take down that a probe has ended, and how."""


class Unrecorded:
    """Takes down nothing."""

    def begin(self, probe: str) -> None:
        """Take down nothing."""

    def hold(self, name: str, bound: Decimal, *, probe: str = "", ids: Iterable[str] = ()) -> None:
        """Take down nothing."""

    def settle(self, name: str, cost: Decimal, *, ids: Iterable[str] = ()) -> None:
        """Take down nothing."""

    def note(self, exchange: Exchange, label: Mapping[str, Any] | None = None) -> None:
        """Take down nothing."""

    def webhook(self, webhook: Webhook, label: Mapping[str, Any] | None = None) -> None:
        """Take down nothing."""

    def shown(self, exchange: Exchange) -> Exchange:
        """Tell an exchange as it stands on record."""
        return exchange

    def shown_webhook(self, webhook: Webhook) -> Webhook:
        """Tell a webhook as it stands on record."""
        return webhook

    def done(self, probe: str, state: str, reason: str = "", **more: Any) -> None:
        """Take down nothing."""
