"""A run tells what it did not see, pays for nothing twice and never more than it may, however it is broken off."""

import uuid
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from understudy.config import Settings, Speed
from understudy.server import Server
from understudy_contracts.checks import Exchange, Finding
from understudy_contracts.documents.asyncapi import SOCKET_HOST
from understudy_contracts.harness import (
    Begun,
    Bench,
    Budget,
    CouldNotCheck,
    Ended,
    Plan,
    Probe,
    Remote,
    Session,
    Unreachable,
    probes,
    verify,
)
from understudy_contracts.harness.balance import balance
from understudy_contracts.harness.earlier import Earlier
from understudy_contracts.harness.journal import Unrecorded
from understudy_contracts.harness.judge import judge
from understudy_contracts.harness.printed import examples
from understudy_contracts.harness.probes.requests import smallest
from understudy_contracts.harness.recording import Recorder, Recording, RecordingError
from understudy_contracts.harness.report import INTERRUPTED
from understudy_contracts.provider import contract

DATE = "2026-11-21T12:00:00Z"


@pytest.fixture(scope="module")
def stand_in(cache_of_media):
    """Stands where a provider stands, makes everything at once, and keeps books on real money, as it were."""
    settings = Settings(port=0, speed=Speed.parse("instant"), cache_dir=cache_of_media)
    with Server(settings) as running:
        running.engine.studio.warm = lambda placeholder: None
        yield running


@pytest.fixture(scope="module")
def cache_of_media(tmp_path_factory):
    return tmp_path_factory.mktemp("media")


class Killed(BaseException):
    """The process is gone."""


class Fate:
    """Ends the process at one of the moments at which something is about to be done, was done, or is half done."""

    def __init__(self, last=None):
        self.moment, self.last = 0, last

    def passes(self):
        self.moment += 1
        if self.last is not None and self.moment > self.last:
            raise Killed


class MortalTarget:
    """A provider that is asked by somebody who may die before or after being heard."""

    def __init__(self, target, fate):
        self._target, self._fate = target, fate
        self.name, self.live, self.switches, self.address = target.name, target.live, target.switches, target.address

    def ask(self, operation, request):
        self._fate.passes()
        exchange = self._target.ask(operation, request)
        self._fate.passes()
        return exchange

    def say(self, operation, request, key):
        self._fate.passes()
        exchange = self._target.say(operation, request, key)
        self._fate.passes()
        return exchange


class MortalJournal:
    """Writes to a recording; who dies in the middle of a line leaves half of it."""

    def __init__(self, recorder, fate):
        self._recorder, self._fate = recorder, fate

        self.shown, self.shown_webhook = recorder.shown, recorder.shown_webhook

    def __getattr__(self, name):
        def write(*args, **values):
            self._fate.passes()
            getattr(self._recorder, name)(*args, **values)
            try:
                self._fate.passes()
            except Killed:
                path = self._recorder.directory / "exchanges.jsonl"
                content = path.read_bytes()
                path.write_bytes(content[: content.rstrip(b"\n").rfind(b"\n") + 20])
                raise
            self._fate.passes()

        return write


@pytest.fixture(scope="module")
def providers(stand_in):
    """The addresses of each provider at the stand-in, as if it were live."""
    near = Remote.at(stand_in.url)
    made = {}
    for name in ("gmi", "segmind", "runware"):
        hosts = {one.host for one in contract(name).operations.values() if one.host} | {SOCKET_HOST}
        made[name] = Remote.provider(name, addresses={host: near.address(host) for host in hosts})
    yield made
    for target in (near, *made.values()):
        target.__exit__()


