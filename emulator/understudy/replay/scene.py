"""What all parts of a replay share: the engine, the names of secrets, and what came of it so far."""

import base64
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

from understudy.clock import Clock
from understudy.engine import Engine
from understudy.scenario import Opening

from .difference import Difference
from .names import NAME, Names

#: One line of a journal.
Recorded = Mapping[str, Any]

#: Real seconds for which anything is waited for that should come by itself.
PATIENCE = 30.0

_API_KEY = re.compile(r'"apiKey"\s*:\s*"([^"]+)"')
_KEY_HEADERS = ("authorization", "x-api-key")


@dataclass(slots=True)
class Report:
    """What came of a replay."""

    #: How many exchanges came out the same.
    same: int = 0
    #: How many were sent and not compared, by why.
    sent_only: Counter[str] = field(default_factory=Counter)
    #: Which could not be sent, by why.
    skipped: dict[str, list[int]] = field(default_factory=dict)
    difference: Difference | None = None
    #: Why the difference may come from what could not be sent as it was; empty when it cannot.
    doubt: str = ""
    #: How many webhooks and uploads would have gone out.
    deliveries: int = 0


class Differs(Exception):
    """The first difference was found."""


class Scene:
    """An engine, and the journal that is played on it."""

    def __init__(
        self, engine: Engine, app: ASGIApp, exchanges: Sequence[Recorded], *, still: bool, unseen: bool = False
    ) -> None:
        self.engine = engine
        self.app = app
        self.names = Names()
        self.report = Report()
        #: Whether the clock stood still but for advances when the journal was written.
        self.still = still
        #: Whether others, of whom nothing is in the journal, asked something then.
        self._unseen = unseen
        #: A rule that is everybody's and strikes some of the requests that it is about.
        self._choosy: str | None = None
        self._owners = _owners(exchanges)
        self._keys = {account: key for key, account in reversed(self._owners.items())}
        #: Accounts of which something could not be sent as it was, and the number of that; None is everybody.
        self._doubtful: dict[str | None, int] = {}

    def open(self, account: str, **opening: Any) -> None:
        """Make an account that is known by its id."""
        if self.engine.accounts.by_id(account) is None:
            Opening(self._keys.get(account, f"key of {account}"), **opening).open(self.engine, account)

    def let_in(self, recorded: Recorded) -> None:
        """Let the keys that an exchange shows open its account."""
        account = recorded["account"]
        for key in _keys_in(recorded):
            if key not in self.names.known and account is not None and self._owners.get(key) == account:
                self.engine.accounts.open(account, key)
                self.names.known[key] = key

    def look_at_rules(self) -> None:
        """Note whether there is a rule that others can have used up."""
        if self._unseen and self._choosy is None:
            self._choosy = next((rule.id for rule in self.engine.faults.rules if rule.when.chooses), None)

    def clock(self, recorded: Recorded) -> Clock:
        """The clock that goes for an exchange."""
        account = self.engine.accounts.by_id(recorded["account"] or "")
        return self.engine.clock if account is None else account.clock

    def headers(self, recorded: Recorded) -> list[tuple[str, str]]:
        """The headers to send."""
        return [(name, self.names.filled(value)) for name, value in recorded["request"]["headers"]]

    def body(self, recorded: Recorded) -> bytes | None:
        """The body to send; None when the journal does not hold it, which is then noted."""
        request = recorded["request"]
        if request.get("altered"):
            self._doubtful.setdefault(recorded["account"], recorded["number"])
        if "base64" in request:
            return base64.b64decode(request["base64"])
        if isinstance(request.get("body"), str):
            return self.names.filled(request["body"]).encode()
        self.skip(recorded, request.get("missing", "what it said is not in the journal"))
        return None

    def skip(self, recorded: Recorded, why: str) -> None:
        """Note that an exchange cannot be sent again."""
        self.report.skipped.setdefault(why, []).append(recorded["number"])
        self._doubtful.setdefault(recorded["account"], recorded["number"])

    def differs(self, recorded: Recorded, what: str, theirs: str, ours: str) -> Differs:
        """Note the first difference; the result is to be raised."""
        request, report = recorded["request"], self.report
        report.difference = Difference(
            recorded["number"], f"{request['method']} {request['target']}", what, theirs, ours
        )
        doubtful = [number for account, number in self._doubtful.items() if account in (None, recorded["account"])]
        if doubtful:
            report.doubt = f"exchange {min(doubtful)} could not be sent again as it was, and this may be why"
        elif self._choosy is not None:
            report.doubt = (
                f"{self._choosy} is a rule for everybody that strikes some requests only, and what others asked is "
                "not in this journal: export that of --everyone"
            )
        elif not self.still:
            report.doubt = (
                "the server's clock flowed, so that no two answers have quite the same moments in them: "
                "what is written under --clock manual can be told"
            )
        return Differs()


def _keys_in(recorded: Recorded) -> list[str]:
    """What an exchange shows to be let in, as the journal calls it."""
    request = recorded["request"]
    shown = [value.rpartition(" ")[2] for name, value in request["headers"] if name in _KEY_HEADERS]
    shown += _API_KEY.findall(request.get("body") or "")
    return [key for key in shown if NAME.fullmatch(key)]


def _owners(exchanges: Sequence[Recorded]) -> dict[str, str]:
    """Whose each key is."""
    owners: dict[str, str] = {}
    for recorded in exchanges:
        if recorded["account"] is not None:
            for key in _keys_in(recorded):
                owners.setdefault(key, recorded["account"])
    return owners
