"""Requests for property tests: valid ones, and ones that break exactly one rule and say which.

For anybody's own test suite, with Hypothesis:

    from hypothesis import given
    from understudy_contracts import strategies

    @given(strategies.request("runware", "heygen:avatar@4"))
    def test_whatever_is_valid_is_sent_as_it_is(task): ...

    @given(strategies.broken_request("runware", "heygen:avatar@4"))
    def test_a_mistake_is_named(broken):
        with pytest.raises(MyError, match=re.escape(broken.parameter)):
            my_client.submit(broken.request)

What is made is what the model itself judges: one task of Runware's list, the `payload` of GMI Cloud, the parameters of
a Segmind model. Ids, keys and what surrounds a request are the caller's. `strategies.labels` lists all that can be
broken; chance misses most of it in one run, so `plainest_broken` has a request for each, and `corners` one for each
choice and each bound. Everything is made from the models' schemas, so a new model, field or rule is tested without a
new line here.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .maker import Broken, maker_of
from .shape import choices, dotted

__all__ = ["Broken", "broken_request", "corners", "labels", "plainest", "plainest_broken", "request"]


def request(provider: str, model: str, **switches: str) -> SearchStrategy[dict[str, Any]]:
    """Make valid requests for a model: `request("runware", "heygen:avatar@4")`.

    Single ones, without the surrounding list or envelope. Switches, such as `values="known"`, settle what sources
    disagree on, as for `Contract.judge`. Raises `ContractError` for an unknown provider, `KeyError` for an unknown
    model and `ValueError` for an unknown switch or value.
    """
    maker = maker_of(provider, model, tuple(sorted(switches.items())))
    # A rule may look into a value too, such as a script that counts only when it is not empty.
    return st.sampled_from(maker.presences).flatmap(maker.valid).filter(maker.judge.accepts)


def broken_request(provider: str, model: str, **switches: str) -> SearchStrategy[Broken]:
    """Make requests that break exactly one rule of a model, each labelled with the rule and a parameter.

    A provider has to refuse every one of them. Switches and errors are those of `request`.
    """
    maker = maker_of(provider, model, tuple(sorted(switches.items())))
    # One way a place and a keyword, so that no rule drowns among the others.
    ways = [maker.broken(fault, presences) for fault, presences in maker.faults]
    ways += [maker.against(rule, presences) for rule, presences in maker.wrong]
    ways += [maker.off_choice(rule) for rule in maker.rules if choices(rule)]
    return st.sampled_from(ways).flatmap(lambda way: way).filter(maker.breaks_one_rule)


def plainest(provider: str, model: str, **switches: str) -> list[dict[str, Any]]:
    """List valid requests for a model that hold nothing they need not: one for each way to keep its rules.

    Switches are given as for `Contract.judge`. Raises `KeyError` for an unknown model.
    """
    maker = maker_of(provider, model, tuple(sorted(switches.items())))
    return [maker.plain(presence) for presence in maker.presences]


def labels(provider: str, model: str, **switches: str) -> list[tuple[str, str]]:
    """List everything `broken_request` can break: each rule with a parameter it is broken at."""
    maker = maker_of(provider, model, tuple(sorted(switches.items())))
    single = [(fault.rule, dotted(fault.path)) for fault, _ in maker.faults]
    broken = {rule for rule, _ in maker.wrong} | {rule["x-rule"]["name"] for rule in maker.rules if choices(rule)}
    composed = [rule["x-rule"] for rule in maker.rules if rule["x-rule"]["name"] in broken]
    return single + [(rule["name"], rule["parameters"][0]) for rule in composed]


def plainest_broken(provider: str, model: str, **switches: str) -> list[Broken]:
    """List one request for everything that `broken_request` can break, with nothing in it that it need not hold.

    They are the same every time. Switches and errors are those of `request`.
    """
    return maker_of(provider, model, tuple(sorted(switches.items()))).plainly_broken()


def corners(provider: str, model: str, **switches: str) -> list[dict[str, Any]]:
    """List valid requests that hold, one after the other, each choice that a field has, its least and its most.

    They are the same every time. Switches and errors are those of `request`.
    """
    return maker_of(provider, model, tuple(sorted(switches.items()))).corners()
