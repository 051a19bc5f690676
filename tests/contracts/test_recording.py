"""Recordings: what was said is there again, a run that was killed goes on, and printed examples are recordings, too."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy_contracts import checks
from understudy_contracts.checks import Exchange, Webhook
from understudy_contracts.edition import edition
from understudy_contracts.harness import Bench, CouldNotCheck, Probe, Remote, Session
from understudy_contracts.harness.printed import examples
from understudy_contracts.harness.recording import Recorder, Recording, RecordingError
from understudy_contracts.provider import contract

KEY = "SG_0123456789abcdefghij"
UUID = "b8a0b08e-e8d5-433c-8527-4397dfa76806"
TOLD: dict[str, Any] = {
    "provider": "segmind", "target": "http://127.0.0.1:8899", "seed": 7, "version": "0.9", "date": "2026-11-21T12:00:00Z",
    "keys": [KEY],
}  # fmt: skip
LATER = {"date": "2026-11-22T12:00:00Z", "version": "0.9", "keys": [KEY]}


def poll(at: float, status: str = "QUEUED", **rest: Any) -> Exchange:
    body = {"status": status, "request_id": UUID, "metrics": {}}
    return Exchange(None, 200, body, at, "GET", f"/v2/requests/{UUID}/status", **rest)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / "exchanges.jsonl").read_bytes().splitlines()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "recording"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text('abcé漢\U0001f511 "\\\n\r\u2028'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc\n", max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.text("abcdef", min_size=1, max_size=8)
exchanges = st.builds(
    Exchange,
    request=json_values,
    status=st.integers(100, 599),
    body=json_values,
    at=st.floats(0, 1e6),
    method=st.sampled_from(["GET", "POST"]),
    path=names.map(lambda name: f"/v1/{name}"),
    headers=st.dictionaries(names, names, max_size=3),
    provider=st.sampled_from(["", "segmind"]),
    operation=st.sampled_from(["", "getStatus"]),
    transport=st.sampled_from(["http", "websocket"]),
    sent=st.dictionaries(names, names, max_size=3),
    content=st.binary(max_size=64),
    seconds=st.floats(0, 100),
)
webhooks = st.builds(Webhook, body=json_values, at=st.floats(0, 1e6), provider=st.just("segmind"))


@given(told=st.lists(st.tuples(exchanges | webhooks, names), max_size=5))
def test_what_was_recorded_is_there_again(told: list[tuple[Exchange | Webhook, str]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        with Recorder(Path(place) / "r", **TOLD) as recorder:
            for one, probe in told:
                put = recorder.note if isinstance(one, Exchange) else recorder.webhook
                put(one, {"probe": probe, "expected": {"status": [200]}})  # type: ignore[arg-type]
        read = Recording.open(Path(place) / "r")
    assert [entry.told for entry in read.entries] == [one for one, _ in told]
    assert [entry.probe for entry in read.entries] == [probe for _, probe in told]
    assert [*read.exchanges] == [one for one, _ in told if isinstance(one, Exchange)]
    assert [*read.webhooks] == [one for one, _ in told if isinstance(one, Webhook)]
    assert list(read.probes) == list(dict.fromkeys(probe for _, probe in told))


def test_a_recording_says_where_it_is_from(path):
    with Recorder(
        path, **TOLD | {"target": f"https://{KEY}@h.example/?token=abc"}, live=True, run={"model": "m"}
    ) as one:
        one.note(poll(1))
    manifest = Recording.open(path).manifest
    assert (manifest.provider, manifest.date, manifest.seed, manifest.live) == ("segmind", TOLD["date"], 7, True)
    assert (manifest.understudy, manifest.contract, manifest.run) == ("0.9", edition("segmind"), {"model": "m"})
    assert manifest.target.startswith("https://h.example/?token=%3C")


def test_editions_differ_from_provider_to_provider():
    assert len({edition(name) for name in ("runware", "gmi", "segmind", "heygen")}) == 4


def test_a_line_is_in_the_file_before_the_next_request_is_sent(path):
    with Recorder(path, **TOLD) as recorder:
        recorder.hold("p#0", Decimal("1.5"), probe="p", ids=[UUID])
        assert lines(path)[-1] == {"kind": "held", "name": "p#0", "bound": "1.5", "probe": "p", "ids": [UUID]}
        for number in range(3):
            recorder.note(poll(number))
            assert [line["kind"] for line in lines(path)].count("exchange") == number + 1


@given(data=st.data())
def test_a_run_that_was_killed_anywhere_loses_no_more_than_its_last_line_and_says_so(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "r"
        with Recorder(path, **TOLD) as recorder:
            for number in range(4):
                recorder.note(poll(number))
        file = path / "exchanges.jsonl"
        content = file.read_bytes()
        begin = content.rindex(b"\n", 0, len(content) - 1) + 1
        cut = data.draw(st.integers(begin, len(content)))
        file.write_bytes(content[:cut])
        read = Recording.open(path)
        assert [one.at for one in read.exchanges] == ([0, 1, 2, 3] if cut == len(content) else [0, 1, 2])
        assert bool(read.notices) == (begin < cut < len(content))
        assert all("the last line, 5, was cut off" in notice for notice in read.notices)
        with Recorder.resume(path, **LATER) as recorder:
            recorder.note(poll(0, "COMPLETED"))
        again = Recording.open(path)
        assert again.notices == ()
        assert again.exchanges[:-1] == read.exchanges
        assert again.exchanges[-1].body["status"] == "COMPLETED"


def test_what_is_recorded_later_comes_later_whatever_the_clock_says(path):
    with Recorder(path, **TOLD) as recorder:
        for at, status in ((5_000, "QUEUED"), (5_001, "PROCESSING")):
            recorder.note(poll(at, status))
    with Recorder.resume(path, **LATER) as recorder:
        recorder.webhook(Webhook({"x": 1}, 12, provider="runware"))
        for at, status in ((10, "COMPLETED"), (11.5, "COMPLETED")):
            recorder.note(poll(at, status))
    read = Recording.open(path)
    assert [one.at for one in read.exchanges] == [5_000, 5_001, 5_002, 5_003.5]
    assert [one.at for one in read.webhooks] == [5_004]
    assert "segmind.only-forward" not in rules(read.exchanges)
    assert "segmind.only-forward" in rules([replace(one, at=-one.at) for one in read.exchanges])


def rules(told: Iterable[Exchange]) -> set[str]:
    return {finding.rule for finding in checks.violations(told, provider="segmind")}


def test_probes_that_ended_are_told_from_those_that_were_broken_off(path):
    with Recorder(path, **TOLD) as recorder:
        recorder.begin("free")
        recorder.note(poll(1), {"probe": "free", "expected": {"status": 200}, "cost": "0"})
        recorder.done("free", "could-not-check", "too busy", requests=1)
        recorder.begin("paid")
        recorder.hold("paid#1", Decimal("0.25"), probe="paid", ids=[UUID])
        recorder.note(poll(2), {"probe": "paid"})
    read = Recording.open(path)
    assert list(read.probes) == ["free", "paid"]
    free, paid = read.probes.values()
    assert (free.complete, free.state, free.reason, free.more) == (True, "could-not-check", "too busy", {"requests": 1})
    assert [entry.label for entry in free.entries] == [{"probe": "free", "expected": {"status": 200}, "cost": "0"}]
    assert read.unfinished == (paid,)
    assert paid.submitted == (UUID,)
    with Recorder.resume(path, **LATER) as recorder:
        recorder.settle("paid#1", Decimal("0.2"), ids=["other"])
        recorder.done("paid", "passed")
    read = Recording.open(path)
    assert (read.unfinished, read.spent, read.at_most) == ((), Decimal("0.2"), Decimal("0.2"))
    assert read.probes["paid"].submitted == (UUID, "other")


@pytest.mark.parametrize(
    ("first", "later", "left"),
    [
        ({"planned": 2}, [], 0),
        ({"planned": 3}, [], 1),
        ({}, [], None),
        ({"planned": 2}, [5], 3),
        ({"planned": 5}, [2], 3),
        ({"planned": 2}, [4, 3], 2),
        ({"planned": 2}, [None], None),
        ({"planned": 2}, [None, 2], 0),
    ],
)
def test_a_run_has_not_ended_before_its_largest_plan_has(path, first, later, left):
    with Recorder(path, **TOLD, run=first) as recorder:
        recorder.done("a", "passed")
    for planned in later:
        Recorder.resume(path, **LATER, planned=planned).close()
    with (path / "exchanges.jsonl").open("a") as file:
        file.write('{"kind":"done","probe":"b","state":"not-run"}\n')
    assert Recording.open(path).left == left


def test_a_run_with_a_probe_that_was_begun_has_not_ended(path):
    with Recorder(path, **TOLD, run={"planned": 1}) as recorder:
        recorder.done("a", "passed")
        recorder.begin("b")
    assert Recording.open(path).left == 1


def test_a_probe_that_begins_again_has_not_ended(path):
    with Recorder(path, **TOLD) as recorder:
        recorder.begin("one")
        recorder.done("one", "passed")
        recorder.begin("one")
    assert not Recording.open(path).probes["one"].complete


amounts = st.decimals("0", "9", places=4)


@given(held=st.lists(st.tuples(amounts, st.none() | amounts, st.booleans()), max_size=6))
def test_what_was_paid_at_worst_is_every_cost_and_the_bound_of_whatever_has_none(
    held: list[tuple[Decimal, Decimal | None, bool]],
) -> None:
    """Whether the run was broken off in between or not, and though the next one uses the same names."""
    spent = at_most = Decimal(0)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "r"
        recorder = Recorder(path, **TOLD)
        for bound, cost, broken in held:
            recorder.hold("p#0" if broken else f"p#{bound}", bound, probe="p")
            if cost is not None:
                recorder.settle("p#0" if broken else f"p#{bound}", cost)
                spent += cost
            at_most += bound if cost is None else cost
            if broken or cost is None:
                recorder.close()
                recorder = Recorder.resume(path, **LATER)
        recorder.close()
        read = Recording.open(path)
    assert (read.spent, read.at_most) == (spent, at_most)


def test_files_are_kept_by_their_digest_once_each(path):
    film = {"headers": {"content-type": "video/mp4; codecs=avc1"}}
    with Recorder(path, **TOLD) as recorder:
        for content in (b"\0\1film", b"\0\1film", b"\0\1other"):
            recorder.note(replace(poll(1), content=content, **film))
    assert len(list((path / "media").glob("*.mp4"))) == len(list((path / "media").iterdir())) == 2
    read = Recording.open(path)
    assert [one.content for one in read.exchanges] == [b"\0\1film", b"\0\1film", b"\0\1other"]
    assert [(entry.media.size, entry.media.type) for entry in read.entries] == [(6, "video/mp4")] * 2 + [
        (7, "video/mp4")
    ]


def test_of_files_that_are_too_large_or_too_many_only_digest_and_size_are_kept(path):
    with Recorder(path, **TOLD, largest=10, most=15) as recorder:
        for content in (b"\0" * 11, b"\1" * 10, b"\2" * 6, b"\3" * 5):
            recorder.note(replace(poll(1), content=content))
    read = Recording.open(path)
    assert [len(one.content) for one in read.exchanges] == [0, 10, 0, 5]
    assert [entry.media.size for entry in read.entries] == [11, 10, 6, 5]
    assert [entry.media.left_out for entry in read.entries] == [
        "larger than 10 bytes", "", "the recording has as many files as it may", "",
    ]  # fmt: skip
    with Recorder.resume(path, **LATER, most=15) as recorder:
        recorder.note(replace(poll(1), content=b"\4"))
    assert Recording.open(path).entries[-1].media.left_out


def test_a_page_loses_its_secrets_and_stays_a_page(path):
    with Recorder(path, **TOLD) as recorder:
        recorder.note(replace(poll(1), content=f"<p>{KEY} of ann@mail.example</p>".encode()))
    (content,) = [one.content for one in Recording.open(path).exchanges]
    assert content.startswith(b"<p><key> of <email-")


def test_a_file_that_is_gone_is_told_and_another_one_is_refused(path):
    with Recorder(path, **TOLD) as recorder:
        recorder.note(replace(poll(1), content=b"\0film"))
    (file,) = (path / "media").iterdir()
    file.write_bytes(b"\0else")
    with pytest.raises(RecordingError, match=r"line 2 of .* is not the file that was recorded"):
        Recording.open(path)
    file.unlink()
    read = Recording.open(path)
    assert read.exchanges[0].content == b""
    assert read.notices == (f"media/{file.name} is gone: what needs it cannot be checked",)


def test_a_recording_reads_no_file_outside_of_it(path):
    with Recorder(path, **TOLD) as recorder:
        recorder.note(replace(poll(1), content=b"\0film"))
    file = path / "exchanges.jsonl"
    (name,) = [one.name for one in (path / "media").iterdir()]
    for other in ("../manifest.json", "..\\\\manifest.json", "/etc/hostname", ".."):
        text = file.read_text().replace(name, other)
        (path / "copy").mkdir(exist_ok=True)
        (path / "copy" / "manifest.json").write_bytes((path / "manifest.json").read_bytes())
        (path / "copy" / "exchanges.jsonl").write_text(text + text.splitlines()[0] + "\n")
        with pytest.raises(RecordingError, match="is no name of a file in media"):
            Recording.open(path / "copy")


def test_a_recording_without_exchanges_says_so(path):
    Recorder(path, **TOLD).close()
    assert Recording.open(path).notices == ("it has no exchanges",)


def test_recorder_takes_no_directory_that_has_something_in_it(path):
    path.mkdir()
    (path / "a").touch()
    with pytest.raises(RecordingError, match="is not empty: a recording needs a directory of its own"):
        Recorder(path, **TOLD)
    with pytest.raises(RecordingError, match="is not empty"):
        Recorder(path / "a", **TOLD)


@pytest.mark.skipif(sys.platform == "win32", reason="nobody is kept out there")
def test_two_runs_are_never_recorded_in_one_place(path):
    with Recorder(path, **TOLD) as first:
        first.note(poll(1))
        before = (path / "exchanges.jsonl").read_bytes()
        with pytest.raises(RecordingError, match="another run is being recorded in"):
            Recorder.resume(path, date=TOLD["date"], version="1")
        assert (path / "exchanges.jsonl").read_bytes() == before
        first.note(poll(2))
    with Recorder.resume(path, date=TOLD["date"], version="1") as second:
        second.note(poll(3))
    assert len(Recording.open(path).exchanges) == 3


def broken(path: Path, change: str) -> None:
    with Recorder(path, **TOLD) as recorder:
        recorder.note(poll(1))
        recorder.note(poll(2))
    manifest, file = path / "manifest.json", path / "exchanges.jsonl"
    rows = file.read_text().splitlines(keepends=True)
    match change:
        case "another format":
            manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 2'))
        case "no JSON":
            manifest.write_text("{")
        case "a list":
            manifest.write_text("[]")
        case "incomplete":
            manifest.write_text('{"format": 1, "provider": "gmi"}')
        case "no manifest":
            manifest.unlink()
        case "no lines":
            file.unlink()
        case "a broken line":
            file.write_text(rows[0] + rows[1][:40] + "\n" + rows[2])
        case "a strange line":
            file.write_text(rows[0] + "[1]\n" + rows[2])
        case "a line without a status":
            file.write_text(rows[0] + rows[1].replace('"status":200,', "") + rows[2])
        case "a line of an unknown kind":
            file.write_text(rows[0] + '{"kind":"other"}\n' + rows[2])
        case "a bound that is no number":
            file.write_text(rows[0] + '{"kind":"held","name":"a","bound":"x","ids":[]}\n' + rows[2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("another format", "is a recording of format 2: this version reads format 1"),
        ("no JSON", r"manifest\.json cannot be read: "),
        ("a list", "is a recording of format None"),
        ("incomplete", r"manifest\.json is incomplete: .*'target'"),
        ("no manifest", r"is no recording: it has no manifest\.json"),
        ("no lines", r"exchanges\.jsonl cannot be read: No such file"),
        ("a broken line", r"exchanges\.jsonl: line 2 cannot be read: "),
        ("a strange line", "line 2 cannot be read: it is no object with a kind"),
        ("a line without a status", r"line 2 of exchanges\.jsonl cannot be read: it is no exchange: .*'status'"),
        ("a line of an unknown kind", "makes no sense: .*there is no step 'other'"),
        ("a bound that is no number", "makes no sense"),
    ],
)
def test_a_broken_recording_is_refused_in_words(path, change, message):
    broken(path, change)
    with pytest.raises(RecordingError, match=message):
        Recording.open(path)


@pytest.mark.parametrize(
    ("row", "name", "value"),
    [
        (0, "provider", ["gmi"]),
        (0, "provider", "nobody"),
        (0, "provider", ""),
        (0, "date", 5),
        (0, "live", "no"),
        (0, "run", []),
        (2, "at", "later"),
        (2, "at", None),
        (2, "status", "200"),
        (2, "headers", ["content-type"]),
        (2, "headers", {"content-type": 7}),
        (2, "provider", {}),
        (2, "provider", "nobody"),
        (2, "transport", "post"),
        (2, "label", None),
        (2, "path", None),
        (2, "media", {"sha256": 1, "size": 2}),
    ],
)
def test_a_recording_with_a_value_that_cannot_be_is_refused_in_words(path, row, name, value):
    broken(path, "")
    file = path / ("exchanges.jsonl" if row else "manifest.json")
    rows = [json.loads(line) for line in file.read_bytes().splitlines()] if row else [json.loads(file.read_bytes())]
    rows[row - 1][name] = value
    file.write_text("".join(json.dumps(one) + "\n" for one in rows))
    with pytest.raises(RecordingError, match=r"manifest\.json cannot be read: " if not row else "line 2 of"):
        Recording.open(path)


def test_a_recording_that_is_nested_without_end_is_refused_in_words(path):
    broken(path, "")
    (path / "exchanges.jsonl").write_text("[" * 200_000 + "\n{}\n")
    with pytest.raises(RecordingError, match="line 1 cannot be read: it is nested too deeply"):
        Recording.open(path)
    (path / "manifest.json").write_text("[" * 200_000)
    with pytest.raises(RecordingError, match=r"manifest\.json cannot be read"):
        Recording.open(path)


def test_what_is_no_recording_is_refused_in_words(tmp_path):
    with pytest.raises(RecordingError, match=r"there is no recording at .*nowhere"):
        Recording.open(tmp_path / "nowhere")
    with pytest.raises(RecordingError, match="is empty"):
        Recording.open(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match="file is no directory"):
        Recording.open(tmp_path / "file")
    with pytest.raises(RecordingError, match="there is no recording"):
        Recorder.resume(tmp_path / "nowhere", **LATER)


PROVIDERS = ["runware", "gmi", "segmind", "heygen"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_checks_find_nothing_in_printed_examples_that_is_not_said_to_be_there(provider):
    printed = examples(provider)
    found = checks.violations(printed.exchanges, printed.webhooks, provider=provider)
    assert printed.unexpected(found) == []
    assert {one.rule for one in printed.disagreements} <= set(checks.CHECKS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_disagreement_of_a_printed_example_is_one(provider):
    """Of Runware's, one shows only once the answer to the submit is there, which no page prints."""
    printed = examples(provider)
    whole = [acknowledged(entry.told) if entry.partial == "request" else entry.told for entry in printed.entries]
    found = checks.violations([one for one in whole if one.status], provider=provider)
    said = {(one.rule, one.told.at) for one in printed.disagreements}
    assert said == {(one.rule, one.exchange.at) for one in found}


