"""Where sounds lie among the packets of an encoder."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.media.grains import Grains, Grid, row
from understudy.media.notes import LONGEST, Notes

GRIDS = st.sampled_from([Grid(1024, 48_000, 1, 1), Grid(960, 48_000, 0, 1), Grid(576, 16_000, 1, 2), Grid(441, 22_050)])
MOMENTS = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 2000)), max_size=20).map(
    lambda found: [(start, start + length) for start, length in sorted(found)]
)


@given(GRIDS, MOMENTS, st.integers(1, 300))
def test_sounds_lie_within_their_moments_with_silence_between_them(
    grid: Grid, moments: list[tuple[int, int]], count: int
) -> None:
    before = grid.lead - max(1, grid.tail)
    for (start, end), span in zip(moments, grid.spans(moments, count), strict=True):
        if span is None:
            continue
        first, after = span
        assert before + max(1, grid.tail) <= first < after <= count
        assert first * grid.grain > start - grid.grain
        assert after * grid.grain <= end or after == first + 1
        before = after


@given(GRIDS, st.integers(100, 10_000))
def test_a_sound_with_room_has_every_whole_grain_of_its_moments(grid: Grid, start: int) -> None:
    ((first, after),) = (span for span in grid.spans([(start, start + 900)], 10_000) if span)
    assert 0 <= first * grid.grain - start < grid.grain
    assert 0 <= start + 900 - after * grid.grain < grid.grain


@given(GRIDS, MOMENTS, st.integers(1, 300))
def test_a_row_is_as_long_as_asked_and_silent_where_nothing_is_said(
    grid: Grid, moments: list[tuple[int, int]], count: int
) -> None:
    grains = _grains(grid)
    said = {
        packet
        for span in grid.spans(moments, count)
        for packet in range((span or (0, 0))[0] - grid.lead, (span or (0, -grid.tail))[1] - grid.lead + grid.tail)
    }
    found = list(row(grains.sung(moments, count), grains.silence, count))
    assert len(found) == count
    assert [packet == grains.silence for packet in found] == [number not in said for number in range(count)]


@given(GRIDS, st.integers(0, 2), st.integers(1, 200))
def test_a_word_of_any_length_is_made_of_the_packets_of_a_short_one(grid: Grid, note: int, length: int) -> None:
    word = _grains(grid).word(note, length)
    assert len(word) == length + grid.tail
    steps = {int(after) - int(before) for before, after in pairwise(word)}
    assert steps <= ({1} if length <= LONGEST else {1, -3})


@pytest.mark.parametrize("pitch", [-24, 0, 24])
def test_no_grain_is_silent_but_those_between_words(pitch: float) -> None:
    notes = Notes.of(64, 3000, pitch, 1)
    samples = notes.samples()
    grains = [samples[at : at + 128] for at in range(0, len(samples), 128)]
    assert len(grains) == notes.grains
    sounding = {
        notes.place(note, length) + grain
        for note in range(3)
        for length in range(1, LONGEST + 1)
        for grain in range(length)
    }
    assert {number for number, grain in enumerate(grains) if any(grain)} == sounding
    assert not any(grains[notes.silence])


def _grains(grid: Grid) -> Grains:
    """Packets that are their own numbers."""
    notes = Notes.of(grid.size, grid.rate, 0, 1)
    return Grains(grid, notes, [str(number).encode() for number in range(notes.grains + grid.tail)])