class Account:
    """Who asks a provider at a stand-in, what may be spent, and what the stand-in's books say was spent."""

    def __init__(self, server, target, name):
        self.name, self.target = name, target
        self.key = f"SG_{uuid.uuid4().hex[:16]}"
        self.books = Bench(server.url, self.key)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.books.close()

    def part(self, directory, planned, limit, last=None):
        """One part of a run, which may be killed; None where it was."""
        fate = Fate(last)
        known = Recording.open(directory) if (directory / "manifest.json").exists() else None
        earlier = Earlier() if known is None else Earlier.of(known)
        run = uuid.uuid4() if known is None else uuid.UUID(known.manifest.run["run"])
        if known is None:
            about = {"provider": self.name, "target": "live", "seed": 1, "live": True, "run": {"run": str(run)}}
            recorder = Recorder(directory, version="1", date=DATE, keys=[self.key], **about)
        else:
            recorder = Recorder.resume(directory, version="1", date=DATE, keys=[self.key])
        with recorder:
            session = Session(
                self.name, MortalTarget(self.target, fate), self.key, seed=1, run=run, earlier=earlier,
                budget=Budget(limit).part(earlier.spent, earlier.held), journal=MortalJournal(recorder, fate),
                sleep=lambda seconds: None,
            )  # fmt: skip
            try:
                return verify(Plan(planned), session, date=DATE), fate.moment
            except Killed:
                return None, fate.moment

    @property
    def charges(self):
        return [entry for entry in self.books.ledger()["entries"] if entry["kind"] == "charge"]

    @property
    def paid(self):
        return sum((-Decimal(str(entry["amount"])) for entry in self.charges), Decimal(0))


@cache
def payable(name):
    """Probes that pay for jobs, and some that ask what came of them; nothing that renders a file."""
    session = Session(name, Nobody(), "any")
    listed = Plan.of(probes(name, examples=2), means=session.means - {"socket"}, live=True).probes
    chosen = [one for one in listed if one.tier == "paid" and not one.follows and "edia" not in one.operation]
    return tuple(one for one in chosen if one.bound is not None and one.bound < 3 and one.operation != "getVideo")


class Nobody:
    """A target that nothing may be sent to."""

    name, live = "nobody", True
    switches = {}  # noqa: RUF012

    def ask(self, operation, request):
        raise AssertionError("nothing is to be sent")


@given(
    name=st.sampled_from(["gmi", "segmind", "runware"]),
    picks=st.sets(st.integers(0, 60), min_size=1, max_size=5),
    limit=st.sampled_from(["0", "0.01", "0.3", "1", "20"]),
    deaths=st.lists(st.integers(0, 60), max_size=4),
)
@example(name="gmi", picks={0, 10}, limit="20", deaths=[4, 4, 4])
def test_no_more_is_spent_than_the_limit_and_nothing_twice_wherever_a_run_is_killed(
    stand_in, providers, name, picks, limit, deaths
):
    there = payable(name)
    planned = tuple(there[number] for number in sorted({pick % len(there) for pick in picks}))
    most = Decimal(limit)
    killed, unhurt = (Account(stand_in, providers[name], name) for _ in range(2))
    with TemporaryDirectory() as folder, killed, unhurt:
        for death in [*deaths, None]:
            report, _ = killed.part(Path(folder) / "killed", planned, most, death)
            assert killed.paid <= Recording.open(Path(folder) / "killed").at_most <= most
        whole, _ = unhurt.part(Path(folder) / "unhurt", planned, most)
        assert unhurt.paid <= whole.spending.at_most <= most
        assert len(killed.charges) <= len(unhurt.charges)
        assert report is not None
        assert {result.probe.name for result in report.results} == {probe.name for probe in planned}


def test_a_run_that_is_killed_at_each_moment_in_turn_pays_for_its_job_once(stand_in, providers, tmp_path):
    submit = next(one for one in payable("gmi") if one.name == "gmi.submitRequest.lifecycle.heygen-avatar-4")
    with Account(stand_in, providers["gmi"], "gmi") as unhurt:
        _, moments = unhurt.part(tmp_path / "unhurt", (submit,), None)
        assert len(unhurt.charges) == 1
    for moment in range(moments + 1):
        with Account(stand_in, providers["gmi"], "gmi") as killed:
            place = tmp_path / str(moment)
            killed.part(place, (submit,), None, moment)
            before = len(killed.charges)
            report, _ = killed.part(place, (submit,), None)
            assert before <= len(killed.charges) <= 1
            [result] = report.results
            assert (result.state, len(killed.charges)) in (("passed", 1), ("could-not-check", before))


