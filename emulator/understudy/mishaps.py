"""What goes wrong with a delivery as it falls due: it is dropped, late, sent too often, or overtaken by another one."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from .deliveries import Delivery
from .faults import NOTHING, Strike
from .schedule import Box, Held, Schedule

if TYPE_CHECKING:
    from .accounts import Account

log = logging.getLogger("understudy.outbox")

#: What goes wrong with a delivery, given what it cannot have and because of what.
Ask: TypeAlias = "Callable[[Account, Delivery, Mapping[str, str]], Strike]"

#: Emulator seconds for which a delivery that a fault holds back waits for another one to overtake it.
HELD_FOR = 60.0

#: One is held back for a receiver at a time.
_OCCUPIED = {"reorder": "another webhook, which is held back already"}


class Mishaps:
    """Asks what goes wrong with each delivery, and sees to it; what it sends too often or later goes by `schedule`."""

    def __init__(self, schedule: Schedule, strike: Ask) -> None:
        self._schedule = schedule
        self._strike = strike

    def befall(self, box: Box, delivery: Delivery) -> bool:
        """Ask what goes wrong with a delivery as it falls due for the first time; whether it does not go out now.

        One that never will is `dropped` then.
        """
        now = box.account.clock.now()
        if delivery.strike is not None:
            if self.hold_no_more(box, delivery, f"no other one came within {HELD_FOR:g} s"):
                self._copy(box, delivery, delivery.strike, now)
            return False
        strike = delivery.strike = self._struck(box, delivery)
        delivery.faults += strike.names
        delivery.considered += strike.considered
        if strike.drop:
            delivery.state = "dropped"
            return True
        delivery.due = now + strike.delay
        if strike.reorder:
            box.held[delivery.receiver] = Held(delivery, now, frozenset(box.sending))
            delivery.due += HELD_FOR
        elif strike:
            self._copy(box, delivery, strike, delivery.due)
        if delivery.due > now:
            self._schedule.put(box, delivery)
        return delivery.due > now

    def resume(self, box: Box, delivery: Delivery) -> None:
        """Hold back a delivery that was written down as it was held back."""
        if (strike := delivery.strike) is not None and strike.reorder and not delivery.begun:
            # Floating point numbers are not exact.
            since = delivery.due - HELD_FOR - strike.delay - 1e-6
            box.held.setdefault(delivery.receiver, Held(delivery, since))

    def let_go(self, box: Box, *, after: Delivery) -> None:
        """Send what was held back until another one went to the same receiver."""
        held = box.held.get(after.receiver)
        if held is None or not held.is_overtaken(after):
            return
        del box.held[after.receiver]
        delivery, strike = held.delivery, held.delivery.strike
        assert strike is not None
        delivery.strike = strike.in_order()
        delivery.due = box.account.clock.now() + strike.delay
        self._copy(box, delivery, strike, delivery.due)
        self._schedule.put(box, delivery)

    def hold_no_more(self, box: Box, delivery: Delivery, why: str) -> bool:
        """Let a delivery that was held back wait for no other; whether it was."""
        receiver = next((receiver for receiver, held in box.held.items() if held.delivery is delivery), None)
        if receiver is None:
            return False
        del box.held[receiver]
        delivery.keep_in_order(why)
        return True

    def _struck(self, box: Box, delivery: Delivery) -> Strike:
        if delivery.kind != "webhook":
            return NOTHING
        try:
            return self._strike(box.account, delivery, _OCCUPIED if delivery.receiver in box.held else {})
        except Exception:  # a mistake of ours must not keep back everything that is due
            log.exception("asking what goes wrong with the webhook of %s met a mistake of understudy's", delivery.job)
            return NOTHING

    def _copy(self, box: Box, delivery: Delivery, strike: Strike, due: float) -> None:
        """Make the copies that a fault asks for: those of a storm go out with it, the others after it."""
        storm = max(strike.storm - 1, 0)
        # Where rules ask for both, a storm is enough.
        copies = [delivery.copy(number + 1) for number in range(storm or strike.duplicate)]
        box.account.deliveries.extend(copies)
        for copy in copies[:storm]:
            copy.due = due
            self._schedule.put(box, copy)
        last = delivery
        for copy in copies[storm:]:
            copy.then, last.then = last.then, copy
            last = copy
