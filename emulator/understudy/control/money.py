"""An account's money: its ledger, and what it may spend and have running."""

from typing import Any

from understudy.accounts import Account
from understudy.ledger import Entry, InsufficientCredit
from understudy.limits import BadLimits

from .operations import PREFIX, Call, Operation, Parameter, Refusal, ref
from .schemas import COUNT, TEXT, USD, shape

#: The ledger counts in these.
MICRO = 1_000_000

_LARGEST = 10**9


def money(account: Account) -> dict[str, float]:
    """What an account has, and what of it can still be spent."""
    now = account.clock.now()
    return {"balance": account.ledger.balance(now) / MICRO, "available": account.ledger.available(now) / MICRO}


def set_limits(account: Account, document: dict[str, Any]) -> None:
    """Set the limits that a document names and leave the others; refuses one that cannot be, with every reason."""
    try:
        account.limits.set(document)
    except BadLimits as bad:
        raise Refusal(422, "the limits cannot be set.", bad.problems) from None


async def _ledger(call: Call) -> Any:
    account, asked = call.one, call.query
    now, after = account.clock.now(), asked["after"]
    entries = account.ledger.entries(now, after=after, limit=asked.get("limit"))
    answer: dict[str, Any] = {**money(account), "entries": [_entry(entry) for entry in entries]}
    if entries and entries[-1].id < account.ledger.count(now):
        answer["next"] = entries[-1].id
    return answer


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "kind": entry.kind,
        "amount": entry.amount / MICRO,
        "job": entry.job,
        "result": entry.result,
        "why": entry.why,
    }


async def _credit(call: Call) -> Any:
    account, amount = call.one, round(call.body["amount"] * MICRO)
    if not amount:
        raise Refusal(422, "the ledger counts in millionths of a dollar, and that is not half of one.")
    try:
        account.ledger.credit(amount, account.clock.now(), call.body.get("why", ""))
    except InsufficientCredit as short:
        raise Refusal(
            409, f"that is more than can be taken away: ${short.available / MICRO:.6f} can still be spent."
        ) from None
    return money(account)


async def _open(call: Call) -> Any:
    account = call.one
    try:
        account.ledger.set_opening(round(call.body["amount"] * MICRO))
    except ValueError:
        raise Refusal(
            409,
            f"the ledger has entries already: use POST {PREFIX}/ledger/credit, or POST {PREFIX}/reset/money before.",
        ) from None
    return money(account)


async def _limits(call: Call) -> Any:
    return call.one.limits.shown()


async def _set_limits(call: Call) -> Any:
    set_limits(call.one, call.body)
    return call.one.limits.shown()


_MONEY = shape({"balance": USD, "available": USD})

OPERATIONS = (
    Operation(
        "GET", "/ledger", "show_ledger", "What it has, and every entry up to now, oldest first", _ledger,
        ref("Ledger"), account="required",
        description="The sum of the entries is what can still be spent; `balance` counts what is held as well.",
        parameters=(
            Parameter("after", {**COUNT, "default": 0}, "Only those after the entry of this id."),
            Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 100_000}, "At most so many; else all."),
        ),
    ),
    Operation(
        "POST", "/ledger/credit", "credit", "Give it money, or take some away", _credit, _MONEY, account="required",
        body=shape(
            {"amount": {**USD, "minimum": -_LARGEST, "maximum": _LARGEST, "not": {"const": 0}}},
            {"why": {**TEXT, "maxLength": 200}},
        ),
        refusals={409: "There is not so much to take away."},
    ),
    Operation(
        "PUT", "/ledger/opening", "set_opening", "Let it have been opened with another amount", _open, _MONEY,
        account="required", body=shape({"amount": {**USD, "minimum": 0, "maximum": _LARGEST}}),
        description="For an account whose ledger has no other entry yet.",
        refusals={409: "The ledger has other entries already."},
    ),
    Operation(
        "GET", "/limits", "show_limits", "What it may spend and have running", _limits, ref("Limits"),
        account="required",
    ),
    Operation(
        "PATCH", "/limits", "set_limits", "Set some of its limits", _set_limits, ref("Limits"), account="required",
        body=ref("Limits"), judged=False,
    ),
)  # fmt: skip
