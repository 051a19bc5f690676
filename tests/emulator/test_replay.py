"""With a seed, what was asked once and is asked again is answered the same; `understudy replay` proves it."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from recorder import Caller, deeds, each, replayed, told, written_down
from understudy.cli import main
from understudy.clock import ManualClock
from understudy.config import Settings
from understudy.journal.export import BadDocument, read
from understudy.replay import CannotTell
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


@given(deeds)
def test_whatever_is_done_comes_out_the_same(seeded: Server, done: list[tuple[str, int]]) -> None:
    with Caller(seeded) as caller:
        for what, number in done:
            caller.perform(what, number)
        written = written_down(seeded, caller.key)
    report = replayed(written)
    assert (told(report), report.skipped) == ("", {})
    assert caller.key.encode() not in written.replace(f"{caller.key}@h.example".encode(), b"")


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
