"""Sound put in a row: packets of notes that were encoded once, and silence, to any length."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, repeat

from .notes import LONGEST, MELODY, ROUND, SETTLED, Notes


@dataclass(frozen=True, slots=True)
class Grid:
    """How an encoder's packets lie in time: each begins `size` samples after the one before.

    A grain of samples is in the packet of its number and the `tail` that follow, and comes out of a decoder `lead`
    packets late: transforms overlap, and encoders look ahead.
    """

    size: int
    rate: int
    lead: int = 0
    tail: int = 0

    @property
    def grain(self) -> float:
        """How long a grain is, in milliseconds."""
        return 1000 * self.size / self.rate

    def count(self, milliseconds: float) -> int:
        """Packets that end before the moment, never none."""
        return max(1, int(milliseconds / self.grain + 1e-6))

    def spans(self, moments: Iterable[tuple[int, int]], count: int) -> Iterator[tuple[int, int] | None]:
        """For each pair of moments in milliseconds its grains, from the first to after the last, or None without room.

        Moments have to be in order; between two there is a silent grain at least. A pair too close together for a whole
        grain has the one it begins in.
        """
        grain = self.grain
        # Before the first packet nothing is decoded that its beginning could lean on.
        free = self.lead
        for start, end in moments:
            first, after = math.ceil(start / grain), int(end / grain)
            if after <= first:
                first = int(start / grain)
                after = first + 1
            first, after = max(first, free), min(after, count)
            if start < end and first < after:
                free = after + max(1, self.tail)
                yield first, after
            else:
                yield None


@dataclass(frozen=True, slots=True)
class Grains:
    """Notes as packets of an encoder, ready to be put in a row."""

    grid: Grid
    notes: Notes
    packets: Sequence[bytes]

    @property
    def silence(self) -> bytes:
        """A packet in which nothing is heard."""
        return self.packets[self.notes.silence]

    def sung(self, moments: Iterable[tuple[int, int]], count: int) -> Iterator[tuple[int, Sequence[bytes]]]:
        """A word for each pair of moments in milliseconds: where its packets begin, and the packets."""
        spans = (span for span in self.grid.spans(moments, count) if span)
        for note, (first, after) in zip(cycle(MELODY), spans):
            yield first - self.grid.lead, self.word(note, after - first)

    def word(self, note: int, length: int) -> Sequence[bytes]:
        """The packets of a word of `length` grains, and of its ringing on."""
        rounds = max(0, -(-(length - LONGEST) // ROUND))
        computed = length - rounds * ROUND
        first = self.notes.place(note, computed)
        packets = self.packets[first : first + computed + self.grid.tail]
        turn = SETTLED + ROUND
        return [*packets[:turn], *list(packets[SETTLED:turn]) * rounds, *packets[turn:]]


def row(parts: Iterable[tuple[int, Sequence[bytes]]], silence: bytes, count: int) -> Iterator[bytes]:
    """`count` packets: each part where it begins, silence elsewhere. Parts follow one another."""
    at = 0
    for first, packets in parts:
        yield from repeat(silence, first - at)
        yield from packets[: count - first]
        at = min(count, first + len(packets))
    yield from repeat(silence, count - at)
