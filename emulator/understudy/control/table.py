"""Every operation there is."""

from . import accounts, clock, contracts, faults, journal, money, server, state, webhooks

OPERATIONS = (
    *server.OPERATIONS,
    *contracts.OPERATIONS,
    *clock.OPERATIONS,
    *accounts.OPERATIONS,
    *money.OPERATIONS,
    *faults.OPERATIONS,
    *webhooks.OPERATIONS,
    *journal.OPERATIONS,
    *state.OPERATIONS,
)
