"""How a test wants its stand-in: what its markers say, over what the configuration file says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import partial
from typing import Any

import pytest

from understudy.config import SettingError, Settings, Speed
from understudy_contracts.data import ContractError
from understudy_contracts.switches import switches


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
        return kind(value)
    except (TypeError, ValueError):
        raise SettingError(f"{name} is a {'whole ' if kind is int else ''}number, not {value!r}") from None


def _switches(value: Any) -> tuple[tuple[str, str], ...]:
    for name, chosen in (value or {}).items():
        provider, _, short = name.partition(".")
        try:
            known = switches(provider)
        except ContractError:
            known = {}
        if short not in known:
            raise SettingError(f"{name!r} names no switch; `understudy switches` lists them")
        if chosen not in known[short].values:
            raise SettingError(f"{name} is one of {', '.join(known[short].values)}, not {chosen!r}")
    return tuple(sorted((value or {}).items()))


def _limits(value: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted((value or {}).items()))


def _proxy(value: Any) -> bool:
    truths = {"true": True, "false": False}
    if str(value).lower() not in truths:
        raise SettingError(f"proxy is true or false, not {value!r}")
    return truths[str(value).lower()]


_READ: dict[str, Callable[[Any], Any]] = {
    "clock": _clock,
    "speed": _speed,
    "seed": partial(_number, "seed", int),
    "balance": partial(_number, "balance", float),
    "limits": _limits,
    "switches": _switches,
    "proxy": _proxy,
}
