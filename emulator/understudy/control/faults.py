"""Rules by which things go wrong: the server's own strike everybody, an account's only that account."""

from typing import Any

from understudy.faults import BadRule, FaultTable, Rule

from .operations import PREFIX, Call, Operation, Parameter, Refusal, ref
from .schemas import COUNT, TEXT, listed, shape

_WHOSE = "Those of the account, or without one the server's own."
_ID = Parameter("id", TEXT, "The rule's id.", required=True)


def _table(call: Call) -> FaultTable:
    return call.engine.faults if call.account is None else call.account.faults


def _rule(call: Call) -> Rule:
    rule = _table(call).get(call.path["id"])
    if rule is None:
        raise _unknown(call)
    return rule


def _unknown(call: Call) -> Refusal:
    whose = "the server itself" if call.account is None else "this account"
    return Refusal(404, f"{whose} has no rule {call.path['id']!r}; GET {PREFIX}/faults lists those it has.")


async def _add(call: Call) -> Any:
    if not isinstance(call.body, dict):
        raise Refusal(422, "a rule is a JSON object.")
    try:
        return _table(call).add(call.body, call.now).shown(call.now)
    except BadRule as bad:
        raise Refusal(422, "the rule cannot be used.", bad.problems) from None


async def _list(call: Call) -> Any:
    return {"faults": _table(call).shown(call.now)}


async def _show(call: Call) -> Any:
    return _rule(call).shown(call.now)


async def _remove(call: Call) -> Any:
    if not _table(call).remove(call.path["id"]):
        raise _unknown(call)
    return {"removed": 1}


async def _clear(call: Call) -> Any:
    table = _table(call)
    count = len(table.rules)
    table.clear()
    return {"removed": count}


_REMOVED = shape({"removed": COUNT})
_MISSING = {404: "There is no such rule."}

OPERATIONS = (
    Operation(
        "GET", "/faults", "list_faults", "The rules, dead ones included", _list,
        shape({"faults": listed(ref("RuleRecord"))}), account="optional", description=_WHOSE,
    ),
    Operation(
        "POST", "/faults", "add_fault", "Add a rule", _add, ref("RuleRecord"), status=201, account="optional",
        description="To the account's rules, or without one to the server's own, which strike every account.",
        body=ref("Rule"), judged=False,
    ),
    Operation(
        "DELETE", "/faults", "clear_faults", "Remove all rules", _clear, _REMOVED, account="optional",
        description=_WHOSE,
    ),
    Operation(
        "GET", "/faults/{id}", "show_fault", "One rule, and why it does not strike", _show, ref("RuleRecord"),
        account="optional", parameters=(_ID,), refusals=_MISSING,
    ),
    Operation(
        "DELETE", "/faults/{id}", "remove_fault", "Remove a rule", _remove, _REMOVED, account="optional",
        parameters=(_ID,), refusals=_MISSING,
    ),
)  # fmt: skip
