"""The books of a ledger: everything it knows, as plain values that can be written down and judged."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["opening", "credit", "debit", "hold", "release", "charge", "refund"]

#: What no amount is beyond, in micro-dollars: a billion dollars, so that sums of very many stay exact.
LARGEST = 10**15


@dataclass(frozen=True, slots=True)
class Part:
    """One result's share of a job's price: settled `at`, and `billed` or given back."""

    result: str
    at: float
    amount: int
    billed: bool


@dataclass(slots=True)
class Share:
    """A part that was taken on; `open` until it is settled, or called off."""

    job: str
    part: Part
    taken_at: float
    prepaid: bool
    open: bool = True


@dataclass(frozen=True, slots=True)
class Gift:
    """Money that is about no job: the opening balance, or what was put in or, below 0, taken out later."""

    amount: int
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the books: about the share or, where it is about no job, the gift of that number."""

    at: float
    kind: Kind
    about: int


@dataclass(frozen=True, slots=True)
class Books:
    """Everything a ledger knows."""

    gifts: Sequence[Gift]
    shares: Sequence[Share]
    lines: Sequence[Line]

    def problems(self) -> list[str]:
        """Why no ledger comes to have such books: nothing, if one does."""
        judge = _Judge(self)
        # Numbers that make no sense would only lead to more that makes none.
        return [*judge.numbers()] or [*judge.lines(), *judge.ends()]


class _Judge:
    """Follows the lines of some books."""

    def __init__(self, books: Books) -> None:
        self._books = books
        #: The last line about each share.
        self._stands: dict[int, Kind] = {}
        self._gifts = self._shares = self._available = 0

    def numbers(self) -> Iterator[str]:
        """What is wrong with the amounts and moments as they are."""
        books = self._books
        amounts = [*(gift.amount for gift in books.gifts), *(share.part.amount for share in books.shares)]
        if any(abs(amount) > LARGEST for amount in amounts) or any(share.part.amount < 0 for share in books.shares):
            yield f"an amount is below 0 or beyond {LARGEST} micro-dollars"
        moments = [*(line.at for line in books.lines), *(share.taken_at for share in books.shares)]
        if not all(map(math.isfinite, moments)) or any(math.isnan(share.part.at) for share in books.shares):
            yield "a moment is no moment"
        if not books.lines or books.lines[0].kind != "opening":
            yield "the first line is not that of the opening balance"

    def lines(self) -> Iterator[str]:
        """What is wrong with the lines, one after the other."""
        before = -math.inf
        for number, line in enumerate(self._books.lines, 1):
            problem = self._of_gift(line) if line.kind in ("opening", "credit", "debit") else self._of_share(line)
            if problem is None and line.at < before:
                problem = "is earlier than the one before it"
            if problem is None and self._available < 0:
                problem = "spends what is not there"
            if problem is not None:
                # What comes after a line that makes no sense cannot be followed.
                yield f"line {number} ({line.kind}) {problem}"
                return
            before = line.at

    def ends(self) -> Iterator[str]:
        """What is left without its lines."""
        if self._gifts < len(self._books.gifts):
            yield f"there are no lines about {len(self._books.gifts) - self._gifts} gifts"
        for number, share in enumerate(self._books.shares):
            wanted: tuple[Kind | None, ...] = ("charge" if share.prepaid else "hold",)
            if not share.open:
                wanted = ("charge",) if share.part.billed else ("refund",) if share.prepaid else ("release",)
            if self._stands.get(number) not in wanted:
                yield f"share {number} of job {share.job!r:.100} is not where its lines leave it"

    def _of_gift(self, line: Line) -> str | None:
        if line.about != self._gifts or line.about >= len(self._books.gifts):
            return "is about no gift, or the wrong one"
        amount = self._books.gifts[line.about].amount
        self._gifts += 1
        self._available += amount
        fits = {"opening": line.about == 0, "credit": line.about > 0 and amount >= 0, "debit": amount < 0}
        return None if fits[line.kind] else "is not what its gift is"

    def _of_share(self, line: Line) -> str | None:
        if not 0 <= line.about < len(self._books.shares):
            return "is about no share"
        share = self._books.shares[line.about]
        stands = self._stands.get(line.about)
        taken: Kind = "charge" if share.prepaid else "hold"
        fits = {
            "hold": stands is None and not share.prepaid,
            "release": stands == "hold",
            "charge": stands is None if share.prepaid else stands == "release" and share.part.billed,
            "refund": stands == "charge" and share.prepaid and not share.part.billed,
        }
        if not fits[line.kind] or (line.kind != taken and line.at < share.taken_at):
            return "does not follow from what was before"
        if stands is None:
            if line.about != self._shares:
                return "takes on a share out of turn"
            self._shares += 1
        self._stands[line.about] = line.kind
        self._available += share.part.amount if line.kind in ("release", "refund") else -share.part.amount
        return None
