"""Where a replay came out otherwise, told so that a person sees it."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass

#: How much of a difference is told, in lines.
_LINES = 60

#: Longer lines are cut around where they differ.
_WIDTH = 240


@dataclass(frozen=True, slots=True)
class Difference:
    """One exchange that did not come out as it is on the record."""

    number: int
    #: What was asked, such as `POST /v1`.
    asked: str
    #: What differs: `status`, `body`, a header…
    what: str
    recorded: str
    replayed: str

    def lines(self) -> Iterator[str]:
        """The difference for people: what was on the record after a minus, what came now after a plus."""
        yield f"exchange {self.number}, {self.asked}: {self.what} differs"
        told = difflib.unified_diff(
            _pretty(self.recorded), _pretty(self.replayed), "recorded", "replayed", lineterm="", n=2
        )
        for count, line in enumerate(told):
            if count == _LINES:
                yield "…"
                return
            yield line if len(line) <= _WIDTH else f"{line[:_WIDTH]}…"


def _pretty(text: str) -> list[str]:
    """A text in lines, each of few things: JSON is spread out."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False).splitlines()
    except ValueError:
        return text.splitlines()
