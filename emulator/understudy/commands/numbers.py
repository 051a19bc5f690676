"""Numbers as options and arguments take them: those that JSON can say, written as it writes them."""

import re
from typing import Any

import click

#: What Python reads as a number beside this, such as `1_000`, `nan` or digits of other scripts, is a slip.
PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


class Number(click.FloatRange):
    """A number that is one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        if isinstance(value, str) and PLAIN.fullmatch(value) is None:
            self.fail(f"{value!r} is not a number such as 5 or 0.25", param, ctx)
        number: float = super().convert(value, param, ctx)
        if abs(number) == float("inf"):
            self.fail(f"{value} is larger than any number here", param, ctx)
        return number


class Count(click.IntRange):
    """A whole number that fits where numbers go."""

    def __init__(self, least: int = 0, most: int = 10**9) -> None:
        super().__init__(least, most)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,30}", value) is None:
            self.fail(f"{value!r:.60} is not a whole number such as 5", param, ctx)
        number: int = super().convert(value, param, ctx)
        return number
