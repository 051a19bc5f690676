"""The contract harness against the emulator: everything that is declared is produced, and nothing else."""

import pytest

from understudy.clock import ManualClock
from understudy.commands.opened import looked_into
from understudy.config import Settings
from understudy.server import Server
from understudy_contracts.harness import Bench, Plan, Remote, Session, probes, verify
from understudy_contracts.harness.coverage import coverage
from understudy_contracts.harness.sink import LocalSink

#: One for each run: what one has uploaded would be there for the next.
KEYS = ("SG_0123456789abcdef", "SG_0123456789fedcba")
#: Under which more can be answered than by default, and nothing less.
SWITCHES = {"runware.sync-delivery": "allowed"}
#: The files of one model of each kind are looked into; those of others are made in the same way.
LOOKED_INTO = (
    "heygen:avatar@4",
    "minimax-tts-speech-2.8-hd",
    "gpt-image-2-generate",
    "heygen-avatar-4",
    "seedream-4.5",
)


@pytest.fixture(scope="module")
def stand_in(cache):
    """A server that knows one key, under a clock that only the harness moves."""
    settings = Settings(port=0, cache_dir=cache, api_keys=frozenset(KEYS), switches=SWITCHES)
    with Server(settings, ManualClock()) as server:
        server.engine.studio.warm = lambda placeholder: None
        yield server


def verified(server, provider, key, *, examples, all_files=False):
    with (
        Remote.at(server.url) as target,
        Bench.find(server.url, key) as bench,
        LocalSink() as sink,
    ):
        session = Session(provider, target, key, bench=bench, sink=sink, inspector=looked_into)
        listed = list(probes(provider, examples=examples))
        chosen = [one for one in listed if all_files or ".files." not in one.name or one.name.endswith(LOOKED_INTO)]
        report = verify(Plan.of(chosen, means=session.means), session, date="2026-11-21T12:00:00Z")
        seen = coverage(provider, session.exchanges, session.switches, webhooks=session.webhooks, files=len(sink.files))
        return report, seen


def judge(report, seen):
    unclean = [(one.probe.name, one.state, one.reason) for one in report.results if one.state != "passed"]
    assert not report.findings, [f"{one.rule}: {one.message}" for one in report.findings[:10]]
    assert not unclean
    assert not seen.missing, seen.table()
    assert not seen.undeclared, seen.table()
    assert report.verdict == "clean"


#: Each of these takes a quarter of a minute, and `make verify` does the same.
LONG = [pytest.param(name, marks=pytest.mark.slow) for name in ("runware", "gmi", "segmind")]


@pytest.mark.parametrize("provider", [*LONG, "heygen"])
def test_everything_that_is_declared_is_produced_and_nothing_else(stand_in, provider, capsys):
    report, seen = verified(stand_in, provider, KEYS[0], examples=1)
    with capsys.disabled():
        print(f"\n{seen}")
    judge(report, seen)
    assert all(reason.endswith(".") for reason in seen.beyond.values())


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["runware", "gmi", "segmind", "heygen"])
def test_whatever_is_generated_is_accepted_or_refused_as_the_contract_says(stand_in, provider):
    judge(*verified(stand_in, provider, KEYS[1], examples=100, all_files=True))


@pytest.mark.parametrize("provider", ["runware", "gmi", "segmind"])
def test_what_is_free_begins_nothing_and_costs_nothing(make_server, key, provider):
    server = make_server(api_keys=frozenset({key}))
    with Remote.at(server.url) as target, Bench.find(server.url, key) as bench:
        session = Session(provider, target, key, bench=bench)
        plan = Plan.of(probes(provider, examples=1), means=session.means, free=True)
        report = verify(plan, session, date="2026-11-21T12:00:00Z")
        assert len(session.exchanges) > 50
        assert not report.findings
        assert [entry["kind"] for entry in bench.ledger()["entries"]] == ["opening"]
        account = server.engine.accounts.of(key)
        assert not account.jobs(provider)
        assert session.budget.at_most == 0


@pytest.mark.parametrize("provider", ["runware", "segmind"])
def test_a_stand_in_that_cannot_reach_this_machine_is_not_blamed_for_silence(make_server, key, provider):
    class Gone(LocalSink):
        """Nobody is there any more."""

        def __enter__(self):
            self._server.server_close()
            return self

        def __exit__(self, *exc):
            pass

    server = make_server(ManualClock())
    with Remote.at(server.url) as target, Bench.find(server.url, key) as bench, Gone() as sink:
        session = Session(provider, target, key, bench=bench, sink=sink)
        one = next(one for one in probes(provider) if "sink" in one.needs)
        report = verify(Plan.of([one], means=session.means), session, date="2026-11-21T12:00:00Z")
        assert not report.findings
        [result] = report.results
        assert (result.state, report.verdict) == ("could-not-check", "could-not-check")
        assert "cannot reach this machine: " in result.reason


def test_a_stand_in_that_takes_any_key_is_not_blamed_for_it(make_server, key):
    server = make_server()
    with Remote.at(server.url) as target, Bench.find(server.url, key) as bench:
        session = Session("gmi", target, key, bench=bench)
        plan = Plan.of([one for one in probes("gmi") if one.name == "gmi.listModels.unauthorized"], means=session.means)
        [result] = verify(plan, session, date="2026-11-21T12:00:00Z").results
        assert result.state == "not-run"
        assert "takes any key" in result.reason
        assert not session.exchanges