def acknowledged(exchange: Exchange) -> Exchange:
    if exchange.provider != "runware":
        return exchange
    (task,) = exchange.request
    answer = {"data": [{"taskType": task["taskType"], "taskUUID": task["taskUUID"]}]}
    return replace(exchange, status=200, body=answer)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_printed_example_has_what_the_page_has_and_says_what_it_has_not(provider):
    printed = examples(provider)
    for example in contract(provider).examples:
        entries = [entry for entry in printed.entries if entry.label["title"] == example["title"]]
        assert {(entry.source, entry.confidence) for entry in entries} == {(example["source"], example["confidence"])}
        requests = [entry.told.request for entry in entries if entry.partial != "answer"]
        answers = [entry.told.body for entry in entries if entry.partial != "request"]
        if provider == "runware":
            assert (requests, answers) == ([[example["request"]]], [{"data": [example["response"]]}])
            assert all(entry.partial and entry.filled for entry in entries)
        else:
            assert requests == [example["request"]]
            assert answers == [example["response"]] * (example["response"] is not None)
            assert next(entry.told for entry in entries).operation in contract(provider).operations
    partial = [entry.told for entry in printed.entries if entry.partial == "request"]
    assert all(one.status == 0 and one not in printed.exchanges for one in partial)
    assert len(printed.notices) == sum(bool(entry.partial) for entry in printed.entries)


