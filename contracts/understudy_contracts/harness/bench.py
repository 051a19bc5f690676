"""What only a stand-in lets one do: move its clock, break it on purpose, and read its books."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from types import MappingProxyType
from typing import Any, Self

import orjson

from .reading import members
from .target import PATIENCE, Unreachable


class Bench:
    """The control API of a stand-in, for the one account that a key is."""

    def __init__(self, url: str, key: str) -> None:
        import httpx

        self.url = url.rstrip("/")
        self._key = key
        self._http = httpx.Client(base_url=f"{self.url}/_understudy", trust_env=False, timeout=PATIENCE)
        #: The keys of further accounts that are this one's as well, such as that of somebody who signed in.
        self._others: list[str] = []

    @classmethod
    def find(cls, url: str, key: str) -> Self | None:
        """Take the control API of the server at an address; None where it has none."""
        bench = cls(url, key)
        try:
            now = members(bench._ask("GET", "/clock")).get("now")
            # Whoever is no stand-in may want to be paid: a server that has an answer to everything is none.
            known = isinstance(now, float | int) and bool(members(bench._contracts.get("providers")))
        except (Unreachable, ValueError):
            known = False
        if not known:
            bench.close()
        return bench if known else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    @cached_property
    def knows_keys(self) -> bool:
        """Whether it takes only the keys that it was told of: elsewhere no key is a wrong one."""
        return bool(self._contracts.get("keys") == "known")

    @cached_property
    def _contracts(self) -> Mapping[str, Any]:
        return members(self._ask("GET", "/contracts/"))

    def follow(self, key: str) -> None:
        """Let what is done to the account be done to another one, too, unless the stand-in knows no such key."""
        if not self.knows_keys and key not in self._others:
            self._others.append(key)

    def advance(self, seconds: float) -> None:
        """Let time pass for the account; what falls due meanwhile has happened when this returns."""
        self._ask_all("POST", "/clock/advance", {"seconds": seconds, "limit": 1})

    def fail(self, **rule: Any) -> None:
        """Add a rule to the account's faults, as `understudy faults add` does."""
        self._ask_all("POST", "/faults", rule)

    @contextmanager
    def failing_for_all(self, **rule: Any) -> Iterator[None]:
        """Have a rule strike whoever asks, where nobody says who they are."""
        made = self._ask("POST", "/faults", rule, "")
        try:
            yield
        finally:
            self._ask("DELETE", f"/faults/{made['id']}", key="")

    def clear(self) -> None:
        """Remove the account's rules."""
        self._ask_all("DELETE", "/faults")

    def ledger(self) -> Any:
        """Read what the account has, and every entry."""
        return self._ask("GET", "/ledger")

    def credit(self, amount: float) -> None:
        """Give the account money, or take some away."""
        self._ask_all("POST", "/ledger/credit", {"amount": amount})

    @contextmanager
    def broke(self) -> Iterator[None]:
        """Have the account be without a cent."""
        left = {key: self._ask("GET", "/ledger", key=key)["available"] for key in (self._key, *self._others)}
        for key, amount in left.items():
            self._ask("POST", "/ledger/credit", {"amount": -amount}, key)
        try:
            yield
        finally:
            for key, amount in left.items():
                self._ask("POST", "/ledger/credit", {"amount": amount}, key)

    def limit(self, **limits: Any) -> None:
        """Set what the account may spend and have under way; None lifts a limit."""
        self._ask_all("PATCH", "/limits", limits)

    def deliveries(self) -> list[Any]:
        """List the webhooks of the account, with every attempt."""
        return list(self._ask("GET", "/webhooks")["deliveries"])

    def reset(self) -> None:
        """Make the account new."""
        self._ask("POST", "/reset/all")

    def _ask_all(self, method: str, path: str, body: Any = MappingProxyType({})) -> None:
        self._ask(method, path, body)
        for key in self._others:
            self._ask(method, path, body, key)

    def _ask(self, method: str, path: str, body: Any = MappingProxyType({}), key: str | None = None) -> Any:
        import httpx

        headers = {} if key == "" else {"Authorization": f"Bearer {self._key if key is None else key}"}
        try:
            answer = self._http.request(method, path, json=dict(body) if body else None, headers=headers)
        except httpx.HTTPError as problem:
            raise Unreachable(f"the control API of {self.url}: {str(problem) or type(problem).__name__}") from None
        if not answer.is_success:
            raise Unreachable(f"the control API of {self.url} refused {method} {path}: {answer.text[:300]}")
        return orjson.loads(answer.content) if answer.content else None
