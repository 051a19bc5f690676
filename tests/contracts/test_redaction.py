"""What recordings leave out: a key never gets into a file, and what checks look at stays."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy_contracts.checks import Exchange, Webhook
from understudy_contracts.harness.leaks import Keys, Leak
from understudy_contracts.harness.recorder import Recorder
from understudy_contracts.harness.redaction import Redactor
from understudy_contracts.operations import operations
from understudy_contracts.provider import contract

KEY = "sk-Live+Abc/123=xyz_9876-QRSTUV"
UUID = "b8a0b08e-e8d5-433c-8527-4397dfa76806"
LETTERS = "ABCDEFGHKLMNPQRSTUVWXYZabcdefghkmnpqrstuvwxyz23456789"

keys = st.text(f"{LETTERS}-_.+/=~", min_size=16, max_size=48).filter(lambda key: len(set(key)) > 8)


def everywhere(text: str, upper: bool = True) -> str:
    return "".join(f"%{code:02X}" if upper else f"%{code:02x}" for code in text.encode())


def wrapped(text: str) -> str:
    code = base64.b64encode(f"some words before: {text}".encode()).decode()
    return "\r\n".join(code[begin : begin + 20] for begin in range(0, len(code), 20))


#: The ways to write a text down, which can be put into one another.
ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "in words": lambda text: f"The key {text}, I believe, is wrong.",
    "among letters": lambda text: f"aZ0{text}9zA",
    "percent": lambda text: quote(text, safe=""),
    "percent, every character": everywhere,
    "percent in small letters": lambda text: everywhere(text, upper=False),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of a user and a password": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(f"k{text}".encode()).decode().rstrip("="),
    "base64 on several lines": wrapped,
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal behind a digit": lambda text: f"7{text.encode().hex().upper()}",
    "JSON": json.dumps,
    "JSON in which every character is escaped": lambda text: '"' + "".join(f"\\u{ord(one):04x}" for one in text) + '"',
    "JSON of an authentication": lambda text: json.dumps([{"taskType": "authentication", "apiKey": text}]),
    "an address": lambda text: f"wss://ws-api.runware.ai/v1?apiKey={quote(text, safe='')}&a=1",
    "a path": lambda text: f"https://h.example/v1/{quote(text, safe='')}/x.mp4",
    "a user of an address": lambda text: f"https://me:{quote(text, safe='')}@h.example/",
    "a bearer": lambda text: f"Bearer {text}",
    "HTML": lambda text: "".join(f"&#{ord(one)};" for one in text),
}

#: The places of an exchange that a text can be in.
PLACES: dict[str, Callable[[str], Exchange]] = {
    "a header": lambda text: made(sent={"x-note": text}),
    "authorization": lambda text: made(sent={"authorization": f"Bearer {text}"}),
    "x-api-key": lambda text: made(sent={"x-api-key": text}),
    "a header's name": lambda text: made(headers={text: "1"}),
    "an answer's header": lambda text: made(headers={"location": text}),
    "the path": lambda text: made(path=f"/v1/{text}"),
    "the query": lambda text: made(path=f"/v1?a=1&x={text}"),
    "a named parameter": lambda text: made(path=f"/v1?apiKey={text}"),
    "the fragment": lambda text: made(path=f"/v1#{text}"),
    "the request": lambda text: made(request=[{"taskType": "authentication", "apiKey": text}]),
    "a value": lambda text: made(body={"data": [{"a": ["x", text]}]}),
    "a name": lambda text: made(body={"data": {text: 1}}),
    "all of it": lambda text: made(body=text),
    "a page": lambda text: made(content=f"<p>{text}</p>".encode(), headers={"content-type": "text/html"}),
    "the operation": lambda text: made(operation=text),
    "the method": lambda text: made(method=text),
}


def made(request: Any = None, body: Any = None, **rest: Any) -> Exchange:
    return Exchange(request, 200, body, 1.0, **rest)


def parts(key: str) -> set[str]:
    """Every twelve characters of a key, plainly and in every encoding."""
    found = set()
    for begin in range(len(key) - 11):
        part = key[begin : begin + 12]
        found |= {part.encode().hex(), part.encode().hex().upper()}
        found |= {part, quote(part, safe=""), everywhere(part), everywhere(part, upper=False)}
        found |= {"".join(f"\\u{ord(one):04x}" for one in part), "".join(f"&#{ord(one)};" for one in part)}
        for before in range(3):
            # Those characters of base64 that nothing but the part has a say in.
            code = base64.b64encode(b"\0" * before + part.encode()).decode().rstrip("=")
            inner = code[(0, 2, 3)[before] : len(code) - (len(code) % 4 > 0)]
            found |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    return found | {json.dumps(form)[1:-1] for form in found}


def strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, item in value.items():
                yield name
                yield from strings(item)
        case list():
            for item in value:
                yield from strings(item)


def files(directory: Path) -> Iterator[str]:
    """Everything that is in the files of a recording, as it stands and as JSON reads it."""
    for file in directory.rglob("*"):
        if file.is_file():
            text = file.read_bytes().decode("utf-8", "replace")
            yield text
            if file.suffix in (".json", ".jsonl"):
                for line in [text] if file.suffix == ".json" else text.splitlines():
                    yield from strings(json.loads(line))


@given(key=keys, encodings=st.lists(st.sampled_from(sorted(ENCODINGS)), max_size=2), data=st.data())
def test_a_key_gets_into_no_file_wherever_it_is_and_however_it_is_written(
    key: str, encodings: list[str], data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, len(key) - 12))
    text = key[begin : data.draw(st.integers(begin + 12, len(key)))]
    for name in encodings:
        text = ENCODINGS[name](text)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "recording"
        told = {"provider": "runware", "seed": 1, "version": "1", "date": "2026-11-21T12:00:00Z", "keys": [key]}
        target = f"https://me:{quote(text, safe='')}@h.example/v1?apiKey={quote(text, safe='')}"
        with Recorder(path, target=target, run={"as": text, text: 1}, **told) as recorder:  # type: ignore[arg-type]
            for make in PLACES.values():
                recorder.note(make(text), {"expected": {"text": text}})
            recorder.webhook(Webhook({"data": [text]}, 2.0, headers={"x-note": text}), {text: text})
            recorder.begin(text)
            recorder.done(text, "passed", text, more=[text])
        shown = "\n".join(files(path))
    assert [part for part in parts(key) if part in shown] == []


def test_the_parts_that_are_looked_for_are_found_in_what_gives_a_key_away():
    for encode in ENCODINGS.values():
        shown = encode(KEY)
        assert any(part in text for part in parts(KEY) for text in (shown, shown.replace("\r\n", "")))


@pytest.mark.parametrize("name", ENCODINGS)
def test_each_way_of_writing_a_key_down_is_known(name):
    known = Keys([KEY])
    assert known.leak(ENCODINGS[name](KEY))
    assert known.leak(ENCODINGS[name](KEY[5:17]))
    assert not known.leak(ENCODINGS[name](KEY[5:16]))
    for inner in ENCODINGS.values():
        assert known.leak(ENCODINGS[name](inner(KEY)))


def test_what_would_give_a_key_away_is_not_written(tmp_path):
    told = {"provider": "gmi", "target": "https://h.example", "seed": 1, "version": "1", "keys": [KEY]}
    with Recorder(tmp_path / "one", date="2026-11-21", **told) as recorder:
        before = (tmp_path / "one" / "exchanges.jsonl").read_bytes()
        with pytest.raises(Leak, match=r"^A file that was answered would give away an API key") as caught:
            recorder.note(made(content=b"\0\xff" + KEY.encode() + b"\0", headers={"content-type": "video/mp4"}))
        assert KEY[:12] not in str(caught.value)
        assert (tmp_path / "one" / "exchanges.jsonl").read_bytes() == before
        assert not (tmp_path / "one" / "media").exists()


def test_the_last_look_does_not_rely_on_the_first():
    with pytest.raises(Leak, match="This line"):
        Redactor([KEY]).sweep(f'{{"a":"{everywhere(KEY[3:15])}"}}'.encode(), "This line")


def test_a_short_key_is_taken_out_of_its_own_place_only():
    seen = Redactor(["any"]).exchange(made({"prompt": "many"}, sent={"x-api-key": "any", "a": "many"}))
    assert seen.sent == {"x-api-key": "<key>", "a": "many"}
    assert seen.request == {"prompt": "many"}


def test_several_keys_are_told_apart():
    one, other = KEY, "another-key-0123456789"
    shown = Redactor([one, other]).value({"a": one, "b": [other, f"{one} and {other}"]})
    assert shown == {"a": "<key>", "b": ["<key-2>", "<key> and <key-2>"]}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (
            "https://h.example/a/b.mp4?X-Amz-Date=1&X-Amz-Expires=900&X-Amz-Credential=AKIA/1&X-Amz-Signature=0123ab",
            "https://h.example/a/b.mp4?X-Amz-Date=1&X-Amz-Expires=900&X-Amz-Credential=<signed>&X-Amz-Signature=<signed>",
        ),
        (
            "https://s.example/u/x.png?GoogleAccessId=a%40b.example&Expires=1762215580&Signature=ab%2Bcd",
            "https://s.example/u/x.png?GoogleAccessId=<signed>&Expires=<signed>&Signature=<signed>",
        ),
        ("wss://ws-api.runware.ai/v1?apiKey=other&a=1", "wss://ws-api.runware.ai/v1?apiKey=<secret>&a=1"),
        ("/v1?key=a-key&token=b;x=2", "/v1?key=<secret>&token=<secret>;x=2"),
        ("https://me:word@h.example/x#y", "https://h.example/x#y"),
        ("/v1/x?to=a%40b.example&q=%7E%20", "/v1/x?to=<email>&q=%7E%20"),
        ("http://127.0.0.1:8899/v1?x=10.1.2.3", "http://127.0.0.1:8899/v1?x=<ip>"),
        ("/v1/models?page=2&model_id=heygen-avatar-4", "/v1/models?page=2&model_id=heygen-avatar-4"),
    ],
)
def test_an_address_keeps_its_host_and_path_and_loses_what_signs_it(address, shown):
    assert plainly(Redactor([KEY]).address(address)) == shown
    assert plainly(Redactor([KEY]).text(f"See {address} .")).startswith("See ") or address.startswith("/")


def plainly(text: str) -> str:
    """Without the numbers that tell secrets apart."""
    import re
    from urllib.parse import unquote

    text = re.sub(r"%3C[a-z]+-[0-9a-f]{8}%3E", lambda found: unquote(found[0]), text)
    text = re.sub(r"<([a-z]+)-[0-9a-f]{8}>", r"<\1>", text)
    return re.sub(r"\b24\d\.\d+\.\d+\.\d+|\b25[0-5]\.\d+\.\d+\.\d+", "<ip>", text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("write to ann.lee+x@mail.example, please", "write to <email>, please"),
        ("from 10.1.2.3 and 8.8.8.8:443", "from <ip> and <ip>:443"),
        ("at 127.0.0.1, ::1 and 0.0.0.0", "at 127.0.0.1, ::1 and 0.0.0.0"),
        ("at 12:34:56 of heygen:avatar@4, 1.25.3", "at 12:34:56 of heygen:avatar@4, 1.25.3"),
        ("std::vector, a::b, 2026-11-21T12:00:00Z", "std::vector, a::b, 2026-11-21T12:00:00Z"),
        ("use Bearer abcdefghijklmnopqrst now", "use Bearer <secret> now"),
        ("api_key=abcdef, x=1", "api_key=<secret>, x=1"),
        ('{"a":{"apiKey":"abc"},"b":[1.50]}', '{"a": {"apiKey": "<secret>"}, "b": [1.5]}'),
        ('{"a": 1,"b":[1.50]}', '{"a": 1,"b":[1.50]}'),
        ("{not JSON, token=abc}", "{not JSON, token=<secret>}"),
        (
            "Invalid API key. Get one at https://my.runware.ai/keys",
            "Invalid API key. Get one at https://my.runware.ai/keys",
        ),
    ],
)
def test_what_is_known_by_its_form_is_taken_out_of_any_text(text, shown):
    assert plainly(Redactor([KEY]).text(text)) == shown


def test_an_ip_address_of_the_new_kind_is_taken_out():
    shown = Redactor([KEY]).text("from 2606:4700:10::6816:1 there")
    assert shown.startswith("from 2001:db8::")
    assert "2606" not in shown


def test_cookies_are_taken_out():
    seen = Redactor().exchange(made(sent={"cookie": "a=b"}, headers={"set-cookie": "session=c; HttpOnly", "x": "y"}))
    assert {name: plainly(value) for name, value in (seen.sent | seen.headers).items()} == {
        "cookie": "<cookie>", "set-cookie": "<cookie>", "x": "y",
    }  # fmt: skip


def test_the_same_secret_is_called_the_same_everywhere_and_by_who_goes_on_later():
    exchange = made({"email": "ann@mail.example"}, {"to": "ann@mail.example", "cc": "bob@mail.example"})
    one = Redactor([KEY], "gmi").exchange(exchange)
    assert one.request["email"] == one.body["to"] != one.body["cc"]
    assert Redactor([KEY], "gmi").exchange(exchange) == one
    assert Redactor(["another-key-0123456789"], "gmi").exchange(exchange) != one


def test_without_a_key_nobody_can_tell_who_is_meant_from_what_stands_there():
    assert Redactor().text("ann@mail.example") != Redactor().text("ann@mail.example")


def test_what_an_answer_tells_about_itself_is_taken_out_of_its_address_too():
    org = "9c1f2b3a-0d4e-4f5a-8b6c-7d8e9f0a1b2c"
    media = f"https://storage.googleapis.com/gmi-video-assests-prod/user-assets/{org}/gmi-videogen/generated/x.mp4"
    record = {"request_id": UUID, "org_id": org, "outcome": {"media_urls": [{"id": "0", "url": media}]}}
    redactor = Redactor([KEY], "gmi")
    path = f"http://127.0.0.1:1/gmi/gmi-video-assests-prod/user-uploads/{org}/x.png"
    first = redactor.exchange(made(path=path))
    then = redactor.exchange(made(None, record, headers={"x-organization-id": org}))
    shown = then.body["org_id"]
    assert org not in str((first, then))
    assert shown.startswith("00000000-0000-4000-8000-")
    assert first.path == path.replace(org, shown)
    assert then.body == json.loads(json.dumps(record).replace(org, shown))
    assert then.headers["x-organization-id"] == shown


@pytest.mark.parametrize("provider", ["runware", "gmi", "segmind", "heygen"])
def test_private_places_are_ones_that_the_contract_has(provider):
    from understudy_contracts.data import folder, read

    document = read(folder(provider).joinpath("private.json"), "private")
    schemas = json.dumps([dict(body) for body in contract(provider).schemas.values()])
    parameters = {one.name for operation in operations(provider).values() for one in operation.parameters}
    assert document["provider"] == provider
    for row in document["places"]:
        if row["in"] == "body":
            assert all(f'"{name}": ' in schemas for name in row["name"].split(".")), row
        else:
            assert row["name"] in parameters, row


def test_runware_accounts_are_private_and_their_balance_is_not():
    told = {
        "taskType": "accountManagement", "taskUUID": UUID, "operation": "getDetails", "balance": {"amount": 12.5},
        "organizationUUID": "5893b754-1341-468b-a130-0c8c07d4e68f", "organizationName": "Acme",
        "team": [{"name": "Ann Lee", "email": "ann@mail.example", "roles": ["admin"]}],
        "apiKeys": [{"name": "laptop of Ann", "apiKey": "abc***xyz", "enabled": True, "requests": 7}],
    }  # fmt: skip
    shown = Redactor([KEY], "runware").value({"data": [told]})["data"][0]
    hidden = {"organizationUUID", "organizationName", "team", "apiKeys"}
    assert {name for name in told if shown[name] != told[name]} == hidden
    assert not any(word in str(shown) for word in ("Acme", "Ann", "ann@", "abc*", "5893b754"))
    assert shown["team"][0]["roles"] == ["admin"]
    assert (shown["apiKeys"][0]["enabled"], shown["apiKeys"][0]["requests"]) == (True, 7)
    assert contract("runware").judge("account-management-answer").violations(shown) == []


harmless = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(f"{LETTERS} ,.!?()"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["taskUUID", "cost", "status", "a b", "maxTokens"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=harmless, number=st.uuids(version=4))
def test_what_holds_no_secret_stays_as_it_is(value: Any, number: Any) -> None:
    body = {
        "data": value,
        "taskUUID": str(number),
        "videoURL": f"https://vm.runware.ai/video/os/a1/ws/5/vi/{number}.mp4",
    }
    exchange = made(value, body, path=f"/v2/requests/{number}/status", headers={"x-request-id": str(number)})
    assert Redactor([KEY], "segmind").exchange(exchange) == exchange


@given(value=st.recursive(st.text() | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_redacting_twice_is_redacting_once(value: Any) -> None:
    redactor = Redactor([KEY], "gmi")
    once = redactor.value({"data": value, "note": "ann@mail.example, 10.0.0.1", "token": "abc", "org_id": UUID})
    assert redactor.value(once) == once


def test_bytes_are_told_by_their_digest():
    assert Redactor().value({"file": b"abc"})["file"].startswith("<3 bytes, sha256 ba7816bf")
