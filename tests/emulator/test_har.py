"""The archive of a journal is one that browsers open, and has no secrets in it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft6Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT6

from exchanges import cases, exchange, forms
from understudy.journal import Exchange
from understudy.journal.har import har

_SCHEMAS = json.loads((Path(__file__).parent / "data" / "har-1.2.json").read_text())["schemas"]
_REGISTRY: Registry[Any] = Registry().with_resources((schema["$id"], Resource(schema, DRAFT6)) for schema in _SCHEMAS)
_VALIDATOR = Draft6Validator({"$ref": "har.json#"}, registry=_REGISTRY, format_checker=Draft6Validator.FORMAT_CHECKER)


def checked(exchanges: list[Exchange]) -> list[dict[str, Any]]:
    archive = orjson.loads(orjson.dumps(har(exchanges)))
    assert not [f"{list(error.path)}: {error.message}" for error in _VALIDATOR.iter_errors(archive)]
    for entry in archive["log"]["entries"]:
        assert entry["time"] == sum(part for part in entry["timings"].values() if part >= 0)
    return list(archive["log"]["entries"])


def test_the_schema_refuses_what_is_no_archive() -> None:
    archive = har([exchange()])
    del archive["log"]["entries"][0]["response"]["content"]["mimeType"]
    assert not _VALIDATOR.is_valid(archive)


def test_an_exchange_is_told_as_it_was() -> None:
    said = exchange(
        b'[{"taskType":"getResponse"}]', b'{"data":[]}', target="/v1?dry=1", status=200, seconds=0.25, faults=("delay",),
        headers={"content-type": "application/json"}, provider="runware",
    )  # fmt: skip
    (entry,) = checked([said])
    assert entry["request"]["url"] == "http://127.0.0.1:8899/v1?dry=1"
    assert entry["request"]["queryString"] == [{"name": "dry", "value": "1"}]
    assert entry["request"]["postData"] == {"mimeType": "application/json", "text": '[{"taskType":"getResponse"}]'}
    assert entry["response"]["content"] == {"size": 11, "mimeType": "application/json", "text": '{"data":[]}'}
    assert (entry["response"]["status"], entry["response"]["statusText"]) == (200, "OK")
    assert entry["time"] == 250
    assert entry["startedDateTime"] == "2025-06-15T15:06:40.250Z"
    assert (entry["_understudy"]["provider"], entry["_understudy"]["faults"]) == ("runware", ["delay"])


def test_an_answer_that_never_came_has_the_status_0() -> None:
    (entry,) = checked([exchange(answer=b"", status=None, ended="reset")])
    assert entry["response"]["status"] == 0


def test_media_are_told_by_their_digest() -> None:
    video = exchange(method="GET", answer=b"\0" * 500_000, answer_headers={"content-type": "video/mp4"})
    (entry,) = checked([video])
    content = entry["response"]["content"]
    assert (content["size"], content["mimeType"]) == (500_000, "video/mp4")
    assert "text" not in content
    assert content["comment"].startswith("500000 bytes, sha256 ")


def test_a_websocket_is_one_entry_with_its_messages_in_order() -> None:
    socket = {"transport": "websocket", "connection": 1, "scheme": "ws", "target": "/v1"}
    frames = [
        exchange(method="GET", answer=b"", status=101, number=1, **socket),
        exchange(b'[{"taskType":"authentication","apiKey":"a-long-secret"}]', b'{"data":[]}', method="SEND", status=None, number=2, **socket),
        exchange(method="GET", number=3),
        exchange(b"", b'{"data":[1]}\n{"errors":[2]}', method="PUSH", status=None, number=4, **socket),
        exchange(b"", b"", method="CLOSE", status=1000, number=5, **socket),
    ]  # fmt: skip
    entry, other = checked(frames)
    assert entry["request"]["url"] == "ws://127.0.0.1:8899/v1"
    assert (entry["_resourceType"], entry["response"]["status"]) == ("websocket", 101)
    assert [(message["type"], message["data"]) for message in entry["_webSocketMessages"]] == [
        ("send", '[{"taskType":"authentication","apiKey":"redacted"}]'),
        ("receive", '{"data":[]}'),
        ("receive", '{"data":[1]}'),
        ("receive", '{"errors":[2]}'),
    ]
    assert "_webSocketMessages" not in other


def test_of_frames_longer_than_what_is_kept_the_last_message_tells_how_many_there_were() -> None:
    frame = exchange(b"[]", b"", method="SEND", status=None, transport="websocket", connection=1, scheme="ws")
    for text in ("[1]", "x" * 300_000, "[2]"):
        frame.said_frame(text)
    (entry,) = checked([frame])
    _, first, last = entry["_webSocketMessages"]
    assert "comment" not in first
    assert last["comment"].startswith("cut: of 3 frames 1 are here from beginning to end; they are 300008 bytes")


def test_a_websocket_whose_opening_is_forgotten_is_an_entry_all_the_same() -> None:
    frame = exchange(b"[]", method="SEND", status=None, transport="websocket", connection=1, scheme="ws", number=9)
    (entry,) = checked([frame])
    assert (entry["request"]["method"], entry["response"]["status"]) == ("GET", 101)
    assert len(entry["_webSocketMessages"]) == 2


@given(st.lists(cases, min_size=1, max_size=3))
def test_no_secret_is_in_an_archive(chosen: list[tuple[Callable[[str], Exchange], str, str]]) -> None:
    content = orjson.dumps(checked([make(secret) for make, secret, _ in chosen]))
    assert not [form for _, secret, _ in chosen for form in forms(secret) if form in content]


@given(
    st.binary(max_size=60), st.sampled_from(["text/plain", "application/json", "image/png", ""]), st.integers(100, 599)
)
def test_whatever_was_exchanged_makes_an_archive(body: bytes, kind: str, status: int) -> None:
    headers = {"content-type": kind}
    checked([exchange(body, body, headers=headers, answer_headers=headers, status=status)])
