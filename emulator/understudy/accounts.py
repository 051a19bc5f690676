"""An account is an API key: each key is a world of its own, made when it is first seen."""

import hashlib
import random
from collections import deque
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Protocol, TypeVar, cast
from uuid import UUID, uuid5

from .account_clock import AccountClock
from .clock import Clock
from .deliveries import Delivery
from .faults import FaultTable
from .jobs import Job
from .journal import Journal
from .ledger import Ledger
from .limits import Limits
from .wire import is_text

T = TypeVar("T")

#: Under these the user and the organisation of an account are derived, so that they are the same after a restart.
_USERS = UUID("0b0f5e1c-2a43-4f83-8f1d-6b8f6a0c7d55")
_ORGANISATIONS = UUID("6f0a2c5e-4c7b-4f0e-9a55-0e6a3a1c9d11")


def identity(key: str) -> str:
    """What an account is called where its key must not be seen."""
    # Whoever asks may name what no caller can send: that is nobody's key, and has an id of its own all the same.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Furnishing(Protocol):
    """What an account has from the start that is not every account's."""

    def money(self, account: "Account") -> None:
        """Set its opening balance and its limits."""
        ...

    def rules(self, account: "Account") -> None:
        """Add its rules."""
        ...


class Account:
    """One key's jobs, money, time, limits, faults, deliveries, journal and stream of random numbers."""

    #: How many deliveries an account remembers; older ones are forgotten first.
    DELIVERIES_KEPT = 1_000

    def __init__(
        self, key: str, account_id: str, *, clock: Clock, opening: int, seed: int | None, journal_size: int
    ) -> None:
        self.key = key
        #: All that an account has of its own is derived from this, so that it can be played again without its key.
        self.id = account_id
        self.clock = AccountClock(clock)
        self._opening = opening
        self.limits = Limits()
        self.furnishing: Furnishing | None = None
        self.renew_money()
        self.journal = Journal(journal_size)
        self.deliveries: deque[Delivery] = deque(maxlen=self.DELIVERIES_KEPT)
        self._seed = seed
        self.random = self.stream("ids")
        self._jobs: dict[str, dict[str, Job]] = {}
        self._kept: dict[Callable[[], object], object] = {}

    def become(self, other: "Account") -> None:
        """Have all that another account has, and its time; whoever has hold of this one keeps it."""
        for name in ("ledger", "limits", "journal", "deliveries", "random", "_jobs", "_kept"):
            setattr(self, name, getattr(other, name))
        self.__dict__.pop("faults", None)
        if "faults" in other.__dict__:
            self.__dict__["faults"] = other.faults
        self.clock.set(other.clock.offset)

    def renew_money(self) -> None:
        """Forget what was spent and lift its limits: the balance is the opening one again."""
        self.ledger = Ledger(self._opening, self.clock.now())
        # What is under way still counts, should there be a limit again.
        self.limits.lift()
        if self.furnishing is not None:
            self.furnishing.money(self)

    def furnish(self) -> None:
        """Give an account with nothing in it what it has from the start."""
        if self.furnishing is not None:
            self.furnishing.money(self)
            self.furnishing.rules(self)

    @cached_property
    def faults(self) -> FaultTable:
        """What goes wrong for this account."""
        return FaultTable(self.stream("faults"))

    @property
    def has_faults(self) -> bool:
        """Whether anything may go wrong for it: asked so, an account that never had a rule needs no table of them."""
        return "faults" in self.__dict__ and bool(self.faults)

    @cached_property
    def organization(self) -> str:
        """The id of the organisation the key belongs to."""
        return str(uuid5(_ORGANISATIONS, self.id))

    @cached_property
    def user(self) -> str:
        """The id of the user the key belongs to."""
        return str(uuid5(_USERS, self.id))

    @property
    def email(self) -> str:
        """The address of the account's user, in a domain that can belong to nobody."""
        return f"user-{self.user[:8]}@understudy.invalid"

    def stream(self, use: str) -> random.Random:
        """Random numbers for one use, the same for the same seed and account whatever else is drawn."""
        return random.Random(None if self._seed is None else f"{self._seed}:{self.id}:{use}")

    def jobs(self, provider: str) -> dict[str, Job]:
        """The account's jobs at one provider by their id, oldest first."""
        return self._jobs.setdefault(provider, {})

    @property
    def providers(self) -> list[str]:
        """The providers at which the account has been."""
        return list(self._jobs)

    def keep(self, kind: Callable[[], T]) -> T:
        """What a provider keeps for this account beside its jobs, such as its webhooks: one of each kind."""
        kept = self._kept.get(kind)
        if kept is None:
            kept = self._kept[kind] = kind()
        return cast(T, kept)

    @property
    def kept(self) -> dict[Callable[[], object], object]:
        """Everything that `keep` keeps, by its kind."""
        return self._kept

    def new_id(self) -> str:
        """A fresh version 4 UUID from the account's own random stream."""
        return str(UUID(int=self.random.getrandbits(128), version=4))


class Accounts:
    """All accounts of a server; `keys` restricts which exist, else any key does."""

    def __init__(
        self,
        clock: Clock,
        *,
        opening: int,
        seed: int | None = None,
        keys: frozenset[str] = frozenset(),
        journal_size: int = 1_000,
    ) -> None:
        self._clock = clock
        self._opening = opening
        self._seed = seed
        self._keys = keys
        self._journal_size = journal_size
        self._accounts: dict[str, Account] = {}
        self._by_id: dict[str, Account] = {}

    @property
    def restricted(self) -> bool:
        """Whether only certain keys exist."""
        return bool(self._keys)

    def add_key(self, key: str, account: Account) -> None:
        """Let another key open an account."""
        self._accounts[key] = account

    def of(self, key: str) -> Account | None:
        """The account of a key, or None when there is no such key, or cannot be one."""
        account = self._accounts.get(key)
        if account is None and key and (not self._keys or key in self._keys) and is_text(key):
            account = self.open(identity(key), key)
        return account

    def all(self) -> Iterator[Account]:
        """Every account there is by now, in the order in which they were first seen."""
        return iter(tuple(self._by_id.values()))

    def by_id(self, account_id: str) -> Account | None:
        """The account that is called so."""
        return self._by_id.get(account_id)

    def open(self, account_id: str, key: str) -> Account:
        """The account that is called so, made now if there is none, and opened by this key from now on."""
        account = self._by_id.get(account_id)
        if account is None:
            account = self._by_id[account_id] = self.blank(account_id, key)
        self._accounts[key] = account
        return account

    def forget(self, account: Account) -> list[str]:
        """Let there be no such account any more; returns the keys that opened it."""
        keys = [key for key, opened in self._accounts.items() if opened is account]
        for key in keys:
            del self._accounts[key]
        del self._by_id[account.id]
        return keys

    def blank(self, account_id: str, key: str) -> Account:
        """An account with nothing in it, which no key opens yet."""
        return Account(
            key,
            account_id,
            clock=self._clock,
            opening=self._opening,
            seed=self._seed,
            journal_size=self._journal_size,
        )
