"""A key is the same key, whatever brings it."""

import asyncio
import json
import uuid

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator_line import Line, line
from stage import video_task
from understudy.wire import bearer, header, said_in


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_a_key_that_is_sent_as_utf_8_is_read_as_it_was_written(key):
    scope = {"type": "http", "headers": [(b"authorization", f"Bearer {key}".encode())]}
    assert bearer(header(scope, b"authorization")) == key


@given(st.binary())
def test_whatever_the_bytes_of_a_header_are_they_say_something(value):
    assert said_in(value).encode("latin-1" if said_in(value).encode() != value else "utf-8") == value


@pytest.mark.parametrize("letters", ["café", "ключ", "鍵", "plain"])
def test_one_key_is_one_account_however_it_comes(server, letters):
    key = f"{letters}-{uuid.uuid4()}"
    told = {"Authorization": f"Bearer {key}".encode()}
    with httpx.Client(base_url=server.url, trust_env=False, verify=False, timeout=30) as http:

        def account(headers):
            answer = http.get("/_understudy/account", headers=headers)
            assert answer.is_success, answer.text
            return answer.json()["id"]

        async def on_a_socket():
            async with line(server) as socket:
                mine = Line(socket)
                await mine.authenticate(key)
                await mine.ask(video_task())

        asyncio.run(on_a_socket())
        mine = account(told)
        by_body = [{"taskType": "authentication", "apiKey": key}, video_task()]
        assert http.post("/v1", json=by_body).is_success
        assert http.post("/v1", json=by_body[:1], headers=told).is_success
        assert http.get("/v2/avatars", headers={"x-api-key": key.encode()}).is_success
        assert http.get("/v1/get-user-credits", headers={"x-api-key": key.encode()}).is_success
        assert http.get("/api/v1/ie/requestqueue/apikey/models", headers=told).is_success
        assert account({"x-api-key": key.encode()}) == mine
        exchanges = http.get("/_understudy/journal", headers=told).json()["exchanges"]
        assert {each["provider"] for each in exchanges} >= {"runware", "heygen", "segmind", "gmi"}
        assert {each["account"] for each in exchanges} == {mine}
        # Its secret is one, too.
        lines = http.get("/_understudy/journal/export", headers=told).text
        shown = json.dumps(lines, ensure_ascii=False)
        assert letters not in shown or letters == "plain"
        assert key not in shown
        assert key.encode().decode("latin-1") not in shown


def test_a_key_that_is_no_utf_8_is_a_key_all_the_same(server):
    key = f"caf\xe9-{uuid.uuid4()}"
    with httpx.Client(base_url=server.url, trust_env=False, verify=False) as http:
        ids = {
            http.get("/_understudy/account", headers={"Authorization": f"Bearer {key}".encode(codec)}).json()["id"]
            for codec in ("latin-1", "utf-8")
        }
    assert len(ids) == 1
