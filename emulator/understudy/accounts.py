"""An account is an API key: each key is a world of its own, made when it is first seen."""

import random
from collections import deque
from collections.abc import Callable
from typing import TypeVar, cast
from uuid import UUID, uuid5

from .deliveries import Delivery
from .jobs import Job
from .ledger import Ledger

T = TypeVar("T")

#: Under these the user and the organisation of a key are derived, so that they are the same after a restart.
_USERS = UUID("0b0f5e1c-2a43-4f83-8f1d-6b8f6a0c7d55")
_ORGANISATIONS = UUID("6f0a2c5e-4c7b-4f0e-9a55-0e6a3a1c9d11")


class Account:
    """One key's jobs, money, deliveries and stream of random numbers."""

    #: How many deliveries an account remembers; older ones are forgotten first.
    DELIVERIES_KEPT = 1_000

    def __init__(self, key: str, *, opening: int, opened_at: float, seed: int | None) -> None:
        self.key = key
        self.organization = str(uuid5(_ORGANISATIONS, key))
        self.user = str(uuid5(_USERS, key))
        self.ledger = Ledger(opening, opened_at)
        self.deliveries: deque[Delivery] = deque(maxlen=self.DELIVERIES_KEPT)
        self.random = random.Random(None if seed is None else f"{seed}:{key}")
        self._jobs: dict[str, dict[str, Job]] = {}
        self._kept: dict[Callable[[], object], object] = {}

    @property
    def email(self) -> str:
        """The address of the account's user, in a domain that can belong to nobody."""
        return f"user-{self.user[:8]}@understudy.invalid"

    def jobs(self, provider: str) -> dict[str, Job]:
        """The account's jobs at one provider by their id, oldest first."""
        return self._jobs.setdefault(provider, {})

    def keep(self, kind: Callable[[], T]) -> T:
        """What a provider keeps for this account beside its jobs, such as its webhooks: one of each kind."""
        kept = self._kept.get(kind)
        if kept is None:
            kept = self._kept[kind] = kind()
        return cast(T, kept)

    def new_id(self) -> str:
        """A fresh version 4 UUID from the account's own random stream."""
        return str(UUID(int=self.random.getrandbits(128), version=4))


class Accounts:
    """All accounts of a server; `keys` restricts which exist, else any key does."""

    def __init__(self, *, opening: int, seed: int | None = None, keys: frozenset[str] = frozenset()) -> None:
        self._opening = opening
        self._seed = seed
        self._keys = keys
        self._accounts: dict[str, Account] = {}

    @property
    def restricted(self) -> bool:
        """Whether only certain keys exist."""
        return bool(self._keys)

    def add_key(self, key: str, account: Account) -> None:
        """Let another key open an account."""
        self._accounts[key] = account

    def of(self, key: str, now: float) -> Account | None:
        """The account of a key, or None when there is no such key."""
        account = self._accounts.get(key)
        if account is None and key and (not self._keys or key in self._keys):
            account = Account(key, opening=self._opening, opened_at=now, seed=self._seed)
            self._accounts[key] = account
        return account
