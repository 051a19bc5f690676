"""Everything is on the record: bounded, found again, and shown page by page."""

import hashlib
import json
import sys
import tracemalloc
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from exchanges import exchange
from understudy.journal import BODY_KEPT, BadFilter, Exchange, Filters, Journal
from understudy.journal.shown import document


def filled(count: int, **facts: Any) -> Journal:
    journal = Journal()
    for number in range(1, count + 1):
        journal.add(exchange(number=number, **facts))
    return journal


def numbers(exchanges: Any) -> list[int]:
    return [each.number for each in exchanges]


class Record(RuleBasedStateMachine):
    """A journal against a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal(limit=5, max_bytes=2_000)
        self.model: list[Exchange] = []
        self.gone = 0
        self.count = 0

    @rule(size=st.integers(0, 900))
    def add(self, size: int) -> None:
        self.count += 1
        made = exchange(b"x" * size, b"", number=self.count)
        self.journal.add(made)
        self.model.append(made)
        while len(self.model) > 5 or sum(one.weight for one in self.model) > 2_000:
            del self.model[0]
            self.gone += 1

    @rule()
    def clear(self) -> None:
        assert self.journal.clear() == len(self.model)
        self.model, self.gone = [], 0

    @rule(limit=st.integers(1, 4), newest_first=st.booleans())
    def read_page_by_page(self, limit: int, newest_first: bool) -> None:
        seen: list[int] = []
        cursor: int | None = None
        while True:
            filters = Filters(before=cursor) if newest_first else Filters(since=cursor)
            page = self.journal.find(filters, limit=limit, newest_first=newest_first)
            seen += numbers(page.items)
            assert page.evicted == self.gone
            cursor = page.next
            if cursor is None:
                break
        assert seen == sorted(numbers(self.model), reverse=newest_first)

    @invariant()
    def holds_the_newest_within_its_bounds(self) -> None:
        assert numbers(self.journal) == numbers(self.model)
        assert len(self.journal) == len(self.model)
        assert self.journal.evicted == self.gone


TestRecord = Record.TestCase


def test_pages_stay_the_same_while_new_exchanges_come_in() -> None:
    journal = filled(6)
    first = journal.find(limit=3)
    journal.add(exchange(number=7))
    second = journal.find(Filters(before=first.next), limit=3)
    assert (numbers(first.items), numbers(second.items), second.next) == ([6, 5, 4], [3, 2, 1], None)


def test_exchanges_are_told_in_the_order_in_which_they_began() -> None:
    journal = Journal()
    for number in (2, 3, 1):
        journal.add(exchange(number=number))
    assert numbers(journal) == [1, 2, 3]
    assert numbers(journal.find(limit=2, newest_first=False).items) == [1, 2]


def test_a_page_tells_how_many_there_are() -> None:
    assert filled(6).find(Filters(since=2), limit=3).matching == 4


def test_an_exchange_is_found_by_its_number() -> None:
    journal = filled(3)
    found = journal.get(2)
    assert found is not None
    assert found.number == 2
    assert journal.get(9) is None


def test_a_journal_of_no_size_keeps_nothing_and_says_so() -> None:
    journal = Journal(limit=0)
    journal.add(exchange())
    assert (len(journal), journal.evicted) == (0, 1)


@given(st.lists(st.binary(min_size=1, max_size=120_000).map(lambda chunk: chunk * 3), min_size=1, max_size=5))
def test_a_long_body_is_kept_cut_with_its_size_and_a_digest_of_all_of_it(chunks: list[bytes]) -> None:
    made = Exchange(1, 0.0, "http", "POST", "/", [])
    for chunk in chunks:
        made.heard(chunk)
        made.said(chunk)
    whole = b"".join(chunks)
    assert made.request_body == made.response_body == whole[:BODY_KEPT]
    assert made.request_size == made.response_size == len(whole)
    if len(whole) > BODY_KEPT:
        assert made.response_digest.hexdigest() == hashlib.sha256(whole).hexdigest()
    else:
        assert made.response_digest is None


def test_a_long_body_is_kept_cut() -> None:
    made = exchange(b"a" * BODY_KEPT + b"b")
    assert made.request_body == b"a" * BODY_KEPT
    shown = document(made)["request"]
    assert (shown["size"], shown["cut"]) == (BODY_KEPT + 1, True)
    assert shown["sha256"] == hashlib.sha256(b"a" * BODY_KEPT + b"b").hexdigest()


def test_of_long_media_only_the_digest_is_kept() -> None:
    made = Exchange(1, 0.0, "http", "GET", "/", [])
    made.response_headers = [(b"content-type", b"video/mp4")]
    for _ in range(6):
        made.said(b"v" * 65_536)
    assert made.response_body == b""
    shown = document(made)["response"]["media"]
    assert (shown["size"], shown["sha256"]) == (6 * 65_536, hashlib.sha256(b"v" * 65_536 * 6).hexdigest())
    assert made.response_digest.hexdigest() == hashlib.sha256(b"v" * 65_536 * 6).hexdigest()


def test_bodies_are_kept_without_copying_them() -> None:
    body = b"x" * 100_000
    made = exchange(body)
    journal = Journal()
    tracemalloc.start()
    journal.add(made)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made.request_body is body
    assert peak < 20_000


def test_a_journal_with_nothing_in_it_weighs_next_to_nothing() -> None:
    journal = Journal()
    assert sys.getsizeof(journal) + sys.getsizeof(journal._exchanges) < 150


EXCHANGES = {
    "submit": exchange(
        b'[{"taskType":"videoInference","positivePrompt":"A red fox"}]', number=1, provider="runware", operation="submit",
        model="klingai:5@3", job="abc", headers={"authorization": "Bearer a-very-secret-key"},
    ),
    "poll": exchange(method="GET", target="/api/v1/ie/requests/abc?x=1", number=2, provider="gmi", operation="poll", job="abc"),
    "refused": exchange(number=3, provider="gmi", operation="submit", status=429, faults=("rule-1", "header:limit")),
    "broken": exchange(number=4, provider="segmind", operation="submit", status=502, faults=("rule-2",)),
    "lost": exchange(answer=b"", number=5, provider="segmind", operation="poll", status=None, ended="reset", considered=(("rule-9", "the model is another"),)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"provider": "gmi"}, [2, 3]),
        ({"operation": "submit"}, [1, 3, 4]),
        ({"provider": "gmi", "operation": "submit"}, [3]),
        ({"model": "klingai:5@3"}, [1]),
        ({"job": "ABC"}, [1, 2]),
        ({"status": "200"}, [1, 2]),
        ({"status": "4xx"}, [3]),
        ({"status": "5XX"}, [4]),
        ({"status": "none"}, [5]),
        ({"fault": "any"}, [3, 4]),
        ({"fault": "none"}, [1, 2, 5]),
        ({"fault": "header:limit"}, [3]),
        ({"method": "get"}, [2]),
        ({"path": "/requests/"}, [2]),
        ({"path": "x=1"}, [2]),
        ({"text": "RED fox"}, [1]),
        ({"text": "model is another"}, [5]),
        ({"text": "a-very-secret-key"}, []),
        ({"text": "redacted"}, [1]),
        ({"since": "3"}, [4, 5]),
        ({"before": "3"}, [1, 2]),
        ({"since": "1", "before": "4", "provider": "gmi"}, [2, 3]),
    ],
)
def test_exchanges_are_found_by_what_they_are(asked: dict[str, str], expected: list[int]) -> None:
    journal = Journal()
    for made in EXCHANGES.values():
        journal.add(made)
    assert numbers(journal.find(Filters.parse(asked), newest_first=False).items) == expected


def test_what_cannot_be_looked_for_is_refused_with_every_problem() -> None:
    with pytest.raises(BadFilter) as refused:
        Filters.parse({"statsu": "200", "status": "2x", "since": "yesterday"})
    misspelt, since, status = refused.value.problems
    assert misspelt.startswith("there is no filter 'statsu': did you mean status")
    assert since.startswith("since is the number")
    assert status.startswith("status is a number")


def test_an_exchange_shows_all_that_is_known_of_it() -> None:
    made = EXCHANGES["submit"]
    shown = orjson.loads(orjson.dumps(document(made)))
    assert shown["number"] == 1
    assert (shown["at"], shown["time"]) == ("2025-06-15T15:06:40.250Z", 1_750_000_000.25)
    assert (shown["provider"], shown["operation"], shown["model"], shown["job"]) == (
        "runware",
        "submit",
        "klingai:5@3",
        "abc",
    )
    assert shown["request"]["headers"] == [["host", "127.0.0.1:8899"], ["authorization", "Bearer redacted"]]
    assert shown["request"]["body"] == [{"taskType": "videoInference", "positivePrompt": "A red fox"}]
    assert shown["response"]["status"] == 200
    assert shown["response"]["body"] == {"ok": True}
    assert document(EXCHANGES["lost"])["response"] is None
    assert document(EXCHANGES["lost"])["considered"] == [{"rule": "rule-9", "why": "the model is another"}]


def test_text_and_bytes_are_shown_as_what_they_are() -> None:
    assert document(exchange(b"<html>"))["request"]["body"] == "<html>"
    shown = document(exchange(b"\xff\xfe!"))["request"]
    assert (shown["encoding"], shown["body"]) == ("base64", "//4h")


def test_frames_are_shown_one_by_one() -> None:
    body = b'{"data":[]}\n{"errors":[1]}'
    shown = document(exchange(b"", body, method="PUSH", transport="websocket", connection=7))
    assert shown["response"]["frames"] == [{"data": []}, {"errors": [1]}]
    assert shown["connection"] == 7


def test_frames_are_kept_a_line_each() -> None:
    made = exchange(b"", b"", method="PUSH")
    made.said_frame('{"data":[]}')
    made.said_frame('{"errors":[]}')
    assert made.response_body == b'{"data":[]}\n{"errors":[]}'


def test_frames_that_are_longer_than_what_is_kept_are_counted_all_the_same() -> None:
    made = exchange(b"[]", b"", method="SEND", status=None, transport="websocket", connection=7)
    for frame in ("[1]", json.dumps("x" * BODY_KEPT), "[2]", "[3]"):
        made.said_frame(frame)
    shown = document(made)["response"]
    assert (shown["cut"], shown["frames_said"], shown["frames_whole"]) == (True, 4, 1)
    assert shown["frames"][0] == [1]
    assert shown["size"] == made.response_size


@pytest.mark.parametrize("said", [[""], ["", ""], ["", '{"data":[]}'], ['{"data":[]}', "", '{"data":[']])
def test_an_empty_frame_is_a_frame(said: list[str]) -> None:
    made = exchange(b"[]", b"", method="SEND", status=None, transport="websocket", connection=7)
    for frame in said:
        made.said_frame(frame)
    assert made.frames == len(said)
    assert document(made)["response"]["frames"] == [{"data": []} if frame.endswith("}") else frame for frame in said]


def test_a_request_of_very_many_parts_tells_of_the_first_what_did_not_strike_them() -> None:
    made = exchange()
    for part in range(1_000):
        made.consider(tuple((f"rule-{rule}", f"part {part}") for rule in range(20)))
    told = document(made)["considered"]
    assert [one["why"] for one in told[:100]] == [f"part {part}" for part in range(5) for _ in range(20)]
    assert told[100:] == [{"rule": "…", "why": "19900 more reasons, of the rest of the request, are not told"}]


def test_why_rules_did_not_strike_counts_as_what_an_exchange_weighs() -> None:
    journal = Journal(max_bytes=10_000)
    for number in range(10):
        journal.add(exchange(number=number, considered=(("rule-1", "x" * 3_000),)))
    assert len(journal) == 3