def test_a_run_that_goes_on_blames_nobody_for_a_balance_that_it_did_not_see_before(stand_in, providers, tmp_path):
    names = ("segmind.submitModel.lifecycle.seedream-4.5", "segmind.submitModel.money.seedream-4.5")
    planned = tuple(one for one in probes("segmind", examples=1) if one.name in names)
    assert len(planned) == 2
    with Account(stand_in, providers["segmind"], "segmind") as unhurt:
        whole, moments = unhurt.part(tmp_path / "unhurt", planned, None)
        assert {result.state for result in whole.results} == {"passed"}
    for moment in range(0, moments + 1, 5):
        with Account(stand_in, providers["segmind"], "segmind") as killed:
            place = tmp_path / str(moment)
            killed.part(place, planned, None, moment)
            report, _ = killed.part(place, planned, None)
            assert report.findings == ()


def test_a_run_that_goes_on_compares_what_was_said_as_it_is_on_record(stand_in, providers, tmp_path):
    """What a recording leaves out, such as whose folder a file is in, is left out of what is said later, too."""
    names = ("gmi.submitRequest.lifecycle.heygen-avatar-4", "gmi.listRequests.typical", "gmi.getRequest.typical")
    planned = tuple(one for one in probes("gmi", examples=1) if one.name in names)
    last = [Probe("gmi.last", "gmi", "listRequests", ("accepted",), "free", "it lists", asks_for_all)]
    with Account(stand_in, providers["gmi"], "gmi") as account:
        account.part(tmp_path, planned, None)
        account.books.advance(1000)
        report, _ = account.part(tmp_path, (*planned, *last), None)
    assert len(planned) == len(names)
    assert report.findings == ()


def test_a_run_that_goes_on_calls_off_no_job_that_may_have_ended_meanwhile():
    class Held(Unrecorded):
        def hold(self, name, bound, **values):
            names.append(name)

    names, target = [], Answering()
    [cancel] = [one for one in probes("gmi", examples=1) if one.name == "gmi.cancelRequest.typical"]
    verify(Plan((cancel,)), Session("gmi", target, "any", journal=Held()), date=DATE)
    assert target.asked == ["submitRequest"]
    begun = Exchange(None, 200, {"request_id": str(uuid.uuid4()), "status": "queued"}, 0.0, provider="gmi")
    earlier = Earlier(handed_in=frozenset(names), answers=dict.fromkeys(names, begun))
    report = verify(Plan((cancel,)), Session("gmi", target, "any", earlier=earlier), date=DATE)
    assert [result.state for result in report.results] == ["could-not-check"]
    assert target.asked == ["submitRequest"]


def asks_for_all(session):
    assert session.ask("listRequests").body["requests"]
    return ()


def test_what_an_earlier_part_has_seen_is_not_asked_again_and_its_findings_stay(tmp_path):
    asked = []

    def wrong(session):
        asked.append(1)
        yield Finding("accepted", "no", session.ask("listModels"))

    def unsure(session):
        asked.append(2)
        raise CouldNotCheck("not now")
        yield

    planned = (free("a", wrong), free("b", unsure), free("c", lambda session: ()))
    parts = []
    for _ in range(2):
        known = Earlier.of(Recording.open(tmp_path)) if (tmp_path / "manifest.json").exists() else Earlier()
        recorder = Recorder if not known.exchanges else None
        with (
            Recorder(tmp_path, provider="gmi", target="t", seed=1, version="1", date=DATE)
            if recorder
            else Recorder.resume(tmp_path, version="1", date=DATE)
        ) as journal:
            session = Session("gmi", Answering(), "any", journal=journal, earlier=known)
            parts.append(verify(Plan(planned), session, date=DATE))
    assert asked == [1, 2, 2]
    first, second = parts
    assert (first.verdict, second.verdict) == ("violated", "violated")
    assert [finding.message for finding in second.findings if finding.rule == "accepted"] == ["no"]
    assert second.exchanges == first.exchanges == 1
    assert second.findings[0].exchange.body == {"models": []}


@pytest.mark.parametrize(
    ("wrong", "planned", "verdict"),
    [(True, 1, "violated"), (False, 1, "clean"), (True, 2, "violated"), (False, 2, "could-not-check")],
)
def test_a_recording_is_no_cleaner_than_its_run_was(tmp_path, wrong, planned, verdict):
    def ask(session):
        answer = session.ask("listModels")
        if wrong:
            yield Finding("accepted", "no", answer)

    path = tmp_path / "it"
    with Recorder(
        path, provider="gmi", target="t", seed=1, version="1", date=DATE, run={"planned": planned}
    ) as journal:
        target = Answering(body={"model_ids": []})
        verify(Plan((free("a", ask),)), Session("gmi", target, "any", journal=journal), date=DATE)
    recording = Recording.open(path)
    report = judge(recording)
    assert (report.verdict, report.interrupted) == (verdict, False)
    assert report.stopped == ("" if planned == 1 else "1 of its probes have not ended")
    found = [(finding.message, finding.exchange) for finding in report.findings if finding.rule == "accepted"]
    assert found == ([("no", recording.exchanges[0])] if wrong else [])


