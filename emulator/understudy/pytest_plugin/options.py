"""How a test wants its stand-in: what its markers say, over what the configuration file says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import partial
from typing import Any

import pytest

from understudy.config import SettingError, Settings, Speed
from understudy_contracts.data import ContractError
from understudy_contracts.switches import switches

_RICHEST = 10**9


@dataclass(frozen=True, slots=True)
class Options:
    """What a stand-in, and an account at it, are like."""

    clock: str = "flowing"
    #: With a manual clock it is `real` unless told.
    speed: str = "instant"
    seed: int | None = None
    #: US dollars; None for as much as a server gives by itself.
    balance: float | None = None
    #: What the account may spend and run at once, as the control API takes it; a tuple to be hashable.
    limits: tuple[tuple[str, Any], ...] = ()
    switches: tuple[tuple[str, str], ...] = ()
    proxy: bool = True

    @property
    def settings(self) -> Settings:
        """What the server is started with: tests for which this is equal share one."""
        return Settings(
            port=0,
            speed=Speed.parse(self.speed),
            clock="manual" if self.clock == "manual" else "flowing",
            seed=self.seed,
            switches=dict(self.switches),
        )

    @property
    def kind(self) -> tuple[object, ...]:
        """What tells servers apart."""
        return self.clock, self.speed, self.seed, self.switches


def options_of(node: pytest.Item, configured: Mapping[str, Any]) -> Options:
    """Read what a test wants; a test that wants what there is not fails, and says what there is."""
    wishes: dict[str, Any] = {}
    for marker in reversed([*node.iter_markers("understudy")]):
        if marker.args:
            pytest.fail(f"@pytest.mark.understudy takes names with values, not {marker.args[0]!r}", pytrace=False)
        wishes |= marker.kwargs
    try:
        return read({**_said(configured), **wishes})
    except SettingError as error:
        problem = str(error)
    pytest.fail(f"the stand-in of this test cannot be made: {problem}", pytrace=False)


def read(wishes: Mapping[str, Any]) -> Options:
    """Read wishes by their names; raises SettingError."""
    known = [field.name for field in fields(Options)]
    for name in wishes:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise SettingError(
                f"there is no {name!r}{f', did you mean {near[0]}?' if near else ''} There are {', '.join(known)}."
            )
    found = Options(**{name: _READ[name](value) for name, value in wishes.items()})
    # Where waiting costs nothing, a video takes its time: else there would be nothing to wait for.
    return replace(found, speed="real") if found.clock == "manual" and "speed" not in wishes else found


def _said(configured: Mapping[str, Any]) -> dict[str, Any]:
    """What the configuration file says, without what it leaves open."""
    said = {name: value for name, value in configured.items() if value not in ("", [])}
    if "switches" in said:
        said["switches"] = dict(line.partition("=")[::2] for line in said["switches"])
    return said


def _clock(value: Any) -> str:
    if value not in ("flowing", "manual"):
        raise SettingError(f"clock is flowing or manual, not {value!r}")
    return str(value)


def _speed(value: Any) -> str:
    Speed.parse(str(value))
    return str(value)


def _number(name: str, kind: type[int] | type[float], value: Any) -> int | float | None:
    if value is None:
        return None
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    # What is cut off would be missed by nobody until it matters.
    endless = isinstance(number, float) and not math.isfinite(number)
    if endless or isinstance(value, bool) or (isinstance(value, float) and number != value):
        raise SettingError(f"{name} is a {'whole ' if kind is int else ''}number, not {value!r}")
    return number


def _balance(value: Any) -> float | None:
    balance = _number("balance", float, value)
    if balance is not None and not 0 <= balance <= _RICHEST:
        raise SettingError(f"balance is a number of US dollars from 0 to a billion, not {value!r}")
    return balance


def _named(name: str, value: Any) -> Mapping[str, Any]:
    """A mapping with names, which may be left out."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise SettingError(f"{name} are a mapping of names to values, not {value!r}")
    return value


def _switches(value: Any) -> tuple[tuple[str, str], ...]:
    wanted = _named("switches", value)
    for name, chosen in wanted.items():
        provider, _, short = name.partition(".")
        try:
            known = switches(provider)
        except ContractError:
            known = {}
        if short not in known:
            raise SettingError(f"{name!r} names no switch; `understudy switches` lists them")
        if chosen not in known[short].values:
            raise SettingError(f"{name} is one of {', '.join(known[short].values)}, not {chosen!r}")
    return tuple(sorted(wanted.items()))


def _limits(value: Any) -> tuple[tuple[str, Any], ...]:
    from understudy.limits import BadLimits, Limits

    wanted = _named("limits", value)
    try:
        Limits().set(wanted)
    except BadLimits as bad:
        raise SettingError(f"limits cannot be {value!r}: {' '.join(bad.problems)}") from None
    return tuple(sorted(wanted.items()))


def _proxy(value: Any) -> bool:
    truths = {"true": True, "false": False}
    if str(value).lower() not in truths:
        raise SettingError(f"proxy is true or false, not {value!r}")
    return truths[str(value).lower()]


_READ: dict[str, Callable[[Any], Any]] = {
    "clock": _clock,
    "speed": _speed,
    "seed": partial(_number, "seed", int),
    "balance": _balance,
    "limits": _limits,
    "switches": _switches,
    "proxy": _proxy,
}
