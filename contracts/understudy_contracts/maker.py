"""Requests of one model, made from its schema: good ones, and each way to spoil one. Part of `strategies`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, combinations, islice, product
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .faults import Fault, faults
from .provider import contract
from .schema import Judge
from .shape import Path, at, choices, dotted, place, remove, rules
from .values import complete, extremes, fields, has_room


@dataclass(frozen=True, slots=True)
class Broken:
    """A request that breaks one rule, with the name of the rule and of a parameter its violation names."""

    request: dict[str, Any]
    #: A keyword of JSON Schema, such as `maximum`; `unknown` for a name there is not; or the name of an `x-rule`.
    rule: str
    #: Its dotted name, such as `speech.speed`.
    parameter: str


#: Which of the parameters that rules speak of are in a request.
Presence = tuple[str, ...]


class Maker:
    """What is known about the requests of one model under one set of switches."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.fields = fields(judge.schema, judge.resources)
        self.rules = rules(judge.schema, judge.resources)
        self.bound = tuple(dict.fromkeys(name for rule in self.rules for name in rule["x-rule"]["parameters"]))

    @cached_property
    def _all_presences(self) -> list[Presence]:
        every = chain.from_iterable(combinations(self.bound, count) for count in range(len(self.bound) + 1))
        always = {dotted(field.path) for field in self.fields if field.required}
        return [presence for presence in every if always.intersection(self.bound) <= set(presence)]

    @cached_property
    def presences(self) -> list[Presence]:
        """The combinations that keep every rule."""
        return [presence for presence in self._all_presences if self.judge.accepts(self.plain(presence))]

    @cached_property
    def wrong(self) -> list[tuple[str, list[Presence]]]:
        """For each rule between parameters, the combinations that break it and nothing else."""
        found: dict[str, list[Presence]] = {}
        for presence in self._all_presences:
            violations = self.judge.violations(self.plain(presence))
            if len(violations) == 1 and "x-rule" in violations[0].schema:
                found.setdefault(violations[0].rule, []).append(presence)
        return list(found.items())

    @cached_property
    def faults(self) -> list[tuple[Fault, tuple[Presence, ...]]]:
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

    def _only_breaks(self, presence: Presence, fault: Fault) -> bool:
        return self.breaks_one_rule(self._spoilt(self.plain(presence), fault.typical, fault))

    def plain(self, presence: Presence) -> dict[str, Any]:
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

    def valid(self, presence: Presence) -> SearchStrategy[dict[str, Any]]:
        """Requests with these of the bound parameters; valid when the combination is."""
        return _request(self, presence)

    def broken(self, fault: Fault, presences: tuple[Presence, ...]) -> SearchStrategy[Broken]:
        """Requests spoilt in one place."""
        bases = st.sampled_from(presences).flatmap(self.valid)
        bad = st.none() if fault.bad is None else fault.bad
        return st.builds(self._spoilt, bases, bad, st.just(fault))

    def against(self, rule: str, presences: list[Presence]) -> SearchStrategy[Broken]:
        """Requests that break a rule by what they hold and what they lack."""
        bases = st.sampled_from(presences).flatmap(self.valid)
        return bases.map(lambda base: Broken(base, rule, self._parameters(rule)[0]))

    def _parameters(self, rule: str) -> list[str]:
        return next(list(body["x-rule"]["parameters"]) for body in self.rules if body["x-rule"]["name"] == rule)

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

    def plainly_broken(self) -> list[Broken]:
        """One request for each way to break one rule."""
        made = [self._spoilt(self.plain(fitting[0]), deepcopy(fault.typical), fault) for fault, fitting in self.faults]
        made += [Broken(self.plain(fitting[0]), name, self._parameters(name)[0]) for name, fitting in self.wrong]
        for rule in self.rules:
            made += islice((each for each in self._mixed(rule) if self.breaks_one_rule(each)), 1)
        return made

    def _mixed(self, rule: Mapping[str, Any]) -> Iterator[Broken]:
        """Values of a rule's choices that are each allowed, put together as they come."""
        allowed = choices(rule)
        names = tuple(allowed[0]) if allowed else ()
        presences = [presence for presence in self.presences if names and set(names) <= set(presence)]
        for presence, values in product(presences, product(*([choice[name] for choice in allowed] for name in names))):
            made = self.plain(presence)
            for name, value in zip(names, values, strict=True):
                place(made, tuple(name.split(".")), value)
            yield Broken(made, rule["x-rule"]["name"], names[0])

    def corners(self) -> list[dict[str, Any]]:
        """Valid requests, each with an extreme value in one field."""
        made = [self._with(field.path, value) for field in self.fields for value in extremes(field.schema)]
        return [request for request in made if request is not None]

    def _with(self, path: Path, value: Any) -> dict[str, Any] | None:
        """The first valid request there is that holds a value."""
        name = dotted(path)
        for presence in sorted(self.presences, key=lambda presence: name not in presence):
            request = self.plain(presence)
            self._lead_to(request, path)
            place(request, path, value)
            complete(request, self.fields)
            if self.judge.accepts(request):
                return request
        return None

    def _lead_to(self, request: dict[str, Any], path: Path) -> None:
        """Let a request have everything that a field is in."""
        for field in self.fields:
            absent = at(request, field.path) is None and len(field.path) < len(path)
            if absent and field.path == path[: len(field.path)]:
                place(request, field.path, deepcopy(field.typical if self._is_bound(field.path) else field.whole))

    def _spoilt(self, request: dict[str, Any], bad: Any, fault: Fault) -> Broken:
        # What is spoilt has to be there, whole but for the fault.
        self._lead_to(request, fault.path)
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
def _request(draw: st.DrawFn, maker: Maker, presence: Presence) -> dict[str, Any]:
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
def maker_of(provider: str, model: str, switches: tuple[tuple[str, str], ...]) -> Maker:
    """Take the maker of a model's requests; `switches` are pairs, in the order of their names."""
    return Maker(contract(provider).model_judge(model, dict(switches)))
