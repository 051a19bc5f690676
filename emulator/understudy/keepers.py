"""What a provider does so that an account can be written down and opened again, here or in another server."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from .accounts import Account
    from .deliveries import Delivery


class Plan(NamedTuple):
    """What an account has under way beside its jobs: its steps by name, each with when it is reached."""

    kind: str
    id: str
    steps: tuple[tuple[str, float], ...]

    @property
    def begun(self) -> float:
        """When it was handed in."""
        return self.steps[0][1] if self.steps else 0.0


class Keeper(Protocol):
    """One provider's part in it."""

    @property
    def kept(self) -> Mapping[str, type[Any]]:
        """The kinds that `Account.keep` keeps and that go along, dataclasses all, by what they are called."""
        ...

    def plans(self, account: "Account") -> Iterable[Plan]:
        """What the account has under way here beside its jobs, or had."""
        ...

    def misfits(self, account: "Account") -> Iterator[str]:
        """What of an account can be none of this provider's, each in a sentence that says why."""
        ...

    def revive(self, account: "Account", delivery: "Delivery") -> None:
        """Give a delivery what a document cannot hold: its content, its policy, and where it goes now.

        Raises LookupError when the account has nothing that it could be about.
        """
        ...

    def moved(self, account: "Account") -> None:
        """Another account took this one's place, with everything in it."""
        ...

    def emptied(self, account: "Account") -> None:
        """All that the account has is about to go: it is made new, becomes another, or is deleted."""
        ...

    def forgotten(self, account: "Account") -> None:
        """There is no such account any more."""
        ...