def test_a_finding_that_cannot_be_read_is_not_left_out_of_a_recording(tmp_path):
    path = tmp_path / "it"
    with Recorder(path, provider="gmi", target="t", seed=1, version="1", date=DATE) as journal:
        journal.done("gmi.a", "violated", findings=[{"rule": "accepted", "message": "no", "number": 7}])
    with pytest.raises(RecordingError, match="finding that is on record cannot be read"):
        judge(Recording.open(path))


class Answering:
    """A target that answers everything in one way."""

    name, live = "somebody", False
    switches = {}  # noqa: RUF012

    def __init__(self, status=200, body=None):
        self.status, self.body, self.asked = status, body or {"models": []}, []

    def ask(self, operation, request):
        self.asked.append(operation.name)
        if self.status is None:
            raise Unreachable("nobody is there")
        return Exchange(
            None, self.status, self.body, float(len(self.asked)), "GET", f"https://x{request.target}",
            {"content-type": "application/json"}, "gmi", operation.name,
        )  # fmt: skip


def free(name, perform, **values):
    given = {"provider": "gmi", "operation": "listModels", "checks": ("accepted",), "tier": "free", "why": "it lists"}
    return Probe(f"gmi.{name}", perform=perform, **{**given, **values})


def run(*planned, target=None, **values):
    return verify(Plan(planned), Session("gmi", target or Answering(), "any"), date=DATE, **values)


def ask(session):
    session.ask("listModels")
    return ()


def test_a_run_that_could_see_nothing_is_not_clean():
    assert run().verdict == "could-not-check"
    report = run(free("a", ask), target=Answering(None))
    assert report.verdict == "could-not-check"
    assert [(result.state, result.reason) for result in report.results] == [("could-not-check", "nobody is there")]
    assert {tally.state for tally in report.tallies} <= {"not-run", "could-not-check"}


def test_a_check_that_saw_nothing_is_told_as_not_run_with_a_reason():
    report = run(free("a", ask))
    tallies = {tally.check.name: tally for tally in report.tallies}
    assert (tallies["accepted"].state, tallies["accepted"].count) == ("passed", 1)
    assert tallies["webhook.once"].state == "not-run"
    assert tallies["webhook.once"].reason
    assert report.verdict in ("clean", "violated")
    assert {name for name, tally in tallies.items() if tally.state == "not-run" and tally.count} == set()


def test_a_probe_that_fails_by_itself_is_told_and_the_others_go_on():
    def fail(session):
        raise ZeroDivisionError("a mistake of its own")

    report = run(free("a", fail), free("b", ask))
    assert [result.state for result in report.results] == ["could-not-check", "passed"]
    assert report.results[0].reason == "the probe itself failed: ZeroDivisionError: a mistake of its own"
    assert report.verdict != "clean"


def test_a_finding_counts_even_for_a_check_that_its_probe_did_not_name():
    report = run(free("a", lambda session: [Finding("refused", "it was not", session.ask("listModels"))]))
    assert report.verdict == "violated"
    assert next(tally for tally in report.tallies if tally.check.name == "refused").findings


def test_being_interrupted_ends_a_run_and_what_was_not_tried_says_so():
    def interrupted(session):
        raise KeyboardInterrupt

    report = run(free("a", ask), free("b", interrupted), free("c", ask))
    assert [(result.state, result.reason) for result in report.results] == [
        ("passed", ""), ("not-run", INTERRUPTED), ("not-run", INTERRUPTED),
    ]  # fmt: skip
    assert (report.interrupted, report.verdict == "clean") == (True, False)
    report = run(free("a", ask), stopped=INTERRUPTED)
    assert [result.state for result in report.results] == ["not-run"]


