"""The captions of a clip are a SubRip file that says the same."""

import re

from hypothesis import given
from hypothesis import strategies as st

from understudy.media.captions import Caption, captions
from understudy.media.sidecar import Sidecar
from understudy.media.studio import Studio

_TIMES = re.compile(r"(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})")


def read(text: str) -> list[Caption]:
    """A SubRip file as its players read it: blocks parted by empty lines, each numbered."""
    found = []
    for number, block in enumerate(filter(None, text.split("\n\n")), start=1):
        first, times, *words = block.strip("\n").split("\n")
        assert first == str(number)
        match = _TIMES.fullmatch(times)
        assert match is not None
        h, m, s, ms, h2, m2, s2, ms2 = map(int, match.groups())
        moments = (((h * 60 + m) * 60 + s) * 1000 + ms, ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2)
        found.append(Caption(*moments, "\n".join(words)))
    return found


@given(st.lists(st.tuples(st.floats(0, 14_000), st.floats(0.2, 60), st.text(max_size=120)), max_size=5))
def test_what_is_read_is_what_is_shown(spoken: list[tuple[float, float, str]]) -> None:
    shown = captions((start, start + length, text) for start, length, text in spoken)
    assert read(Sidecar(shown).text) == list(shown)


async def test_it_is_made_and_kept_as_any_placeholder(studio: Studio) -> None:
    sidecar = Sidecar((Caption(0, 1500, "Señora, \ud800"), Caption(1500, 3_600_000, "adiós.")))
    path = await studio.file(sidecar)
    assert path.name == f"{sidecar.key}.srt"
    assert path.read_bytes().decode() == (
        "1\n00:00:00,000 --> 00:00:01,500\nSeñora, ?\n\n2\n00:00:01,500 --> 01:00:00,000\nadiós.\n"
    )
