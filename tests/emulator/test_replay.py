"""With a seed, what was asked once and is asked again is answered the same; `understudy replay` proves it."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from recorder import Caller, deed, each, replayed, told, written_down
from understudy.accounts import identity
from understudy.cli import main
from understudy.clock import ManualClock
from understudy.config import Settings
from understudy.journal.document import BadDocument, read
from understudy.replay import CannotTell
from understudy.replay.difference import Difference
from understudy.replay.names import Names
from understudy.server import Server

EVERYTHING = [
    ("runware_submit", 3), ("runware_poll", 0), ("gmi_sign_in", 1), ("add_fault", 0), ("runware_submit", 5),
    ("runware_submit", 6), ("gmi_submit", 2), ("advance", 1), ("runware_socket", 2), ("gmi_upload", 4),
    ("segmind_run", 1), ("segmind_submit", 2), ("add_fault", 3), ("gmi_submit", 5), ("advance", 3), ("segmind_poll", 0),
    ("gmi_poll", 0), ("segmind_history", 0), ("runware_nonsense", 4), ("add_fault", 4), ("runware_poll", 1),
    ("gmi_cancel", 0), ("runware_details", 9), ("credit", 2), ("reset", 2), ("runware_submit", 8),
]  # fmt: skip


@pytest.fixture(scope="module")
def seeded(cache: Path) -> Iterator[Server]:
    """A server whose journal can be played again."""
    with Server(Settings(port=0, cache_dir=cache, seed=11, journal_size=1_000_000), ManualClock()) as running:
        yield running


@pytest.fixture(scope="module")
def document(cache: Path) -> bytes:
    """The journal of a caller who did a bit of everything."""
    with Server(Settings(port=0, cache_dir=cache, seed=12), ManualClock()) as running:
        with Caller(running, "a-key-of-some-length") as caller:
            for what, number in EVERYTHING:
                caller.perform(what, number)
        return written_down(running)


@pytest.fixture(scope="module")
def short(cache: Path) -> bytes:
    """A journal that is quickly played."""
    with Server(Settings(port=0, cache_dir=cache, seed=14), ManualClock()) as running:
        with Caller(running) as caller:
            for what in ("runware_submit", "gmi_submit", "segmind_submit", "runware_poll", "gmi_poll", "segmind_poll"):
                caller.perform(what, 1)
        return written_down(running)


def _line(document: bytes, number: int, change: Callable[[Any], object]) -> bytes:
    """The document with one of its lines changed."""
    lines = document.splitlines(keepends=True)
    content = json.loads(lines[number])
    change(content)
    lines[number] = json.dumps(content).encode() + b"\n"
    return b"".join(lines)


def test_a_bit_of_everything_comes_out_the_same(document: bytes) -> None:
    report = replayed(document)
    assert (told(report), report.skipped) == ("", {})
    assert report.same + sum(report.sent_only.values()) == len(list(each(document)))
    assert {exchange["provider"] for exchange in each(document)} >= {"runware", "gmi", "segmind", "understudy"}
    assert {exchange["ended"] for exchange in each(document)} >= {"answered", "cut", "reset", "hung up"}


def test_no_secret_is_written_down(document: bytes) -> None:
    assert b"a-key-of-some-length" not in document.replace(b"a-key-of-some-length@h.example", b"")
    assert b"secret-word-1" not in document
    assert b"eyJ" not in document
    assert b"X-Goog-Signature=redacted-" in document


def comes_out_the_same(server: Server, done: list[tuple[str, int]]) -> None:
    with Caller(server) as caller:
        for what, number in done:
            caller.perform(what, number)
        written = written_down(server, caller.key)
    report = replayed(written)
    assert (told(report), report.skipped) == ("", {})
    assert caller.key.encode() not in written.replace(f"{caller.key}@h.example".encode(), b"")


@given(st.lists(deed, min_size=1, max_size=4))
def test_whatever_is_done_comes_out_the_same(seeded: Server, done: list[tuple[str, int]]) -> None:
    comes_out_the_same(seeded, done)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@given(st.lists(deed, min_size=8, max_size=20))
def test_whatever_is_done_for_long_comes_out_the_same(seeded: Server, done: list[tuple[str, int]]) -> None:
    comes_out_the_same(seeded, done)


@given(st.data())
def test_one_other_byte_is_found(short: bytes, data: st.DataObject) -> None:
    exchanges = list(each(short))
    index = data.draw(st.integers(1, len(exchanges)))
    body = exchanges[index - 1]["response"]["body"]
    at = data.draw(st.integers(0, len(body) - 1))
    other = body[:at] + ("x" if body[at] != "x" else "y") + body[at + 1 :]
    report = replayed(_line(short, index, lambda exchange: exchange["response"].update(body=other)))
    assert report.difference is not None
    assert (report.difference.number, report.difference.what) == (
        exchanges[index - 1]["number"],
        "the body of the answer",
    )
    assert not report.doubt


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("status", lambda exchange: exchange["response"].update(status=418)),
        ("a header of the answer", lambda exchange: exchange["response"]["headers"].append(["x-more", "1"])),
        ("what struck it", lambda exchange: exchange.update(faults=["rule-99"])),
        ("job", lambda exchange: exchange.update(job="another")),
        ("how it ended", lambda exchange: exchange.update(ended="cut")),
    ],
)
def test_more_than_bodies_is_compared(document: bytes, what: str, change: Callable[[Any], object]) -> None:
    number = next(
        index
        for index, exchange in enumerate(each(document), 1)
        if exchange["provider"] == "runware" and exchange["transport"] == "http"
    )
    report = replayed(_line(document, number, change))
    assert report.difference is not None
    assert report.difference.what == what


def test_another_seed_comes_out_otherwise(document: bytes) -> None:
    assert replayed(_line(document, 0, lambda header: header.update(seed=13))).difference is not None


def test_the_time_of_all_and_the_start_of_a_scenario_come_out_the_same(
    make_server: Callable[..., Server], tmp_path: Path
) -> None:
    scenario = tmp_path / "scenario.json"
    rule = {"provider": "runware", "operation": "submit", "delay": 1, "times": 1}
    account = {
        "key": "the-first-account",
        "balance": 0.5,
        "faults": [{"operation": "poll", "gateway": 502, "times": 1}],
    }
    scenario.write_text(json.dumps({"faults": [rule], "accounts": [account]}))
    server = make_server(clock=ManualClock(), seed=3, scenario=scenario)
    with Caller(server, "the-first-account") as caller:
        made = caller.http.post("/_understudy/accounts", json={"balance": 0.3}).json()
        caller.http.post("/_understudy/clock/advance", json={"seconds": 5})
        # The fault lets the answer wait for a second that does not pass; the next submit is not struck.
        with pytest.raises(Exception, match="timed out"):
            caller.http.post("/v1", json=[_task(1)], headers=caller.bearer, timeout=0.3)
        for number in range(2, 9):
            caller.http.post("/v1", json=[_task(number)], headers=caller.bearer)
        caller.gmi_poll(0)
        caller.gmi_poll(0)
        other = {"authorization": f"Bearer {made['key']}"}
        for number in range(3):
            caller.http.post("/v1", json=[_task(number)], headers=other)
    report = replayed(written_down(server))
    assert (told(report), report.skipped) == ("", {})
    assert report.same >= 12


def _task(number: int) -> dict[str, Any]:
    from stage import video_task

    return video_task(taskUUID=str(uuid.UUID(int=number, version=4)))


def test_a_server_for_certain_keys_comes_out_the_same(make_server: Callable[..., Server]) -> None:
    server = make_server(clock=ManualClock(), seed=3, api_keys=frozenset({"the-only-key-there-is"}))
    with Caller(server, "the-only-key-there-is") as known, Caller(server, "some-other-key-of-mine") as stranger:
        for caller in (stranger, known, stranger):
            caller.runware_submit(1)
            caller.gmi_submit(1)
            caller.segmind_submit(1)
    document = written_down(server)
    assert [exchange["response"]["status"] for exchange in each(document)] == [
        401,
        401,
        401,
        200,
        200,
        200,
        401,
        401,
        401,
    ]
    report = replayed(document)
    assert (told(report), report.same) == ("", 9)


def test_a_clock_that_flowed_may_tell_other_moments_and_nothing_else(make_server: Callable[..., Server]) -> None:
    from understudy.clock import FlowingClock

    server = make_server(clock=FlowingClock(), seed=5)
    with Caller(server) as caller:
        for what in ("runware_submit", "runware_poll", "gmi_submit", "segmind_submit", "runware_poll"):
            caller.perform(what, 1)
    document = written_down(server)
    assert told(replayed(document)) == ""
    report = replayed(_line(document, 1, lambda exchange: exchange["response"].update(body="{}")))
    assert report.difference is not None
    assert "--clock manual" in report.doubt


def test_what_cannot_be_sent_again_is_named(document: bytes) -> None:
    index, upload = next(
        (index, exchange) for index, exchange in enumerate(each(document), 1) if exchange["request"]["method"] == "PUT"
    )

    def forget(exchange: Any) -> None:
        del exchange["request"]["base64"]
        exchange["request"]["missing"] = "its body is longer than what the journal keeps"

    report = replayed(_line(document, index, forget))
    assert report.skipped == {"its body is longer than what the journal keeps": [upload["number"]]}
    # What was not uploaded cannot be read: that is no difference for which the server could be blamed.
    assert report.difference is not None
    assert report.doubt.startswith(f"exchange {upload['number']} could not be sent again")


def _without(document: bytes, unwanted: Callable[[Any], bool]) -> tuple[bytes, list[int]]:
    """The document without some of its exchanges, and the numbers of those."""
    header, *lines = document.splitlines(keepends=True)
    gone = [json.loads(line)["number"] for line in lines if unwanted(json.loads(line))]
    kept = [line for line in lines if not unwanted(json.loads(line))]
    first = {**json.loads(header), "exchanges": len(kept)}
    return b"".join([json.dumps(first).encode() + b"\n", *kept]), gone


def test_a_signed_address_that_nobody_told_cannot_be_used(make_server: Callable[..., Server]) -> None:
    server = make_server(clock=ManualClock(), seed=3)
    with Caller(server) as caller:
        caller.gmi_upload(3)
    document = written_down(server)
    assert told(replayed(document)) == ""
    cut, _ = _without(document, lambda exchange: exchange["request"]["target"].endswith("/upload-url"))
    (why,) = replayed(cut).skipped
    assert why == "its address is signed, and no answer in the journal told how"


def test_what_a_server_did_not_finish_cannot_be_compared(short: bytes) -> None:
    report = replayed(_line(short, 4, lambda exchange: exchange.update(ended="stopped")))
    assert (report.skipped, report.same) == ({"the server stopped while it was under way": [4]}, 5)


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_an_empty_frame_comes_again_as_one(make_server: Callable[..., Server], turn: int) -> None:
    server = make_server(clock=ManualClock(), seed=3)
    with Caller(server) as caller:
        caller.control("POST", "faults", operation="poll", empty=True, after=turn - 1, times=1)
        caller.runware_socket(2)
        document = written_down(server)
    assert any(answer["frames"] and not answer["body"] for answer in (line["response"] for line in each(document)))
    report = replayed(document)
    assert (told(report), report.skipped) == ("", {})


def test_the_frames_of_a_connection_come_out_the_same(make_server: Callable[..., Server]) -> None:
    clock = ManualClock()
    server = make_server(clock=clock, seed=3)
    with Caller(server) as caller, connect(server.url.replace("http", "ws") + "/v1") as socket:
        caller.control("POST", "faults", operation="poll", delay=30, times=1)
        socket.send(json.dumps([{"taskType": "authentication", "apiKey": caller.key}]))
        socket.recv(10)
        socket.send(json.dumps([_task(1)]))
        socket.recv(10)
        for _ in range(2):
            socket.send(json.dumps([{"taskType": "getResponse", "taskUUID": _task(1)["taskUUID"]}]))
        socket.recv(10)
        # The first poll was held back; it is answered after the second, without having been asked again.
        caller.control("POST", "clock/advance", seconds=60)
        socket.recv(10)
        # And one who says nothing any more is sent away.
        caller.control("POST", "clock/advance", seconds=400)
        with pytest.raises(ConnectionClosed):
            socket.recv(10)
        document = written_down(server)
    ways = [exchange["request"]["method"] for exchange in each(document) if exchange["transport"] == "websocket"]
    assert ways == ["GET", "SEND", "SEND", "SEND", "SEND", "PUSH", "CLOSE"]
    report = replayed(document)
    assert (told(report), report.skipped) == ("", {})

    first = next(index for index, exchange in enumerate(each(document), 1) if exchange["request"]["method"] == "PUSH")
    body = next(exchange["response"]["body"] for exchange in each(document) if exchange["request"]["method"] == "PUSH")
    other = replayed(_line(document, first, lambda exchange: exchange["response"].update(body=body[:-1] + "!")))
    assert (other.difference is not None, other.difference and other.difference.what) == (True, "a frame")
    unsaid = replayed(_line(document, first, lambda exchange: exchange["response"].update(body="", frames=0)))
    assert unsaid.difference is not None
    assert (unsaid.difference.what, unsaid.difference.replayed) == ("what follows it", body)

    cut, (opening,) = _without(document, lambda exchange: exchange["number"] == exchange["connection"])
    report = replayed(cut)
    assert list(report.skipped) == ["the opening of its connection is not in the journal"]
    assert opening not in report.skipped


@pytest.mark.slow
def test_frames_longer_than_what_the_journal_keeps_are_counted_and_those_after_them_compared(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(clock=ManualClock(), seed=3)
    with Caller(server) as caller, connect(server.url.replace("http", "ws") + "/v1", max_size=None) as socket:
        socket.send(json.dumps([{"taskType": "authentication", "apiKey": caller.key}]))
        socket.recv(10)
        failing = _task(2) | {"speech": {"text": "Off. [[error:timeoutProvider]]"}}
        socket.send(json.dumps([_task(1) | {"includeCost": True, "outputFormat": "MP4"}, failing]))
        socket.recv(10)
        caller.control("POST", "clock/advance", seconds=100)
        poll = {"taskType": "getResponse", "taskUUID": _task(1)["taskUUID"]}
        socket.send(json.dumps([poll] * 990 + [poll | {"taskUUID": failing["taskUUID"]}] * 2))
        for _ in range(2):
            socket.recv(10)
        socket.send(json.dumps([{"taskType": "ping", "ping": True}]))
        socket.recv(10)
        document = written_down(server)
    long = next(line["response"] for line in each(document) if line["response"]["frames"] > 1)
    assert long["whole_frames"] < long["frames"]
    report = replayed(document)
    assert (told(report), report.skipped) == ("", {})
    number = next(index for index, line in enumerate(each(document), 1) if line["response"] == long)
    more = replayed(_line(document, number, lambda exchange: exchange["response"].update(frames=long["frames"] - 1)))
    assert more.difference is not None


def test_an_account_of_which_not_enough_is_told_is_not_made(make_server: Callable[..., Server]) -> None:
    server = make_server(clock=ManualClock(), seed=3)
    with Caller(server) as caller:
        caller.http.post("/_understudy/accounts", json={"balance": 3})
    document = written_down(server)
    assert list(replayed(document).sent_only) == ["they made accounts, which were made here with the same ids"]
    report = replayed(_line(document, 1, lambda exchange: exchange["response"].update(body="{}")))
    assert list(report.skipped) == ["it made an account of which not enough is told"]


def test_a_difference_is_told_in_a_few_lines_however_long_it_is() -> None:
    long = Difference(
        7, "GET /x", "the body of the answer", json.dumps(list(range(999))), json.dumps(["y" * 999] * 500)
    )
    lines = list(long.lines())
    assert lines[0] == "exchange 7, GET /x: the body of the answer differs"
    assert (len(lines), lines[-1]) == (62, "…")
    assert max(map(len, lines)) < 300
    assert list(Difference(7, "GET /x", "status", "200", "500").lines())[3:] == ["@@ -1 +1 @@", "-200", "+500"]


@given(st.lists(st.integers(1, 5), max_size=8), st.permutations(range(1, 6)))
def test_texts_are_the_same_whatever_their_secrets_are_called(which: list[int], order: list[int]) -> None:
    def text(names: list[str]) -> str:
        return "".join(f'{{"a":"{name}"}}' for name in names)

    recorded = text([f"redacted-{number}" for number in which])
    repeats = len(set(which)) < len(which)
    assert Names().same(recorded, text([f"redacted-r{order[number - 1]}" for number in which]))
    assert Names().same(recorded, text(["redacted-r1"] * len(which))) == (len(set(which)) <= 1)
    assert Names().same(recorded, text([f"redacted-r{number}" for number in range(len(which))])) != repeats
    assert not Names().same(recorded, recorded + "!")


def test_a_secret_that_was_met_is_put_in_where_it_is_asked_for_again() -> None:
    names = Names()
    assert names.same('{"token":"redacted-4"}', f'{{"token":"{names.own("a-new-token")}"}}')
    assert names.filled("Bearer redacted-4, redacted-5") == "Bearer a-new-token, redacted-5"
    names.learn_addresses('{"upload_url":"http://h.example/x.png?a=1&X-Goog-Signature=ab%2Fc"}')
    assert names.target("/x.png?a=1&X-Goog-Signature=redacted-9") == ("/x.png?a=1&X-Goog-Signature=ab%2Fc", [])
    assert names.target("/y.png?X-Goog-Signature=redacted-9") == (
        "/y.png?X-Goog-Signature=redacted-9",
        ["X-Goog-Signature"],
    )
    assert names.target("/y?token=redacted-4;b=2") == ("/y?token=a-new-token;b=2", [])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda header: header.update(seed=None), "no --seed"),
        (lambda header: header.update(lost=3), "3 exchanges are not in it any more"),
        (lambda header: header.update(scenario=None), "scenario"),
        (lambda header: header.pop("speed"), "how the server was set"),
        (lambda header: header.update(accounts=5), "how the server started"),
    ],
)
def test_what_cannot_be_told_is_said(document: bytes, change: Callable[[Any], object], why: str) -> None:
    with pytest.raises(CannotTell, match=why):
        replayed(_line(document, 0, change))


def test_what_went_with_its_account_is_missed(cache: Path) -> None:
    with Server(Settings(port=0, cache_dir=cache, seed=17), ManualClock()) as running:
        with Caller(running) as caller:
            caller.perform("runware_submit", 1)
            caller.perform("runware_poll", 0)
            caller.control("DELETE", f"accounts/{identity(caller.key)}")
            caller.perform("runware_submit", 2)
        for keys in ((), (caller.key,)):
            with pytest.raises(CannotTell, match="2 exchanges are not in it any more"):
                replayed(written_down(running, *keys))


@pytest.mark.parametrize("once_more", [False, True])
def test_an_account_of_which_all_was_reset_begins_anew_and_comes_out_the_same(cache: Path, once_more: bool) -> None:
    with Server(Settings(port=0, cache_dir=cache, seed=17), ManualClock()) as running:
        with Caller(running) as caller:
            caller.control("POST", "faults", slow=3, probability=0.5)
            for what, number in EVERYTHING if once_more else EVERYTHING[:8]:
                caller.perform(what, number)
            caller.control("POST", "reset/all")
            caller.control("POST", "faults", slow=3, probability=0.5)
            caller.tasks, caller.requests, caller.calls = [], [], []
            for what, number in EVERYTHING:
                caller.perform(what, number)
            if once_more:
                caller.control("POST", "reset/all")
                caller.perform("runware_submit", 3)
        for keys in ((), (caller.key,)):
            document = written_down(running, *keys)
            report = replayed(document)
            assert (told(report), report.skipped) == ("", {})
            assert report.same >= (1 if once_more else len(EVERYTHING) - 8)


@pytest.mark.slow
def test_what_began_before_all_was_reset_is_not_understood_after_it(make_server: Callable[..., Server]) -> None:
    server = make_server(clock=ManualClock(), seed=3)
    with Caller(server) as caller, connect(server.url.replace("http", "ws") + "/v1") as socket:
        socket.send(json.dumps([{"taskType": "authentication", "apiKey": caller.key}]))
        socket.recv(10)
        caller.control("POST", "reset/all")
        socket.send(json.dumps([{"taskType": "ping", "ping": True}]))
        with suppress(ConnectionClosed, TimeoutError):
            socket.recv(2)
        document = written_down(server, caller.key)
    after = [line for line in each(document) if line["transport"] == "websocket" and line["request"]["method"] != "GET"]
    assert after
    with pytest.raises(CannotTell, match="are not in it any more"):
        replayed(document)


@pytest.mark.parametrize("when", [{"times": 1}, {"after": 1}, {"nth": 2}, {"probability": 0.5}], ids=str)
def test_a_rule_for_everybody_that_others_may_have_used_up_leaves_doubt(
    make_server: Callable[..., Server], when: dict[str, Any]
) -> None:
    server = make_server(clock=ManualClock(), seed=3)
    with Caller(server) as one, Caller(server) as other:
        rule = {"error": "internalServerError", "provider": "runware", "operation": "submit", **when}
        one.http.post("/_understudy/faults", json=rule)
        other.runware_submit(1)
        for number in range(6):
            one.runware_submit(number)
    everything = replayed(written_down(server))
    assert (told(everything), everything.skipped) == ("", {})
    report = replayed(written_down(server, one.key))
    if report.difference is not None:
        assert "shared-1 is a rule for everybody" in report.doubt
    # By chance the others may have changed nothing.
    assert report.difference is not None or "probability" in when


def test_a_rule_for_everybody_leaves_no_doubt_where_nobody_else_was(make_server: Callable[..., Server]) -> None:
    server = make_server(clock=ManualClock(), seed=3)
    with Caller(server) as caller:
        caller.http.post("/_understudy/faults", json={"delay": 1, "times": 1, "operation": "list"})
        caller.runware_submit(1)
        document = written_down(server, caller.key)
    number = next(index for index, line in enumerate(each(document), 1) if line["provider"] == "runware")
    report = replayed(_line(document, number, lambda exchange: exchange["response"].update(status=418)))
    assert (report.difference is not None, report.doubt) == (True, "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no JSON",
        b"[]",
        b'{"understudy":"journal","format":99}',
        b'{"understudy":"journal","format":1,"exchanges":1}\n{}',
    ],
)
def test_what_is_no_journal_is_refused(content: bytes) -> None:
    with pytest.raises(BadDocument):
        read(content)


@given(st.data())
def test_a_line_with_something_missing_is_refused(document: bytes, data: st.DataObject) -> None:
    index = data.draw(st.integers(1, len(document.splitlines()) - 1))
    exchange = json.loads(document.splitlines()[index])
    name = data.draw(st.sampled_from(sorted(exchange)))
    with pytest.raises(BadDocument, match=f"line {index + 1} is no exchange"):
        read(_line(document, index, lambda content: content.pop(name)))


def run(*arguments: str, given: bytes = b"") -> Any:
    return CliRunner().invoke(main, ["replay", *arguments], input=given)


def test_the_command_says_that_the_same_came_out(short: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "understudy", "replay", "-"], input=short, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        b"The same came out: 6 of 6 exchanges, to the byte.\n",
        b"",
    )


def test_the_command_prints_the_first_difference(short: bytes, tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    file.write_bytes(short.replace(b'\\"status\\":\\"processing\\"', b'\\"status\\":\\"processed\\"', 1))
    done = run(str(file))
    assert done.exit_code == 1
    assert '-      "status": "processed"' in done.stdout
    assert '+      "status": "processing"' in done.stdout
    told = json.loads(run(str(file), "--json").stdout)
    assert (told["outcome"], told["same"], told["difference"]["what"]) == ("different", 3, "the body of the answer")


def test_the_command_says_when_it_cannot_tell(short: bytes) -> None:
    done = run("-", given=_line(short, 0, lambda header: header.update(seed=None)))
    assert (done.exit_code, done.stdout[:12]) == (2, "Cannot tell:")
    assert run("-", given=b"nonsense").exit_code == 2


def test_the_command_asks_a_running_server_for_its_journal(seeded: Server) -> None:
    with Caller(seeded) as caller:
        caller.runware_submit(1)
        done = run("--url", seeded.url, "--key", caller.key)
    assert done.exit_code == 0, done.output
    assert "1 of 1 exchanges" in done.stdout
