"""`understudy.Control`: drives a running stand-in from a test or a program."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from .connection import Connection, ControlError, Document, mapping, patience, quoted

__all__ = ["Control", "ControlError", "Fault"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that was added."""

    id: str
    document: Document
    _control: "Control"
    _everyone: bool

    def shown(self) -> Document:
        """The rule as it stands now, with how often it struck, and why it does not."""
        return self._control.fault(self.id, everyone=self._everyone)

    def state(self) -> str:
        """`live`, `spent` or `expired`."""
        return str(self.shown()["state"])

    def remove(self) -> None:
        """Remove the rule; raises ControlError when it is gone already."""
        self._control.remove_fault(self.id, everyone=self._everyone)


class Control:
    """The control API of a running stand-in, for one account.

    `account` is the API key that the client under test uses. Without one, and with `everyone=True` where that is
    offered, what is asked concerns the server and all accounts. `token` is needed off loopback. Every method raises
    ControlError when the stand-in refuses or is not there.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8899",
        *,
        account: str | None = None,
        account_id: str | None = None,
        token: str | None = None,
    ) -> None:
        self.url = url
        self.account = account
        self._connection = Connection(url, account, account_id, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        self._connection.close()

    def health(self) -> Document:
        """That it is there: `{"status": "ok", "version": …}`."""
        return self._connection.ask("GET", "health")

    # Time

    def clock(self, *, everyone: bool = False) -> Document:
        """What time it is: `now` in unix seconds, `iso`, `rate`, `still`, and the account's `offset`."""
        return self._connection.ask("GET", "clock", everyone=everyone)

    def advance(self, seconds: float, *, everyone: bool = False, limit: int = 1_000) -> list[Document]:
        """Let emulator seconds pass for the account, or for everyone, and return what happened, in order.

        When it returns, everything that fell due is done, and webhooks are delivered or given up.
        """
        return self._moved({"seconds": seconds, "limit": limit}, everyone)

    def advance_to(self, moment: float | str, *, everyone: bool = False, limit: int = 1_000) -> list[Document]:
        """Let time pass until a moment, in unix seconds or ISO 8601, and return what happened, in order."""
        return self._moved({"to": moment, "limit": limit}, everyone)

    def set_clock(self, moment: float | str, *, everyone: bool = False) -> Document:
        """Let time pass until a moment without listing what happens, and return the clock."""
        return self._connection.ask("POST", "clock", json={"now": moment}, everyone=everyone, patience=None)

    def _moved(self, body: Document, everyone: bool) -> list[Document]:
        # Receivers of webhooks are waited for, and each may take as long as the provider would let it.
        moved = self._connection.ask("POST", "clock/advance", json=body, everyone=everyone, patience=None)
        happenings: list[Document] = moved["happenings"]
        return happenings

    def set_rate(self, rate: float) -> Document:
        """Let time pass at so many emulator seconds a real second, for everyone; returns the clock."""
        return self._connection.ask("PATCH", "clock", json={"rate": rate}, everyone=True)

    def wait(self, *, jobs: bool = True, webhooks: bool = True, timeout: float = 30.0) -> bool:
        """Wait until jobs are done and webhooks delivered; False when that took too long, or only advancing helps."""
        asked: Document = {"timeout": timeout}
        if jobs:
            asked["jobs"] = "done"
        if webhooks:
            asked["webhooks"] = "delivered"
        return bool(self._connection.ask("GET", "wait", params=asked, patience=patience(timeout))["done"])

    # Faults

    def add_fault(self, rule: Mapping[str, Any] | None = None, /, *, everyone: bool = False, **fields: Any) -> Fault:
        """Add a rule, such as `add_fault(provider="runware", error="timeoutProvider", times=1)`."""
        shown = self._connection.ask("POST", "faults", json={**mapping(rule or {}), **fields}, everyone=everyone)
        return Fault(shown["id"], shown, self, everyone)

    def faults(self, *, everyone: bool = False) -> list[Document]:
        """The account's rules, or everyone's, dead ones included."""
        return list(self._connection.ask("GET", "faults", everyone=everyone)["faults"])

    def fault(self, id: str, *, everyone: bool = False) -> Document:  # noqa: A002
        """One rule as it stands."""
        return self._connection.ask("GET", f"faults/{quoted(id)}", everyone=everyone)

    def remove_fault(self, id: str, *, everyone: bool = False) -> None:  # noqa: A002
        """Remove one rule."""
        self._connection.ask("DELETE", f"faults/{quoted(id)}", everyone=everyone)

    def clear_faults(self, *, everyone: bool = False) -> int:
        """Remove all of the account's rules, or everyone's, and return how many there were."""
        return int(self._connection.ask("DELETE", "faults", everyone=everyone)["removed"])

    def errors(self, provider: str | None = None) -> list[Document]:
        """Every error of the catalogues, for `error` in a rule."""
        return list(
            self._connection.ask("GET", "errors", params={"provider": provider} if provider else None)["errors"]
        )

    # What was sent out

    def webhooks(self, **filters: str) -> list[Document]:
        """Every webhook and upload on record with every attempt, oldest first; of a `kind`, `job` or `state`."""
        return list(self._connection.pages("webhooks", "deliveries", "after", filters))

    def webhook(self, id: str) -> Document:  # noqa: A002
        """One webhook or upload."""
        return self._connection.ask("GET", f"webhooks/{quoted(id)}")

    def resend(self, id: str) -> Document:  # noqa: A002
        """Send a webhook or upload again, now, and return it with the new attempt."""
        return self._connection.ask("POST", f"webhooks/{quoted(id)}/resend", patience=None)

    # Money

    def ledger(self) -> Document:
        """What the account has, what of it can still be spent, and every entry, in US dollars."""
        return self._connection.ask("GET", "ledger")

    @property
    def balance(self) -> float:
        """What the account has in US dollars, with what is held."""
        return float(self._connection.ask("GET", "ledger", params={"limit": 1})["balance"])

    def credit(self, amount: float, why: str = "") -> Document:
        """Give the account US dollars, or take some away; returns `balance` and `available`."""
        return self._connection.ask("POST", "ledger/credit", json={"amount": amount, "why": why})

    def set_opening(self, amount: float) -> Document:
        """Let an account that spent nothing yet have been opened with so many US dollars."""
        return self._connection.ask("PUT", "ledger/opening", json={"amount": amount})

    def limits(self) -> Document:
        """What the account may spend and have running."""
        return self._connection.ask("GET", "limits")

    def set_limits(self, **limits: Any) -> Document:
        """Set some of the account's limits, and return all of them."""
        return self._connection.ask("PATCH", "limits", json=limits)

    # The record

    def journal(
        self, *, order: Literal["newest", "oldest"] = "newest", everyone: bool = False, **filters: str | int
    ) -> Iterator[Document]:
        """Exchanges, page by page as they are asked for; `everyone` has those that belong to no account."""
        cursor = "before" if order == "newest" else "since"
        return self._connection.pages("journal", "exchanges", cursor, {"order": order, **filters}, everyone)

    def exchange(self, number: int, *, everyone: bool = False) -> Document:
        """One exchange."""
        return self._connection.ask("GET", f"journal/{quoted(number)}", everyone=everyone)

    def clear_journal(self, *, everyone: bool = False) -> int:
        """Forget every exchange, and return how many there were."""
        return int(self._connection.ask("DELETE", "journal", everyone=everyone)["removed"])

    def har(self, *, everyone: bool = False, **filters: str | int) -> Document:
        """The journal as an HTTP Archive."""
        return self._connection.ask("GET", "journal.har", params=dict(filters), everyone=everyone)

    def export(self, *, everyone: bool = False) -> bytes:
        """The journal as JSON lines for `understudy replay`."""
        return self._connection.answer("GET", "journal/export", everyone=everyone).content

    # Accounts

    def own_account(self) -> Document:
        """The account in numbers, with its `id`."""
        return self._connection.ask("GET", "account")

    def account_by_id(self, id: str) -> Document:  # noqa: A002
        """Any account in numbers."""
        return self._connection.ask("GET", f"accounts/{quoted(id)}", everyone=True)

    def accounts(self) -> Iterator[Document]:
        """Every account there is by now, oldest first."""
        return self._connection.pages("accounts", "accounts", "after", {}, everyone=True)

    def make_account(self, **opening: Any) -> Document:
        """Make an account, with a `key`, a `balance` in US dollars and `limits` if given; returns it with its key."""
        return self._connection.ask("POST", "accounts", json=opening, everyone=True)

    def delete_account(self, id: str) -> None:  # noqa: A002
        """Forget an account and everything in it."""
        self._connection.ask("DELETE", f"accounts/{quoted(id)}", everyone=True)

    def reset(self, part: str = "all") -> Document:
        """Set a part of the account back to how it was when it was opened, and return the account in numbers."""
        return self._connection.ask("POST", f"reset/{quoted(part)}")

    def snapshot(self) -> Document:
        """The account as one document, without its key."""
        return self._connection.ask("GET", "snapshot")

    def restore(self, document: Mapping[str, Any]) -> Document:
        """Make the account what a snapshot says, and return it in numbers."""
        return self._connection.ask("PUT", "snapshot", json={**mapping(document)})

    # The contracts

    def contracts(self) -> Document:
        """Which documents there are of each provider, with the address of each."""
        return self._connection.ask("GET", "contracts/")

    def contract(self, provider: str, form: Literal["openapi", "asyncapi"] = "openapi") -> Document:
        """A provider as a document, as this server plays it: OpenAPI, or AsyncAPI of Runware's socket."""
        return self._connection.ask("GET", f"contracts/{quoted(provider)}/{form}.json")

    def contract_schema(self, provider: str, name: str) -> Document:
        """One of a provider's JSON Schemas by its file, such as `error.json` or `models/heygen-avatar-4.json`."""
        *folder, file = name.split("/")
        path = "/".join([*folder, quoted(file)])
        return self._connection.ask("GET", f"contracts/{quoted(provider)}/schemas/{path}")

    def openapi(self) -> Document:
        """The OpenAPI document of all this."""
        return self._connection.ask("GET", "openapi.json")