@pytest.mark.parametrize("provider", ["runware", "gmi", "segmind"])
def test_a_conversation_is_judged_from_its_recording_as_it_was_when_it_was_held(patient_server, key, path, provider):
    """With everything in it that a provider tells of an account: who it is, what it is paid by, where it stores."""
    server, _ = patient_server
    told = TOLD | {"provider": provider, "target": server.url, "keys": [key]}
    with Remote.at(server.url) as target, Bench(server.url, key) as bench, Recorder(path, **told) as recorder:
        session = Session(provider, target, key, bench=bench, journal=recorder)
        names = [one.name for one in session.contract.operations.values() if not one.outgoing]
        probe = Probe("every-operation", provider, names[0], (), "paid", "", lambda session: [])
        with session.performing(probe):
            for name in names:
                # What it answered is on record, whatever it says.
                with contextlib.suppress(CouldNotCheck):
                    session.answer(name)
    read = Recording.open(path)
    assert {one.operation for one in read.exchanges} == set(names)
    assert where(session.exchanges, provider) == where(read.exchanges, provider)
    for file in path.rglob("*.json*"):
        assert key not in file.read_text("utf-8")
    for before, after in zip(session.exchanges, read.exchanges, strict=True):
        assert (before.status, kinds(before.body)) == (after.status, kinds(after.body))


def where(told: Sequence[Exchange], provider: str) -> list[tuple[str, int]]:
    places = {id(one): number for number, one in enumerate(told)}
    return sorted((one.rule, places[id(one.exchange)]) for one in checks.violations(told, provider=provider))


def kinds(value: Any) -> Any:
    """A value without what it says: names and types."""
    match value:
        case dict():
            return {name: kinds(item) for name, item in value.items()}
        case list():
            return [kinds(item) for item in value]
        case _:
            return type(value)
