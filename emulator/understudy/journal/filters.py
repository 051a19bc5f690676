"""Which exchanges somebody wants to see."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches

from .exchange import Exchange

_STATUS = re.compile(r"[1-9]\d{2,3}|[1-5]xx|none", re.IGNORECASE)


class BadFilter(ValueError):
    """What was asked for cannot be looked for; `problems` says why, each in a sentence."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Filters:
    """What an exchange must be like; everything that is not None must hold."""

    provider: str | None = None
    operation: str | None = None
    model: str | None = None
    job: str | None = None
    #: `200`, `4xx`, or `none` for what was never answered.
    status: str | None = None
    #: The name of a fault that struck, `any` or `none`.
    fault: str | None = None
    method: str | None = None
    #: A piece of the target.
    path: str | None = None
    #: A piece of what was said, or of what is known about it; in either case, and not of a secret.
    text: str | None = None
    #: Only exchanges with a greater number, or a smaller one.
    since: int | None = None
    before: int | None = None

    def __post_init__(self) -> None:
        if self.status is not None and not _STATUS.fullmatch(self.status):
            raise BadFilter([f"status is a number such as 200, a class such as 4xx, or none, not {self.status!r}."])

    @classmethod
    def parse(cls, asked: Mapping[str, str]) -> "Filters":
        """Read filters from texts, as a query has them; raises BadFilter with everything that is wrong."""
        known = {field.name for field in fields(cls)}
        values: dict[str, str | int] = {}
        problems = []
        for name, text in asked.items():
            if name not in known:
                near = get_close_matches(name, known, n=1)
                problems.append(
                    f"there is no filter {name!r}{f': did you mean {near[0]}' if near else ''}; "
                    f"there are {', '.join(sorted(known))}."
                )
            elif name in ("since", "before"):
                if text.isascii() and text.isdigit() and len(text) <= 18:
                    values[name] = int(text)
                else:
                    problems.append(f"{name} is the number of an exchange, not {text!r}.")
            else:
                values[name] = text
        try:
            made = cls(**values)  # type: ignore[arg-type]  # each is of its field's type by now
        except BadFilter as more:
            raise BadFilter([*problems, *more.problems]) from None
        if problems:
            raise BadFilter(problems)
        return made

    def hold(self, exchange: Exchange) -> bool:
        """Whether an exchange is one of those that are wanted."""
        return (
            (self.since is None or exchange.number > self.since)
            and (self.before is None or exchange.number < self.before)
            and self.provider in (None, exchange.provider)
            and self.operation in (None, exchange.operation)
            and self.model in (None, exchange.model)
            and (self.job is None or self.job.lower() == (exchange.job or "").lower())
            and (self.method is None or self.method.upper() == exchange.method)
            and self._status_holds(exchange.status)
            and self._fault_holds(exchange.faults)
            and self._words_hold(exchange)
        )

    def _status_holds(self, status: int | None) -> bool:
        wanted = None if self.status is None else self.status.lower()
        if wanted is None or status is None:
            return wanted is None or wanted == "none"
        return str(status) == wanted or (len(wanted) == 3 and wanted.endswith("xx") and str(status // 100) == wanted[0])

    def _fault_holds(self, faults: tuple[str, ...]) -> bool:
        match self.fault:
            case None:
                return True
            case "any":
                return bool(faults)
            case "none":
                return not faults
            case name:
                return name in faults

    def _words_hold(self, exchange: Exchange) -> bool:
        """Look for words in what is shown, for what is not shown must not be found by guessing at it either."""
        if self.path is None and self.text is None:
            return True
        from .shown import mentions, target

        if self.path is not None and self.path not in target(exchange):
            return False
        return self.text is None or mentions(exchange, self.text)
