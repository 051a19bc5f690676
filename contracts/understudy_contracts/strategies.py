"""Requests for property tests: valid ones, and ones that break exactly one rule and say which.

For anybody's own test suite, with Hypothesis:

    from hypothesis import given
    from understudy_contracts import strategies

    @given(strategies.request("runware", "heygen:avatar@4"))
    def test_whatever_is_valid_is_sent_as_it_is(task): ...

    @given(strategies.broken_request("gmi", "heygen-avatar-4"))
    def test_a_mistake_is_named(broken):
        with pytest.raises(MyError, match=re.escape(broken.parameter)):
            my_client.submit("heygen-avatar-4", broken.request)

What is made is what the model itself judges: one task of Runware's list, the `payload` of GMI Cloud, the parameters of
a Segmind model. Ids, keys and what surrounds a request are the caller's. `strategies.labels` lists all that can be
broken. Everything is made from the models' schemas, so a new model, field or rule is tested without a new line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, combinations
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .faults import Fault, faults
from .provider import contract
from .schema import Judge
from .shape import Path, at, choices, dotted, place, remove, rules
from .values import complete, fields, has_room


@dataclass(frozen=True, slots=True)
class Broken:
    """A request that breaks one rule, with the name of the rule and of a parameter its violation names."""

    request: dict[str, Any]
    #: A keyword of JSON Schema, such as `maximum`; `unknown` for a name there is not; or the name of an `x-rule`.
    rule: str
    #: Its dotted name, such as `speech.speed`.
    parameter: str


def request(provider: str, model: str, **switches: str) -> SearchStrategy[dict[str, Any]]:
    """Make valid requests for a model: `request("segmind", "heygen-avatar-iv")`.

    Single ones, without the surrounding list or envelope. Switches, such as `values="known"`, settle what sources
    disagree on, as for `Contract.judge`. Raises `ContractError` for an unknown provider, `KeyError` for an unknown
    model and `ValueError` for an unknown switch or value.
    """
    maker = _maker(provider, model, tuple(sorted(switches.items())))
    # A rule may look into a value too, such as a script that counts only when it is not empty.
    return st.sampled_from(maker.presences).flatmap(maker.valid).filter(maker.judge.accepts)


def broken_request(provider: str, model: str, **switches: str) -> SearchStrategy[Broken]:
    """Make requests that break exactly one rule of a model, each labelled with the rule and a parameter.

    A provider has to refuse every one of them. Switches and errors are those of `request`.
    """
    maker = _maker(provider, model, tuple(sorted(switches.items())))
    # One way a place and a keyword, so that no rule drowns among the others.
    ways = [maker.broken(fault, presences) for fault, presences in maker.faults]
    ways += [maker.against(rule, presences) for rule, presences in maker.wrong]
    ways += [maker.off_choice(rule) for rule in maker.rules if choices(rule)]
    return st.sampled_from(ways).flatmap(lambda way: way).filter(maker.breaks_one_rule)


def plainest(provider: str, model: str, **switches: str) -> list[dict[str, Any]]:
    """List valid requests for a model that hold nothing they need not: one for each way to keep its rules.

    Switches are given as for `Contract.judge`. Raises `KeyError` for an unknown model.
    """
    maker = _maker(provider, model, tuple(sorted(switches.items())))
    return [maker.plain(presence) for presence in maker.presences]


def labels(provider: str, model: str, **switches: str) -> list[tuple[str, str]]:
    """List everything `broken_request` can break: each rule with a parameter it is broken at."""
    maker = _maker(provider, model, tuple(sorted(switches.items())))
    single = [(fault.rule, dotted(fault.path)) for fault, _ in maker.faults]
    broken = {rule for rule, _ in maker.wrong} | {rule["x-rule"]["name"] for rule in maker.rules if choices(rule)}
    composed = [rule["x-rule"] for rule in maker.rules if rule["x-rule"]["name"] in broken]
    return single + [(rule["name"], rule["parameters"][0]) for rule in composed]


#: Which of the parameters that rules speak of are in a request.
_Presence = tuple[str, ...]


class _Maker:
    """What is known about the requests of one model under one set of switches."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.fields = fields(judge.schema, judge.resources)
        self.rules = rules(judge.schema, judge.resources)
        self.bound = tuple(dict.fromkeys(name for rule in self.rules for name in rule["x-rule"]["parameters"]))

    @cached_property
    def _all_presences(self) -> list[_Presence]:
        every = chain.from_iterable(combinations(self.bound, count) for count in range(len(self.bound) + 1))
        always = {dotted(field.path) for field in self.fields if field.required}
        return [presence for presence in every if always.intersection(self.bound) <= set(presence)]

    @cached_property
    def presences(self) -> list[_Presence]:
        """The combinations that keep every rule."""
        return [presence for presence in self._all_presences if self.judge.accepts(self.plain(presence))]

    @cached_property
    def wrong(self) -> list[tuple[str, list[_Presence]]]:
        """For each rule between parameters, the combinations that break it and nothing else."""
        found: dict[str, list[_Presence]] = {}
        for presence in self._all_presences:
            violations = self.judge.violations(self.plain(presence))
            if len(violations) == 1 and "x-rule" in violations[0].schema:
                found.setdefault(violations[0].rule, []).append(presence)
        return list(found.items())

    @cached_property
    def faults(self) -> list[tuple[Fault, tuple[_Presence, ...]]]:
        """Every way to spoil a single place, with the combinations in which nothing else breaks by it."""
        found = []
        for fault in faults(self.judge.schema, self.judge.resources, self.fields):
            bound = self._is_bound(fault.path)
            # A field that no rule speaks of breaks alike whatever the rules' parameters are.
            tried = self.presences if bound else self.presences[:1]
            fitting = tuple(presence for presence in tried if self._only_breaks(presence, fault))
            fitting = fitting if bound or not fitting else tuple(self.presences)
            if fitting:
                found.append((fault, fitting))
        return found

    def _only_breaks(self, presence: _Presence, fault: Fault) -> bool:
        return self.breaks_one_rule(self._spoilt(self.plain(presence), fault.typical, fault))

    def plain(self, presence: _Presence) -> dict[str, Any]:
        """The request with these of the bound parameters, and otherwise with nothing that it need not have."""
        made: dict[str, Any] = {}
        for field in self.fields:
            name = dotted(field.path)
            if name in presence if name in self.bound else field.required and not field.inner and has_room(made, field):
                place(made, field.path, deepcopy(field.typical))
        complete(made, self.fields)
        for rule in self.rules:
            for name, value in (choices(rule) or [{}])[0].items():
                if name in presence:
                    place(made, tuple(name.split(".")), value)
        return made

    def valid(self, presence: _Presence) -> SearchStrategy[dict[str, Any]]:
        """Requests with these of the bound parameters; valid when the combination is."""
        return _request(self, presence)

    def broken(self, fault: Fault, presences: tuple[_Presence, ...]) -> SearchStrategy[Broken]:
        """Requests spoilt in one place."""
        bases = st.sampled_from(presences).flatmap(self.valid)
        bad = st.none() if fault.bad is None else fault.bad
        return st.builds(self._spoilt, bases, bad, st.just(fault))

    def against(self, rule: str, presences: list[_Presence]) -> SearchStrategy[Broken]:
        """Requests that break a rule by what they hold and what they lack."""
        names = next(body["x-rule"]["parameters"] for body in self.rules if body["x-rule"]["name"] == rule)
        bases = st.sampled_from(presences).flatmap(self.valid)
        return bases.map(lambda base: Broken(base, rule, names[0]))

    def off_choice(self, rule: Mapping[str, Any]) -> SearchStrategy[Broken]:
        """Requests whose values are each allowed, but not together."""
        names = tuple(choices(rule)[0])
        chosen = [next(field for field in self.fields if field.path == tuple(name.split("."))) for name in names]
        presences = [presence for presence in self.presences if set(names) <= set(presence)]

        def spoil(base: dict[str, Any], together: tuple[Any, ...]) -> Broken:
            for field, value in zip(chosen, together, strict=True):
                place(base, field.path, value)
            return Broken(base, rule["x-rule"]["name"], names[0])

        together = st.tuples(*(field.values for field in chosen))
        return st.builds(spoil, st.sampled_from(presences).flatmap(self.valid), together)

    def _spoilt(self, request: dict[str, Any], bad: Any, fault: Fault) -> Broken:
        for field in self.fields:
            # What is spoilt has to be there, whole but for the fault.
            absent = at(request, field.path) is None and len(field.path) < len(fault.path)
            if absent and field.path == fault.path[: len(field.path)]:
                place(request, field.path, deepcopy(field.typical if self._is_bound(field.path) else field.whole))
        if fault.given is not None:
            place(request, *fault.given)
            complete(request, self.fields)
        if fault.bad is None:
            remove(request, fault.path)
        else:
            place(request, fault.path, bad)
        return Broken(request, fault.rule, dotted(fault.path))

    def _is_bound(self, path: Path) -> bool:
        name = dotted(path)
        return any(parameter == name or parameter.startswith(f"{name}.") for parameter in self.bound)

    def breaks_one_rule(self, broken: Broken) -> bool:
        """Tell whether the label of a broken request is the whole truth."""
        violations = self.judge.violations(broken.request)
        return [v.rule for v in violations] == [broken.rule] and broken.parameter in violations[0].parameters


@st.composite
def _request(draw: st.DrawFn, maker: _Maker, presence: _Presence) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in maker.fields:
        name = dotted(field.path)
        if name in maker.bound:
            wanted = name in presence
        else:
            wanted = not field.inner and has_room(made, field) and (field.required or draw(st.booleans()))
        if wanted:
            place(made, field.path, draw(field.values))
    complete(made, maker.fields)
    for rule in maker.rules:
        options = [option for option in choices(rule) if set(option) <= set(presence)]
        for name, value in (draw(st.sampled_from(options)) if options else {}).items():
            place(made, tuple(name.split(".")), value)
    return made


@cache
def _maker(provider: str, model: str, switches: tuple[tuple[str, str], ...]) -> _Maker:
    return _Maker(contract(provider).model_judge(model, dict(switches)))