def test_being_interrupted_is_heard_while_a_smaller_request_is_looked_for():
    tried = []

    def judge(number):
        tried.append(number)
        if len(tried) == 3:
            raise KeyboardInterrupt
        yield "it is wrong"

    with pytest.raises(KeyboardInterrupt):
        smallest(Session("gmi", Answering(), "any"), st.integers(), 10, judge)
    assert len(tried) == 3


def test_only_the_probes_of_a_run_can_be_broken_off():
    told = []

    @contextmanager
    def heeded():
        told.append("from here")
        try:
            yield
        finally:
            told.append("to here")

    report = run(free("a", ask), heeded=heeded, told=told.append)
    assert [one if isinstance(one, str) else type(one) for one in told] == ["from here", Begun, Ended, "to here"]

    @contextmanager
    def late():
        yield
        raise KeyboardInterrupt

    report = run(free("a", ask), heeded=late)
    assert ([result.state for result in report.results], report.interrupted) == (["passed"], True)


@pytest.mark.parametrize("moment", ["begin", "done"])
def test_a_run_that_cannot_be_recorded_any_more_ends_and_says_so(moment):
    class Full(Unrecorded):
        pass

    def fail(self, *args, **values):
        raise OSError("No space left on device")

    setattr(Full, moment, fail)
    target = Answering()
    session = Session("gmi", target, "any", journal=Full())
    report = verify(Plan((free("a", ask), free("b", ask))), session, date=DATE)
    assert report.stopped == "it could not be recorded: No space left on device"
    assert report.verdict != "clean"
    assert len(target.asked) == (moment == "done")


def test_when_the_time_is_over_nothing_more_is_begun():
    target = Answering()
    report = run(free("a", ask), free("b", ask), target=target, time_limit=0.0)
    assert target.asked == []
    assert {result.reason for result in report.results} == {"the time of 0 s was over"}


def test_events_tell_each_probe_as_it_begins_and_as_it_ends():
    events = []
    run(free("a", ask), free("b", ask), told=events.append)
    assert [type(event) for event in events] == [Begun, Ended, Begun, Ended]
    assert [(event.number, event.of) for event in events[::2]] == [(1, 2), (2, 2)]


def refused():
    """A probe whose request is to be refused, and would be paid for were it not."""
    return next(one for one in probes("gmi") if one.name == "gmi.submitRequest.invalidPayload")


def test_what_is_too_dear_is_not_run_and_says_what_was_left():
    submit = refused()
    target = Answering()
    session = Session("gmi", target, "any", budget=Budget(Decimal("0.0001")))
    [result] = verify(Plan((submit,)), session, date=DATE).results
    assert result.state == "not-run"
    assert "of $0.0001 is left" in result.reason
    assert target.asked == []


def test_a_submit_that_broke_on_the_providers_side_may_have_begun_and_stays_held():
    submit = refused()
    for status, held in ((400, False), (500, True), (408, True), (502, True)):
        session = Session("gmi", Answering(status), "any", budget=Budget(Decimal(1000)))
        verify(Plan((submit,)), session, date=DATE)
        assert (session.budget.at_most > 0) == held, status


@pytest.mark.parametrize("status", [None, 500, 408])
def test_a_submit_whose_answer_was_lost_is_handed_in_by_nobody_else_either(status):
    target = Answering(status)
    wanting = [one for one in payable("gmi") if one.operation == "getRequest"]
    assert len(wanting) > 1
    session = Session("gmi", target, "any", budget=Budget(Decimal(1000)))
    report = verify(Plan(tuple(wanting)), session, date=DATE)
    assert target.asked.count("submitRequest") == 1
    assert {result.state for result in report.results} == {"could-not-check"}


def test_the_balance_is_read_where_a_provider_tells_it(stand_in, providers):
    for name, told in (("segmind", True), ("runware", True), ("gmi", False)):
        with Account(stand_in, providers[name], name) as account:
            found = balance(Session(name, account.target, account.key, journal=Unrecorded()))
            assert (found == 100_000) if told else (found is None)


@pytest.mark.parametrize("name", ["runware", "gmi", "segmind"])
def test_what_the_pages_print_is_judged_for_nothing(name):
    report = judge(examples(name))
    assert report.verdict == "clean", [finding.message for finding in report.findings]
    assert any(tally.count for tally in report.tallies)
    unasked = [tally.reason for tally in report.tallies if tally.check.scope == "probe"]
    assert all("only a probe" in reason for reason in unasked)
