"""What a server starts with beside its settings: faults, and accounts with their money, limits and faults.

```toml
[[faults]]
provider = "runware"
error = "timeoutProvider"
times = 2

[[accounts]]
key = "team-a"
balance = 5.0
faults = [{ operation = "webhook", delay = 60 }]
```
"""

import math
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .accounts import Account, identity
from .config import KEY, BadScenario
from .engine import Engine
from .faults import BadRule, FaultTable
from .limits import BadLimits, Limits
from .wire import BadJson, parse_json

_MICRO = 1_000_000
_RICHEST = 10**9


@dataclass(frozen=True, slots=True)
class Opening:
    """An account that is made before its key is used, with what it has from the start."""

    key: str
    #: US dollars; None for what every account starts with.
    balance: float | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Mapping[str, Any], ...] = ()

    def open(self, engine: Engine, account_id: str | None = None) -> Account:
        """Make it, under another id than its key's if need be; raises BadLimits or BadRule, with no account made."""
        Limits().set(self.limits)
        account = engine.accounts.open(account_id or identity(self.key), self.key)
        try:
            self.rules(account)
        except BadRule:
            engine.forget(account)
            raise
        self.money(account)
        account.furnishing = self
        return account

    def money(self, account: Account) -> None:
        """Set its opening balance and its limits."""
        account.limits.set(self.limits)
        if self.balance is not None:
            account.ledger.set_opening(round(self.balance * _MICRO))

    def rules(self, account: Account) -> None:
        """Add its rules."""
        for rule in self.faults:
            account.faults.add(rule, account.clock.now())


@dataclass(frozen=True, slots=True)
class Scenario:
    """Faults for everybody, and accounts."""

    faults: tuple[Mapping[str, Any], ...] = ()
    accounts: tuple[Opening, ...] = ()

    @classmethod
    def read(cls, path: Path) -> "Scenario":
        """The scenario in a TOML or JSON file; raises BadScenario with every problem there is."""
        try:
            document = _read(path.read_text("utf-8-sig"), path.suffix.lower() == ".json")
            # No rule and no limit can be judged where a number is none.
            problems = list(_endless("", document)) or list(_problems(document))
        except RecursionError as problem:
            raise BadScenario(path, ["it is nested too deeply."]) from problem
        except (OSError, ValueError) as problem:
            raise BadScenario(path, [f"it cannot be read: {problem}"]) from problem
        if problems:
            raise BadScenario(path, problems)
        return cls(
            tuple(document.get("faults", ())),
            tuple(
                Opening(one["key"], one.get("balance"), one.get("limits", {}), tuple(one.get("faults", ())))
                for one in document.get("accounts", ())
            ),
        )

    def play(self, engine: Engine) -> None:
        """Let an engine start so."""
        for rule in self.faults:
            engine.faults.add(rule, engine.clock.now())
        for opening in self.accounts:
            opening.open(engine)


def _read(text: str, is_json: bool) -> Any:
    """The document in a text; raises ValueError."""
    import tomllib

    if is_json or text.lstrip().startswith("{"):
        return parse_json(text.encode())
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # A table of TOML begins as a list of JSON does.
        try:
            return parse_json(text.encode())
        except BadJson:
            pass
        raise


def _endless(where: str, value: object) -> Iterator[str]:
    """The numbers that are none: TOML has words for them."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{where}: it must be a finite number, not {value}."
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _endless(f"{where}.{name}" if where else name, inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _endless(f"{where}[{index}]", inner)


def _problems(document: object) -> Iterator[str]:
    if not isinstance(document, dict):
        yield "it is not one object or table, with faults and accounts in it."
        return
    yield from _strangers("", document, ("faults", "accounts"))
    yield from _rule_problems("", document.get("faults", []), shared=True)
    accounts = document.get("accounts", [])
    if not isinstance(accounts, list):
        yield "accounts: it is not a list."
        return
    seen: set[str] = set()
    for index, account in enumerate(accounts):
        where = f"accounts[{index}]"
        if not isinstance(account, dict):
            yield f"{where}: it is not a table of key, balance, limits and faults."
            continue
        yield from _strangers(f"{where}.", account, ("key", "balance", "limits", "faults"))
        yield from _key_problems(where, account.get("key"), seen)
        yield from _balance_problems(where, account.get("balance", 0))
        yield from _limit_problems(where, account.get("limits", {}))
        yield from _rule_problems(f"{where}.", account.get("faults", []), shared=False)


def _strangers(where: str, document: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    for name in document:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"only {', '.join(known)}."
            yield f"{where}{name}: there is no such key, {hint}"


def _key_problems(where: str, key: object, seen: set[str]) -> Iterator[str]:
    if not isinstance(key, str) or not re.fullmatch(KEY, key):
        yield f"{where}.key: an account needs its API key, 1 to 500 visible ASCII characters without spaces."
    elif key in seen:
        yield f"{where}.key: {key!r} is the key of an account before."
    else:
        seen.add(key)


def _balance_problems(where: str, balance: object) -> Iterator[str]:
    if isinstance(balance, bool) or not isinstance(balance, int | float) or not 0 <= balance <= _RICHEST:
        yield f"{where}.balance: it is a number of US dollars from 0 to a billion, not {balance!r}."


def _limit_problems(where: str, limits: object) -> Iterator[str]:
    try:
        Limits().set(limits)  # type: ignore[arg-type]  # judging what it is, is its own part
    except BadLimits as bad:
        for problem in bad.problems:
            yield f"{where}.limits: {problem}"


def _rule_problems(where: str, rules: object, *, shared: bool) -> Iterator[str]:
    if not isinstance(rules, list):
        yield f"{where}faults: it is not a list of rules."
        return
    table = FaultTable(random.Random(0), shared=shared)
    for index, rule in enumerate(rules):
        if not isinstance(rule, dict):
            yield f"{where}faults[{index}]: it is not a rule."
            continue
        try:
            table.add(rule, 0.0)
        except BadRule as bad:
            for problem in bad.problems:
                yield f"{where}faults[{index}]: {problem}"
