"""The accounts there are: one for each API key that was seen, and those made here."""

import random
import secrets
from typing import Any

from understudy.accounts import Account, identity
from understudy.config import KEY
from understudy.engine import Engine
from understudy.limits import BadLimits
from understudy.scenario import Opening

from .money import money
from .operations import PREFIX, Call, Operation, Parameter, Refusal, ref
from .schemas import TEXT, USD, listed, shape
from .turns import encoded

_ID = Parameter("id", TEXT, "The account's id.", required=True)
_MISSING = {404: "There is no such account."}


def shown(account: Account) -> dict[str, Any]:
    """What an account is, in numbers; everything in it is to be had by itself."""
    return {
        "id": account.id,
        "now": account.clock.now(),
        "offset": account.clock.offset,
        **money(account),
        "limits": account.limits.shown(),
        "jobs": {provider: len(jobs) for provider in account.providers if (jobs := account.jobs(provider))},
        "faults": len(account.faults.rules),
        "webhooks": len(account.deliveries),
        "exchanges": len(account.journal),
    }


def _new_key(engine: Engine) -> str:
    """A key nobody else has or had; the same again with the same seed, for the same number of keys made before."""
    seed = engine.settings.seed
    if seed is None:
        return f"us-{secrets.token_hex(16)}"
    return f"us-{random.Random(f'{seed}:key:{next(engine.made)}').getrandbits(128):032x}"


def _account(call: Call) -> Account:
    account = call.engine.accounts.by_id(call.path["id"])
    if account is None:
        raise Refusal(404, f"there is no account {call.path['id']!r}; GET {PREFIX}/accounts lists those there are.")
    return account


async def _list(call: Call) -> Any:
    accounts = list(call.engine.accounts.all())
    if "after" in call.query:
        ids = [account.id for account in accounts]
        if call.query["after"] not in ids:
            raise Refusal(404, f"there is no account {call.query['after']!r} any more to go on after.")
        accounts = accounts[ids.index(call.query["after"]) + 1 :]
    page = accounts[: call.query["limit"]]
    answer: dict[str, Any] = {"accounts": await encoded(shown(account) for account in page)}
    if len(page) < len(accounts):
        answer["next"] = page[-1].id
    return answer


async def _make(call: Call) -> Any:
    accounts, body = call.engine.accounts, call.body
    opening = Opening(body.get("key") or _new_key(call.engine), body.get("balance"), body.get("limits", {}))
    if (known := accounts.by_id(identity(opening.key))) is not None:
        raise Refusal(409, f"there is an account of this key already: {known.id}.")
    try:
        account = opening.open(call.engine)
    except BadLimits as bad:
        raise Refusal(422, "the account cannot have these limits.", bad.problems) from None
    return {**shown(account), "key": account.key}


async def _mine(call: Call) -> Any:
    return shown(call.one)


async def _show(call: Call) -> Any:
    return shown(_account(call))


async def _delete(call: Call) -> Any:
    account = _account(call)
    call.engine.forget(account)
    return {"removed": account.id}


OPERATIONS = (
    Operation(
        "GET", "/accounts", "list_accounts", "Every account there is by now, oldest first", _list,
        shape(
            {"accounts": listed(ref("Account"))},
            {"next": {**TEXT, "description": "What to ask for as `after`; absent when this was all."}},
        ),
        parameters=(
            Parameter("after", TEXT, "Only those after the account of this id."),
            Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1_000, "default": 100}, "At most so many."),
        ),
        refusals={404: "There is no such account to go on after."},
    ),
    Operation(
        "POST", "/accounts", "make_account", "Make an account", _make, ref("Account"), status=201,
        description="Any API key makes an account of its own when it is first used. This makes one beforehand, with "
        "money and limits of its own; its key works even where `--api-key` says which do.",
        body=shape(
            {},
            {
                "key": {
                    "type": "string", "pattern": f"^{KEY}$",
                    "description": "The API key it is to have; without one, a new one is made and answered.",
                },
                "balance": {**USD, "minimum": 0, "maximum": 10**9, "description": "US dollars it starts with."},
                "limits": ref("Limits"),
            },
        ),
        body_required=False,
        refusals={409: "There is an account of this key already."},
    ),
    Operation(
        "GET", "/account", "show_own_account", "The account of the key", _mine, ref("Account"), account="required",
    ),
    Operation(
        "GET", "/accounts/{id}", "show_account", "One account", _show, ref("Account"),
        parameters=(_ID,), refusals=_MISSING,
    ),
    Operation(
        "DELETE", "/accounts/{id}", "delete_account", "Forget an account and everything in it", _delete,
        shape({"removed": TEXT}), parameters=(_ID,), refusals=_MISSING,
        description="Its key makes a new one when it is next used, unless it was made here on a server that accepts "
        "certain keys only.",
    ),
)  # fmt: skip
