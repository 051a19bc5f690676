"""Whoever is asked: nobody is taken for a stand-in who is a provider, and rubbish is no reason to break down."""

import gzip
import json
import time
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy_contracts.harness import Bench, Remote, Unreachable
from understudy_contracts.harness.reading import parsed
from understudy_contracts.hosts import hosts, provider_at
from understudy_contracts.provider import contract
from understudy_contracts.requests import Request
from website import Handler, website

CREDITS = contract("segmind").operations["getCredits"]


@contextmanager
def answering(content, **headers):
    """A server that has one answer to everything: yields its address, and what it was asked."""
    asked, headers = [], {name.replace("_", "-"): value for name, value in headers.items()}

    class Fixed(Handler):
        def get(self):
            asked.append(self.path)
            self.answer(content, headers=headers)

    with website(Fixed) as url:
        yield url, asked


@given(
    st.sampled_from(["runware", "gmi", "segmind", "heygen"]).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from([one.name for one in hosts(name)]))
    ),
    st.sampled_from([".", "\u3002", "\uff0e", "\uff61", "%2e"]),
    st.sampled_from(["", ".", "\u3002"]),
    st.sampled_from([str, str.upper, lambda host: host.replace("m", "\uff4d"), lambda host: f"new.{host}"]),
)
def test_a_providers_host_is_known_however_it_is_written(told, dot, end, changed):
    provider, host = told
    assert provider_at(changed(host).replace(".", dot) + end) == provider


@pytest.mark.parametrize("host", ["", "127.0.0.1", "::1", "localhost", "segmind.example", "mysegmind.com", "a..b", "."])
def test_another_host_is_no_providers(host):
    assert provider_at(host) == ""


def test_a_stand_in_that_sends_on_to_a_provider_is_not_followed():
    told = {"providers": {"segmind": {"hosts": {CREDITS.host: "http://api.segmind.com:1"}}}}
    with answering(json.dumps(told).encode()) as (url, _), Remote.at(url) as remote:
        with pytest.raises(Unreachable, match="segmind's own"):
            remote.ask(CREDITS, Request("GET", "/v1/get-user-credits", {}, None))
        with pytest.raises(Unreachable, match="segmind's own"):
            remote.ask(CREDITS, Request("GET", "http://api.segmind\u3002com:1/x", {}, None))
        with pytest.raises(Unreachable, match="segmind's own"):
            remote.say(CREDITS, Request("GET", "/v1", {}, None), None)


@pytest.mark.parametrize(
    "content",
    [
        b"<html></html>",
        b"\xff\xfe",
        b"[" * 200_000,
        b"[]",
        b"null",
        b'"now is no route"',
        b'{"now": "here", "providers": {"gmi": {}}}',
        b'{"now": 5, "providers": {}}',
        b'{"providers": []}',
        b'{"providers": {"gmi": "x"}}',
        b'{"providers": {"gmi": {"hosts": 5, "switches": 3}}}',
        b'{"providers": {"gmi": {"hosts": {"api.x": 7}, "switches": {"new": 3}}, "nobody": {"switches": {"a": "b"}}}}',
    ],
)
def test_a_server_that_tells_of_itself_what_nobody_knows_is_asked_as_any_other(content):
    with answering(content) as (url, asked), Remote.at(url) as remote:
        assert not any(remote.switches.values())
        assert Bench.find(url, "key") is None
        answer = remote.ask(CREDITS, Request("GET", "/v1/get-user-credits", {}, None))
        assert answer.status == 200
        assert asked[-1] == "/v1/get-user-credits"


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}"), ('[1,{"a":[', "]}]")])
def test_what_is_nested_without_end_is_no_json(opens, closes):
    def nested(times):
        return parsed(f"{opens * times}1{closes * times}".encode())

    assert nested(20) is not None
    for times in (65, 500, 100_000):
        assert nested(times) is None
    assert parsed(b"[" + b"[[1]]," * 9_999 + b"{}]") is not None


def test_an_answer_that_cannot_be_unpacked_is_none():
    with answering(b"not packed", Content_Encoding="gzip") as (url, _), pytest.raises(Unreachable, match="nothing ans"):
        Remote.at(url)
    with answering(gzip.compress(b"{}"), Content_Encoding="gzip") as (url, _), Remote.at(url) as remote:
        assert remote.name == url


def test_a_password_in_an_address_is_not_repeated_where_nothing_answers():
    with pytest.raises(Unreachable) as told:
        Remote.at("http://ann:opensesame@127.0.0.1:1/x@y")
    assert "127.0.0.1:1/x@y" in str(told.value)
    assert "opensesame" not in str(told.value)


def speaking(speak):
    """A server that does as it likes with each request: yields its address."""

    class Speaker(Handler):
        def get(self):
            speak(self)

    return website(Speaker)


def ask(remote):
    return remote.ask(CREDITS, Request("GET", "/v1/get-user-credits", {}, None))


def test_who_hangs_up_is_asked_no_more_often_than_who_answers():
    slept = []
    with speaking(lambda handler: None) as url, Remote("it", {"": url}, rate=0.1, sleep=slept.append) as remote:
        for _ in range(3):
            with pytest.raises(Unreachable):
                ask(remote)
    assert len(slept) == 2
    assert min(slept) > 5


def test_an_answer_without_an_end_is_left():
    def trickle(handler):
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while True:
                handler.wfile.write(b"data: 1\n\n")
                time.sleep(0.01)

    with (
        speaking(trickle) as url,
        Remote("it", {"": url}, timeout=0.2) as remote,
        pytest.raises(Unreachable, match="no end"),
    ):
        ask(remote)


def test_what_one_answer_leaves_with_the_client_says_nothing_of_who_asks_next():
    seen = []

    def sign_in(handler):
        seen.append(handler.headers["cookie"])
        handler.answer(b"{}", headers={"Set-Cookie": "session=ann; Path=/"})

    with speaking(sign_in) as url, Remote("it", {"": url}) as remote:
        ask(remote)
        ask(remote)
    assert seen == [None, None]
