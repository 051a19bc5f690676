"""From the JSON of a rule to the rule, with everything that is wrong with it said at once."""

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from understudy.config import ACCOUNT_ID
from understudy_contracts.errors import ErrorCase
from understudy_contracts.models import models

from .bucket import Buckets
from .facts import CALLS, OPERATIONS
from .met import MET, met
from .problems import BadRule
from .rules import Effect, Match, Rule, When
from .vocabulary import ALONE, EFFECTS, FIELDS
from .words import error_of_limit, errors, providers, struck_by

#: What is not about the answer to a request but about the job that it begins.
_OF_THE_JOB = frozenset({"stuck", "slow", "early"})

#: What can be with a connection that ends without an answer.
_WITHOUT_ANSWER = frozenset({"delay", "reset", "silent"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule that is not in a table yet."""

    document: dict[str, Any]
    match: Match
    when: When
    effects: tuple[Effect, ...]

    def rule(self, name: str, now: float, chance: random.Random) -> Rule:
        """The rule that this becomes in a table."""
        stream = None if self.when.probability is None else random.Random(chance.getrandbits(64))
        buckets = None
        if (limit := self.document.get("limit")) is not None:
            size, _, seconds = limit.partition("/")
            buckets = Buckets(int(size), float(seconds))
        return Rule(name, self.document, self.match, self.when, self.effects, now, stream, buckets)


def read(document: object, *, shared: bool) -> Draft:
    """Judge the JSON of a rule; raises BadRule. Only a `shared` table has rules about one account."""
    if not isinstance(document, Mapping):
        raise BadRule([f"a rule is a JSON object, not {document!r:.100}"])
    problems = list(_unknown(document))
    told: dict[str, Any] = {}
    for name, field in FIELDS.items():
        if name in document:
            problem = field.form.problem(document[name])
            if problem is not None:
                problems.append(f"{name} {problem}")
            elif document[name] is not False:
                told[name] = field.form.tidy(document[name])
    case = _case(told, document, problems)
    _judge_match(told, shared, problems)
    effects = [name for name in EFFECTS if name in told]
    if not any(name in document and document[name] is not False for name in EFFECTS):
        problems.append(f"it has no effect: there are {', '.join(EFFECTS)}")
    problems += _clashes(effects, told, case)
    operations = _operations(effects, told.get("operation"), problems)
    provider = told.get("provider")
    if provider is not None and "operation" not in told and not operations & met(provider):
        # What is usual elsewhere is not asked of this provider, but something else may be.
        operations = _possible(effects, case) & met(provider) or operations
    if case is not None and not operations <= struck_by(case):
        problems.append(
            f"error {case.id} strikes later ({case.strikes}), so it is for {' or '.join(sorted(struck_by(case)))}"
        )
    if not problems:
        problems += _idle(told, operations)
    if problems:
        raise BadRule(problems)
    return Draft(
        told,
        _match(told, operations),
        When(**{name: told[name] for name in When.__slots__ if name in told}),
        tuple(_compiled(told, case)),
    )


def _unknown(document: Mapping[Any, Any]) -> Iterator[str]:
    for name in document:
        if name not in FIELDS:
            hint = near(str(name), FIELDS, f"; there are {', '.join(FIELDS)}")
            yield f"there is no {name!r:.100}{hint}"


def near(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint to what was meant: `; did you mean this or that?`"""
    by_small = {one.lower(): one for one in known}
    close = [by_small[one] for one in get_close_matches(word.lower(), by_small, n=3)]
    return f"; did you mean {' or '.join(close)}?" if close else otherwise


def _case(told: dict[str, Any], document: Mapping[str, Any], problems: list[str]) -> ErrorCase | None:
    """The catalogue's case of a rule's error; a provider that is not known is a problem of its own."""
    provider, name = told.get("provider"), told.get("error")
    if provider is not None and provider not in providers():
        problems.append(f"there is no provider {provider!r}{near(provider, providers())} ({', '.join(providers())})")
        del told["provider"]
        return None
    if name is None:
        return None
    if provider is None:
        if "provider" not in document:
            known = [one for one in providers() if name in errors(one)]
            at = f" ({name} is one of {' and '.join(known)})" if known else ""
            problems.append(f"error needs provider, for each has its own errors{at}")
        return None
    if name not in errors(provider):
        flags = [one for one, field in EFFECTS.items() if field.form.problem(True) is None]
        hint = near(name, [*errors(provider), *flags], f"; `understudy errors --provider {provider}` lists them")
        problems.append(f"no error of {provider} is called {name!r}{hint}")
        return None
    return errors(provider)[name]


def _judge_match(told: dict[str, Any], shared: bool, problems: list[str]) -> None:
    if "account" in told and not shared:
        problems.append("account is for rules of the whole server: this one is about its own account anyway")
    elif "account" in told and re.fullmatch(ACCOUNT_ID, told["account"]) is None:
        # Only for who writes rules, and the other way round is the usual one.
        from understudy.accounts import identity

        told["account"] = identity(told["account"])
    provider = told.get("provider")
    if "limit" in told and provider is not None and error_of_limit(provider) is None:
        problems.append(f"limit needs a provider whose answer to too many requests is known: {provider}'s is not")
    if "model" in told:
        known = [model for one in ([provider] if provider else providers()) for model in _models(one)]
        glob = Match(frozenset(), model=told["model"])
        if not any(map(glob.is_model, known)):
            at = f"no model of {provider}" if provider else "no model"
            problems.append(f"{at} is called {told['model']!r}{near(told['model'], known)}")


def _models(provider: str) -> Iterable[str]:
    return models(provider)


def _clashes(effects: list[str], told: Mapping[str, Any], case: ErrorCase | None) -> Iterator[str]:
    for names, why in ALONE:
        both = [name for name in names if name in effects]
        if len(both) > 1:
            yield f"{' and '.join(both)} cannot be together: {why}"
    for ending in ("reset", "silent"):
        # After some bytes of it, an answer can end in any way.
        if ending not in told or ("truncate" in told and told[ending] != "before"):
            continue
        possible = _WITHOUT_ANSWER if told[ending] == "before" else _WITHOUT_ANSWER | _OF_THE_JOB
        idle = [name for name in effects if name not in possible and (name != "error" or _at_once(case))]
        if idle:
            yield f"{' and '.join(idle)} cannot be with {ending}: there is no answer then"


def _at_once(case: ErrorCase | None) -> bool:
    return case is None or struck_by(case) == CALLS


def _operations(effects: list[str], named: str | None, problems: list[str]) -> frozenset[str]:
    possible = frozenset.intersection(*(EFFECTS[name].where for name in effects)) if effects else frozenset()
    usual = frozenset.intersection(*(EFFECTS[name].usual for name in effects)) if effects else frozenset()
    if named is not None:
        amiss = [name for name in effects if named not in EFFECTS[name].where]
        problems += [f"{name} is nothing that strikes {named}: it strikes {_places(name)}" for name in amiss]
        return frozenset({named})
    if effects and not possible:
        apart = ", ".join(f"{name} strikes {_places(name)}" for name in effects)
        problems.append(f"its effects never strike the same request: {apart}")
    return usual or possible


def _possible(effects: list[str], case: ErrorCase | None) -> frozenset[str]:
    """The operations that all of the effects can strike."""
    return frozenset.intersection(
        CALLS if case is None else struck_by(case), *(EFFECTS[name].where for name in effects)
    )


def _idle(told: Mapping[str, Any], operations: frozenset[str]) -> Iterator[str]:
    """Why a rule could never strike anything: nowhere is there a request such as it is about."""
    glob = Match(frozenset(), model=told.get("model"))
    named = told.get("provider")
    asking = [word for word in ("model", "text") if word in told]
    at = [
        provider
        for provider in ([named] if named is not None else providers())
        if "model" not in told or any(map(glob.is_model, _models(provider)))
    ]
    there = [(provider, operation) for provider in at for operation in operations if operation in met(provider)]
    if any(MET[provider][operation].issuperset(asking) for provider, operation in there):
        return
    whose = " and ".join(at)
    struck = " or ".join(sorted(operations))
    if there:
        yield f"it could never strike: at {whose}, nothing tells the {' and the '.join(asking)} of what is for {struck}"
    else:
        known = ", ".join(one for one in OPERATIONS if any(one in met(provider) for provider in at))
        yield f"it could never strike: at {whose} there is no {struck}, but {known}"


def _places(effect: str) -> str:
    where = EFFECTS[effect].where
    return " or ".join(sorted(where)) if len(where) < 3 else f"every operation but {_absent(where)}"


def _absent(where: frozenset[str]) -> str:
    return " and ".join(name for name in FIELDS["operation"].form.schema()["enum"] if name not in where)


def _accounts(named: str | None) -> frozenset[str] | None:
    """The ids of the accounts that somebody may mean: what looks like an id can be an API key, too."""
    if named is None:
        return None
    from understudy.accounts import identity

    return frozenset((named, identity(named)))


def _match(told: Mapping[str, Any], operations: frozenset[str]) -> Match:
    limited = None
    if "limit" in told and "provider" not in told:
        limited = frozenset(one for one in providers() if error_of_limit(one) is not None)
    return Match(
        operations,
        told.get("provider"),
        told.get("model"),
        _accounts(told.get("account")),
        told.get("text"),
        told.get("expire"),
        limited,
    )


def _compiled(told: Mapping[str, Any], case: ErrorCase | None) -> Iterator[Effect]:
    for name, field in EFFECTS.items():
        if name in told:
            yield name, field.slot, case if name == "error" else told[name]
