"""Every operation there is."""

from . import accounts, clock, faults, journal, money, server, state, webhooks

OPERATIONS = (
    *server.OPERATIONS,
    *clock.OPERATIONS,
    *accounts.OPERATIONS,
    *money.OPERATIONS,
    *faults.OPERATIONS,
    *webhooks.OPERATIONS,
    *journal.OPERATIONS,
    *state.OPERATIONS,
)
