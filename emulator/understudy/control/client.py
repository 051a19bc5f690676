"""`understudy.Control`: drives a running stand-in from a test or a program."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

if TYPE_CHECKING:
    import httpx

Document: TypeAlias = dict[str, Any]

#: Real seconds that an answer may take, where nothing is waited for.
_PATIENCE = 60.0


class ControlError(Exception):
    """The stand-in refused, or is not there; `str()` says why and what to do.

    `status` is the HTTP status, None when nobody answered, and `problems` says what is wrong one by one.
    """

    def __init__(self, message: str, status: int | None = None, problems: tuple[str, ...] = ()) -> None:
        super().__init__("\n  ".join((message, *problems)))
        self.message = message
        self.status = status
        self.problems = problems


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
        self.url = url.rstrip("/")
        self.account = account
        self.account_id = account_id
        self._token = token
        self._http: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def health(self) -> Document:
        """That it is there: `{"status": "ok", "version": …}`."""
        return self._asked("GET", "health")

    # Time

    def clock(self, *, everyone: bool = False) -> Document:
        """What time it is: `now` in unix seconds, `iso`, `rate`, `still`, and the account's `offset`."""
        return self._asked("GET", "clock", everyone=everyone)

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
        return self._asked("POST", "clock", json={"now": moment}, everyone=everyone, patience=None)

    def _moved(self, body: Document, everyone: bool) -> list[Document]:
        # Receivers of webhooks are waited for, and each may take as long as the provider would let it.
        moved = self._asked("POST", "clock/advance", json=body, everyone=everyone, patience=None)
        happenings: list[Document] = moved["happenings"]
        return happenings

    def set_rate(self, rate: float) -> Document:
        """Let time pass at so many emulator seconds a real second, for everyone; returns the clock."""
        return self._asked("PATCH", "clock", json={"rate": rate}, everyone=True)

    def wait(self, *, jobs: bool = True, webhooks: bool = True, timeout: float = 30.0) -> bool:
        """Wait until jobs are done and webhooks delivered; False when that took too long, or only advancing helps."""
        asked: Document = {"timeout": timeout}
        if jobs:
            asked["jobs"] = "done"
        if webhooks:
            asked["webhooks"] = "delivered"
        return bool(self._asked("GET", "wait", params=asked, patience=timeout + _PATIENCE)["done"])

    # Faults

    def add_fault(self, rule: Mapping[str, Any] | None = None, /, *, everyone: bool = False, **fields: Any) -> Fault:
        """Add a rule, such as `add_fault(provider="runware", error="timeoutProvider", times=1)`."""
        shown = self._asked("POST", "faults", json={**(rule or {}), **fields}, everyone=everyone)
        return Fault(shown["id"], shown, self, everyone)

    def faults(self, *, everyone: bool = False) -> list[Document]:
        """The account's rules, or everyone's, dead ones included."""
        return list(self._asked("GET", "faults", everyone=everyone)["faults"])

    def fault(self, id: str, *, everyone: bool = False) -> Document:  # noqa: A002
        """One rule as it stands."""
        return self._asked("GET", f"faults/{_quoted(id)}", everyone=everyone)

    def remove_fault(self, id: str, *, everyone: bool = False) -> None:  # noqa: A002
        """Remove one rule."""
        self._asked("DELETE", f"faults/{_quoted(id)}", everyone=everyone)

    def clear_faults(self, *, everyone: bool = False) -> int:
        """Remove all of the account's rules, or everyone's, and return how many there were."""
        return int(self._asked("DELETE", "faults", everyone=everyone)["removed"])

    def errors(self, provider: str | None = None) -> list[Document]:
        """Every error of the catalogues, for `error` in a rule."""
        return list(self._asked("GET", "errors", params={"provider": provider} if provider else None)["errors"])

    # What was sent out

    def webhooks(self, **filters: str) -> list[Document]:
        """Every webhook and upload on record with every attempt, oldest first; of a `kind`, `job` or `state`."""
        return list(self._pages("webhooks", "deliveries", "after", filters))

    def webhook(self, id: str) -> Document:  # noqa: A002
        """One webhook or upload."""
        return self._asked("GET", f"webhooks/{_quoted(id)}")

    def resend(self, id: str) -> Document:  # noqa: A002
        """Send a webhook or upload again, now, and return it with the new attempt."""
        return self._asked("POST", f"webhooks/{_quoted(id)}/resend", patience=None)

    # Money

    def ledger(self) -> Document:
        """What the account has, what of it can still be spent, and every entry, in US dollars."""
        return self._asked("GET", "ledger")

    @property
    def balance(self) -> float:
        """What the account has in US dollars, with what is held."""
        return float(self._asked("GET", "ledger", params={"limit": 1})["balance"])

    def credit(self, amount: float, why: str = "") -> Document:
        """Give the account US dollars, or take some away; returns `balance` and `available`."""
        return self._asked("POST", "ledger/credit", json={"amount": amount, "why": why})

    def set_opening(self, amount: float) -> Document:
        """Let an account that spent nothing yet have been opened with so many US dollars."""
        return self._asked("PUT", "ledger/opening", json={"amount": amount})

    def limits(self) -> Document:
        """What the account may spend and have running."""
        return self._asked("GET", "limits")

    def set_limits(self, **limits: Any) -> Document:
        """Set some of the account's limits, and return all of them."""
        return self._asked("PATCH", "limits", json=limits)

    # The record

    def journal(
        self, *, order: Literal["newest", "oldest"] = "newest", everyone: bool = False, **filters: str | int
    ) -> Iterator[Document]:
        """Exchanges, page by page as they are asked for; `everyone` has those that belong to no account."""
        cursor = "before" if order == "newest" else "since"
        return self._pages("journal", "exchanges", cursor, {"order": order, **filters}, everyone)

    def exchange(self, number: int, *, everyone: bool = False) -> Document:
        """One exchange."""
        return self._asked("GET", f"journal/{number}", everyone=everyone)

    def clear_journal(self, *, everyone: bool = False) -> int:
        """Forget every exchange, and return how many there were."""
        return int(self._asked("DELETE", "journal", everyone=everyone)["removed"])

    def har(self, *, everyone: bool = False, **filters: str | int) -> Document:
        """The journal as an HTTP Archive."""
        return self._asked("GET", "journal.har", params=dict(filters), everyone=everyone)

    def export(self, *, everyone: bool = False) -> bytes:
        """The journal as JSON lines for `understudy replay`."""
        return self._answer("GET", "journal/export", everyone=everyone).content

    # Accounts

    def own_account(self) -> Document:
        """The account in numbers, with its `id`."""
        return self._asked("GET", "account")

    def account_by_id(self, id: str) -> Document:  # noqa: A002
        """Any account in numbers."""
        return self._asked("GET", f"accounts/{_quoted(id)}", everyone=True)

    def accounts(self) -> Iterator[Document]:
        """Every account there is by now, oldest first."""
        return self._pages("accounts", "accounts", "after", {}, everyone=True)

    def make_account(self, **opening: Any) -> Document:
        """Make an account, with a `key`, a `balance` in US dollars and `limits` if given; returns it with its key."""
        return self._asked("POST", "accounts", json=opening, everyone=True)

    def delete_account(self, id: str) -> None:  # noqa: A002
        """Forget an account and everything in it."""
        self._asked("DELETE", f"accounts/{_quoted(id)}", everyone=True)

    def reset(self, part: str = "all") -> Document:
        """Set a part of the account back to how it was when it was opened, and return the account in numbers."""
        return self._asked("POST", f"reset/{_quoted(part)}")

    def snapshot(self) -> Document:
        """The account as one document, without its key."""
        return self._asked("GET", "snapshot")

    def restore(self, document: Mapping[str, Any]) -> Document:
        """Make the account what a snapshot says, and return it in numbers."""
        return self._asked("PUT", "snapshot", json=dict(document))

    def openapi(self) -> Document:
        """The OpenAPI document of all this."""
        return self._asked("GET", "openapi.json")

    def _pages(
        self, path: str, items: str, cursor: str, asked: Mapping[str, str | int], everyone: bool = False
    ) -> Iterator[Document]:
        params = dict(asked)
        while True:
            page = self._asked("GET", path, params=params, everyone=everyone)
            yield from page[items]
            if "next" not in page:
                return
            params[cursor] = page["next"]

    def _asked(self, method: str, path: str, **keywords: Any) -> Document:
        answer = self._answer(method, path, **keywords)
        try:
            document: Document = answer.json()
        except ValueError:
            raise self._stranger(answer) from None
        return document

    def _answer(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        everyone: bool = False,
        patience: float | None = _PATIENCE,
    ) -> "httpx.Response":
        # Imported late: a test run that never asks anything does not pay for the HTTP client.
        import httpx

        if self._http is None:
            # No proxy of the environment leads to a server on this machine; and certificates take long to load.
            self._http = httpx.Client(trust_env=False, verify=self.url.startswith("https:"))
        headers = {} if self._token is None else {"X-Understudy-Token": self._token}
        asked = dict(params or {})
        if not everyone:
            if self.account_id is not None:
                asked["account"] = self.account_id
            elif self.account is not None:
                headers["Authorization"] = f"Bearer {self.account}"
        try:
            answer = self._http.request(
                method,
                f"{self.url}/_understudy/{path}",
                params=asked,
                json=json,
                headers=headers,
                timeout=httpx.Timeout(_PATIENCE, read=patience),
            )
        except (httpx.HTTPError, httpx.InvalidURL) as reason:
            raise ControlError(
                f"no answer from {self.url}: {reason}. Is it running? `understudy serve` starts it."
            ) from reason
        if answer.is_success:
            return answer
        raise self._refusal(answer)

    def _refusal(self, answer: "httpx.Response") -> ControlError:
        try:
            document = answer.json()
            problems = tuple(str(problem) for problem in document.get("problems", ()))
            return ControlError(str(document["error"]), answer.status_code, problems)
        except (ValueError, KeyError, AttributeError):
            return self._stranger(answer)

    def _stranger(self, answer: "httpx.Response") -> ControlError:
        return ControlError(f"{self.url} does not answer as understudy does.", answer.status_code)


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")
