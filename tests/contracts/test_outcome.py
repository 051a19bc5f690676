"""Templates of outcomes: what stands for a value becomes it, and everything else stays as written."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from understudy_contracts.outcome import fill
from understudy_contracts.provider import contract

scalars = st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_characters="$"))
documents = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner))
URLS = [{"media": "https://m.invalid/0.mp4"}, {"media": "https://m.invalid/1.mp4"}]


def test_the_page_s_outcome_comes_of_its_template() -> None:
    (_, status, *_) = contract("gmi").examples
    outcome = status["response"]["outcome"]
    values = {"poster": outcome["thumbnail_image_url"], "seconds": 12.5}
    media = [{"media": outcome["media_urls"][0]["url"]}]
    assert fill(contract("gmi").models["heygen-avatar-4"].outcome, values, media) == outcome


def test_each_of_the_media_is_told_with_its_place_as_text() -> None:
    template = {"media_urls": [{"$each": {"id": "$index", "url": "$media", "by": "$maker"}}, "end"]}
    assert fill(template, {"maker": 7}, URLS) == {
        "media_urls": [
            {"id": "0", "url": "https://m.invalid/0.mp4", "by": 7},
            {"id": "1", "url": "https://m.invalid/1.mp4", "by": 7},
            "end",
        ]
    }


def test_outside_a_list_the_first_of_the_media_speaks_for_all() -> None:
    assert fill({"video_url": "$media"}, {}, URLS) == {"video_url": "https://m.invalid/0.mp4"}


def test_a_value_keeps_its_type_and_an_unknown_name_stays_as_it_is() -> None:
    assert fill(["$seconds", "$nobody", "costs $5", "$"], {"seconds": 12.5}) == [12.5, "$nobody", "costs $5", "$"]


def test_what_a_value_holds_is_not_filled_again() -> None:
    assert fill("$one", {"one": "$two", "two": 2}) == "$two"


@given(documents)
def test_a_template_without_names_is_its_own_outcome(document: Any) -> None:
    assert fill(document, {"media": "x"}, URLS) == document


def test_filling_leaves_the_template_alone() -> None:
    for model in contract("gmi").models.values():
        before = deepcopy(model.outcome)
        fill(model.outcome, {"seconds": 1.0}, URLS)
        assert model.outcome == before
