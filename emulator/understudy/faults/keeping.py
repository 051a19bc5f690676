"""A table as JSON and back, so that it goes on as if nothing had been: counters, buckets and streams of chance."""

import random
from collections.abc import Iterable, Mapping
from typing import Any

from .problems import BadRule
from .reading import read
from .rules import Rule


def saved(rule: Rule) -> dict[str, Any]:
    """Everything about a rule."""
    return {
        "id": rule.id,
        "rule": dict(rule.document),
        "added": rule.added,
        "matched": rule.matched,
        "struck": rule.struck,
        "missed": rule.missed,
        "chance": None if rule.chance is None else state(rule.chance),
        "buckets": None if rule.buckets is None else {caller: list(at) for caller, at in rule.buckets.levels.items()},
    }


def rules(documents: Iterable[Mapping[str, Any]], *, shared: bool) -> list[Rule]:
    """Rules that were saved; raises BadRule for one that cannot be any more."""
    return [_rule(document, shared) for document in documents]


def state(chance: random.Random) -> list[Any]:
    """Where a stream of random numbers is."""
    version, numbers, spare = chance.getstate()
    return [version, list(numbers), spare]


def resume(chance: random.Random, where: list[Any]) -> None:
    """Go on from where a stream was."""
    version, numbers, spare = where
    chance.setstate((version, tuple(numbers), spare))


def _rule(document: Mapping[str, Any], shared: bool) -> Rule:
    rule = read(document["rule"], shared=shared).rule(document["id"], document["added"], random.Random(0))
    if rule.chance is not None and document["chance"] is None:
        raise BadRule([f"{rule.id:.50} leaves something to chance, and where its stream of it was is not told"])
    levels = document["buckets"]
    if rule.buckets is not None and (levels is None or any(len(at) != 2 for at in levels.values())):
        raise BadRule([f"{rule.id:.50} has buckets, and what was left in them and when is not told"])
    rule.matched, rule.struck, rule.missed = document["matched"], document["struck"], document["missed"]
    if rule.chance is not None:
        resume(rule.chance, document["chance"])
    if rule.buckets is not None:
        rule.buckets.levels = {caller: (level, then) for caller, (level, then) in levels.items()}
    return rule
