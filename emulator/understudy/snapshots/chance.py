"""What an account leaves to chance: its stream of random numbers, and its rules with theirs, set to where they were."""

import random
import re
from collections.abc import Iterator
from typing import Any

from understudy.accounts import Account
from understudy.faults import BadRule
from understudy.faults.keeping import resume

from .document import Snapshot, written

#: How the rules of an account are called; answers name them in a header.
_RULE = re.compile("rule-([1-9][0-9]{0,17})")


def wind_up(account: Account, snapshot: Snapshot) -> Iterator[str]:
    """Set streams of random numbers and the rules that use them to where they were; tells what cannot have been."""
    streams = [("random", snapshot.random), ("faults.chance", snapshot.faults.chance)]
    streams += [
        (f"faults.rules[{rule.id!r:.50}].chance", rule.chance)
        for rule in snapshot.faults.rules
        if rule.chance is not None
    ]
    broken = [name for name, stream in streams if not _is_stream(stream)]
    if broken:
        yield from (f"this is not where a stream of random numbers can be @ snapshot.{name}" for name in broken)
        return
    resume(account.random, snapshot.random)
    if len({rule.id for rule in snapshot.faults.rules}) < len(snapshot.faults.rules):
        yield "two rules have the same id @ snapshot.faults"
    if any(min(rule.matched, rule.struck) < 0 for rule in snapshot.faults.rules):
        yield "a rule cannot have done less than nothing @ snapshot.faults"
    given = {rule.id: _RULE.fullmatch(rule.id) for rule in snapshot.faults.rules}
    strange = [name for name, found in given.items() if found is None]
    yield from (f"no rule is called {name!r:.50}: they are rule-1, rule-2… @ snapshot.faults" for name in strange)
    # The next one is called by the next number, and must not take the place of another.
    if snapshot.faults.added < max((int(found[1]) for found in given.values() if found), default=0):
        yield "there were more rules than were ever added @ snapshot.faults.added"
    try:
        account.faults.load(written(snapshot.faults))
    except BadRule as bad:
        yield from (f"{problem} @ snapshot.faults" for problem in bad.problems)
        return
    judged = {rule.id for rule in account.faults.live}
    lively = [rule for rule in account.faults.rules if rule.id not in judged and rule.state(snapshot.now) == "live"]
    yield from (f"{rule.id} is live, and so it is judged @ snapshot.faults" for rule in lively)


def _is_stream(where: list[Any]) -> bool:
    try:
        resume(random.Random(0), where)
    except (TypeError, ValueError, OverflowError):
        return False
    return where[2] is None or isinstance(where[2], float)
