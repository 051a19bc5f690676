"""What must not be seen of an exchange is not seen, and everything else is."""

import base64
import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import PLAIN_PLACES, cases, exchange, forms
from understudy.clock import ManualClock
from understudy.config import Settings
from understudy.engine import Engine
from understudy.journal import Exchange
from understudy.journal.document import read
from understudy.journal.export import lines
from understudy.journal.har import har
from understudy.journal.redaction import redacted
from understudy.journal.shown import document, mentions


@pytest.mark.parametrize("place", sorted(PLAIN_PLACES))
def test_a_secret_in_any_place_is_not_shown(place: str) -> None:
    secret = "sk-Ab3_dEf4gHijKlmn"
    made = PLAIN_PLACES[place](secret)
    shown = orjson.dumps(document(made)) + redacted(made).request_body
    assert secret.encode() not in shown, shown
    assert b"redacted" in shown


@given(cases)
def test_no_secret_is_shown_whatever_it_is_made_of(case: tuple[Callable[[str], Exchange], str, str]) -> None:
    make, secret, _ = case
    shown = orjson.dumps(document(make(secret)))
    assert not [form for form in forms(secret) if form in shown], shown


@given(st.lists(cases, min_size=2, max_size=4))
def test_secrets_of_the_account_are_not_shown_where_another_exchange_has_them(
    chosen: list[tuple[Callable[[str], Exchange], str, str]],
) -> None:
    known = [secret for _, secret, _ in chosen]
    said = exchange(orjson.dumps({"prompt": " and ".join(known)}))
    shown = orjson.dumps(document(said, known))
    assert not [form for secret in known for form in forms(secret) if form in shown]


@given(st.lists(cases, min_size=1, max_size=3))
def test_no_secret_is_written_down_to_be_played_again(
    cache: Path, chosen: list[tuple[Callable[[str], Exchange], str, str]]
) -> None:
    engine = Engine.build(Settings(cache_dir=cache, seed=1), ManualClock())
    for make, secret, _ in chosen:
        engine.strangers.add(make(secret))
    written = b"".join(lines(engine, [engine.strangers]))
    _, exchanges = read(written)
    bodies = [base64.b64decode(exchange["request"].get("base64", "")) for exchange in exchanges]
    shown = b"\n".join([written, *bodies])
    assert not [form for _, secret, _ in chosen for form in forms(secret) if form in shown]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["prompt", "a b", "seed", "", "ü"]), inner)
    ),
    max_leaves=12,
).filter(lambda value: "://" not in repr(value))


@given(json_values, st.sampled_from([None, 2]))
def test_a_body_without_secrets_stays_as_it_is_to_the_byte(value: object, indent: int | None) -> None:
    body = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else 0)
    seen = redacted(exchange(body, body))
    assert (seen.request_body, seen.response_body, seen.altered) == (body, body, False)


@given(st.binary(max_size=200))
def test_any_bytes_at_all_can_be_shown(body: bytes) -> None:
    orjson.dumps(document(exchange(body, body, headers={"content-type": "text/plain"})))


def test_only_the_secret_of_a_body_is_touched() -> None:
    body = b'[ {"taskType":"authentication",  "apiKey" : "sk-secret-key-1"}, {"n": 1.50, "b":"\\u00e9"} ]'
    assert redacted(exchange(body)).request_body == body.replace(b"sk-secret-key-1", b"redacted")


def test_secrets_can_be_given_names_by_which_they_are_told_apart() -> None:
    names: dict[str, str] = {}
    said = exchange(
        b'{"apiKey":"first-secret","password":"other-secret"}',
        b'{"token":"first-secret"}',
        headers={"x-api-key": "third-one"},
    )
    seen = redacted(said, name=lambda secret: names.setdefault(secret, f"redacted-{len(names) + 1}"))
    assert seen.request_body == b'{"apiKey":"redacted-2","password":"redacted-3"}'
    assert seen.response_body == b'{"token":"redacted-2"}'
    assert dict(seen.request_headers)["x-api-key"] == "redacted-1"


def test_a_magic_value_in_a_key_is_still_seen() -> None:
    seen = redacted(exchange(headers={"x-api-key": "my-key-[[error:invalidKey]]"}))
    assert dict(seen.request_headers)["x-api-key"] == "redacted[[error:invalidKey]]"


def test_what_is_empty_or_no_text_says_so() -> None:
    seen = redacted(exchange(b'{"apiKey":"","token":null,"password":12345678}'))
    assert seen.request_body == b'{"apiKey":"","token":null,"password":0}'


def test_harmless_names_are_left_alone() -> None:
    body = b'{"taskUUID":"a","maxTokens":5,"keyframes":["x"],"monkey":"b","connectionSessionUUID":"c"}'
    seen = redacted(exchange(body, target="/v1?limit=5&cursor=abc", headers={"idempotency-key": "once"}))
    assert seen.request_body == body
    assert seen.target == "/v1?limit=5&cursor=abc"
    assert dict(seen.request_headers)["idempotency-key"] == "once"


