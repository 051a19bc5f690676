import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.media.ranges import MOST_RANGES, satisfiable


@given(size=st.integers(1, 1000), first=st.integers(0, 1500), length=st.integers(1, 500))
def test_a_range_is_what_slicing_would_give(size: int, first: int, length: int) -> None:
    content = bytes(i % 251 for i in range(size))
    got = satisfiable(f"bytes={first}-{first + length - 1}", size)
    expected = content[first : first + length]
    assert got is not None
    assert b"".join(content[a : b + 1] for a, b in got) == expected


@given(size=st.integers(1, 1000), length=st.integers(0, 1500))
def test_a_suffix_is_the_end_of_the_file(size: int, length: int) -> None:
    content = bytes(i % 251 for i in range(size))
    got = satisfiable(f"bytes=-{length}", size)
    assert got is not None
    assert b"".join(content[a : b + 1] for a, b in got) == (content[-length:] if length else b"")


def test_an_open_range_goes_to_the_end() -> None:
    assert satisfiable("bytes=7-", 10) == [(7, 9)]


def test_ranges_outside_the_file_are_left_out_of_several() -> None:
    assert satisfiable("bytes=0-1, 50-60 ,-2", 10) == [(0, 1), (8, 9)]
    assert satisfiable("bytes=50-60", 10) == []


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=,", "items=0-1", "bytes=a-b", "bytes=-", "bytes=5-2", "bytes=0-1,x", "bytes=１-２"],
)
def test_a_header_that_cannot_be_read_is_ignored(header: str) -> None:
    assert satisfiable(header, 10) is None


def test_a_flood_of_ranges_is_ignored() -> None:
    assert satisfiable("bytes=" + ",".join(["0-0"] * (MOST_RANGES + 1)), 10) is None


@given(st.text(max_size=60), st.integers(1, 100))
def test_no_header_whatever_leads_outside_the_file(specs: str, size: int) -> None:
    for first, last in satisfiable(f"bytes={specs}", size) or []:
        assert 0 <= first <= last < size
