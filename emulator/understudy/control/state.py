"""An account as a whole: taking it down as a document, putting it back, and setting parts of it back."""

from typing import Any, get_args

from understudy.engine import Part

from .accounts import shown
from .operations import Call, Handler, Operation, Refusal, ref

_RESETS = {
    "jobs": ("Forget its jobs", "With their files, and with the webhooks that are about them. Money stays spent."),
    "faults": ("Remove its rules", "The server's own rules stay."),
    "journal": ("Empty its journal", ""),
    "webhooks": ("Forget its webhooks and uploads", "Those that still wait are not sent."),
    "money": ("Give it a new ledger and lift its limits", "The balance is what accounts open with."),
    "all": ("Make it new", "As if its key had never been used: its own clock goes with the server's again, too."),
}


def _reset(part: Part) -> Handler:
    async def handler(call: Call) -> Any:
        return shown(call.engine.reset(call.one, part))

    return handler


async def _snapshot(call: Call) -> Any:
    from understudy.snapshots import snapshot

    return await snapshot(call.engine, call.one)


async def _restore(call: Call) -> Any:
    from understudy.snapshots import BadSnapshot, restore

    try:
        account = await restore(call.engine, call.one, call.body)
    except BadSnapshot as bad:
        raise Refusal(422, "the snapshot cannot be restored, and nothing was changed.", bad.problems) from None
    return shown(account)


OPERATIONS = (
    *(
        Operation(
            "POST", f"/reset/{part}", f"reset_{part}", _RESETS[part][0], _reset(part), ref("Account"),
            account="required", description=_RESETS[part][1],
        )
        for part in get_args(Part)
    ),
    Operation(
        "GET", "/snapshot", "take_snapshot", "The account as one document", _snapshot, ref("Snapshot"),
        account="required",
        description="Jobs, money, rules, clock, deliveries and random numbers. Its key is not in it; "
        "the addresses of its webhooks are, with whatever secrets they carry.",
    ),
    Operation(
        "PUT", "/snapshot", "restore_snapshot", "Make the account what a snapshot says", _restore, ref("Account"),
        account="required", body=ref("Snapshot"), judged=False,
        description="Whatever the account was before is gone. Into another account than it was taken of, too.",
    ),
)  # fmt: skip