def test_media_are_shown_by_their_type_size_and_digest() -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(5_000)
    shown = document(exchange(picture, headers={"content-type": "image/png"}, method="PUT"))
    assert shown["request"]["media"]["type"] == "image/png"
    assert shown["request"]["media"]["size"] == len(picture)
    assert len(shown["request"]["media"]["sha256"]) == 64
    assert "body" not in shown["request"]


def test_media_of_which_the_digest_is_shown_are_not_searched_for_secrets() -> None:
    film = b"ftyp" + b'"apiKey": "a-secret-of-some-length" token=another-secret-indeed'
    told = exchange(b"{}", film, answer_headers={"content-type": "video/mp4"})
    digest = hashlib.sha256(film).hexdigest()
    assert document(told)["response"]["media"]["sha256"] == digest
    assert digest in har([told])["log"]["entries"][0]["response"]["content"]["comment"]
    assert mentions(told, digest[:20])
    assert not mentions(told, "ftyp")


def test_media_that_are_written_down_whole_are_searched_for_secrets() -> None:
    told = exchange(b'{"apiKey": "a-secret-of-some-length"}', headers={"content-type": "application/octet-stream"})
    assert b"a-secret" in redacted(told).request_body
    assert b"a-secret" not in redacted(told, media_sent=True).request_body
    frame = exchange(b'{"apiKey": "a-secret-of-some-length"}\0', transport="websocket")
    assert b"a-secret" not in redacted(frame).request_body


BEGINNINGS = [
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"\0\0\0 ftypisom",
    b"RIFF\0\1\2\3WAVEfmt ",
    b"ID3\4\0\0",
    b"PK\3\4",
]
CAPTIONS = [
    b"api_key=a-secret-of-some-length", b"token=s3cret!", b"https://host/x?Signature=a-secret-of-some-length&a=1",
    b'{"password": "a-secret-of-some-length", "title": "\xc3\xa9t\xc3\xa9"}', b"Bearer a-secret-of-some-length",
    b"known-and-long-enough", "gehe\u00efmnis-key".encode(),
]  # fmt: skip


@given(
    st.sampled_from(BEGINNINGS),
    st.lists(st.tuples(st.sampled_from([*CAPTIONS, b""]), st.binary(max_size=40)), min_size=1, max_size=6),
)
def test_no_secret_is_left_in_the_texts_that_stand_in_media_and_no_other_byte_is_touched(beginning, pieces):
    # A byte that is in no text ends each: who writes on may make another secret of it.
    picture = beginning + b"".join(b"\0" + text + b"\0\xff" + noise for text, noise in pieces)
    told = exchange(picture, headers={"content-type": "image/png"})
    seen = redacted(told, ("known-and-long-enough", "gehe\u00efmnis-key"), media_sent=True).request_body
    for secret in (b"a-secret-of-some-length", b"s3cret!", b"known-and-long", "gehe\u00efmnis".encode()):
        assert secret not in seen
    if not any(text for text, _ in pieces) and b"redacted" not in seen:
        assert seen == picture


def test_a_picture_that_holds_no_text_is_written_down_to_the_byte() -> None:
    picture = BEGINNINGS[0] + random.Random(1).randbytes(200_000)
    told = exchange(picture, headers={"content-type": "image/png", "x-api-key": "known-and-long-enough"})
    seen = redacted(told, media_sent=True)
    assert (seen.request_body, seen.altered) == (picture, False)


def test_media_inside_of_json_are_shown_by_size_and_digest() -> None:
    body = orjson.dumps([{"image": "data:image/png;base64," + "QUJD" * 2_000, "prompt": "a fox"}])
    shown = document(exchange(body))["request"]["body"][0]
    assert shown["image"].startswith("data:image/png;base64,(8000 characters of base64, sha256 ")
    assert shown["prompt"] == "a fox"


@pytest.mark.parametrize(
    "hostile",
    [
        b'"' * 200_000,
        b"eyJ" * 80_000,
        b"name=" * 50_000,
        b"://" * 80_000,
        b"token" * 50_000,
        b"[" * 200_000,
        b'{"a":' * 40_000,
        b"token=" * 40_000,
        b"\\u" * 100_000,
        (b"A" * 2_000 + b" ") * 120,
        b'{"apiKey":"' + b'","apiKey":"'.join(b"secret-%06d" % n for n in range(8_000)) + b'"}',
    ],
    ids=lambda hostile: hostile[:6].decode(),
)
@pytest.mark.timeout(60)
def test_no_body_takes_for_ever_to_be_shown(hostile: bytes) -> None:
    orjson.dumps(document(exchange(hostile, hostile)))
