"""`understudy verify`: whom it asks, what it says, and that nothing is sent where that would be a mistake."""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from understudy.cli import main
from understudy.config import Settings, Speed
from understudy.server import Server
from understudy_contracts import harness
from understudy_contracts.checks import Exchange
from understudy_contracts.documents.asyncapi import SOCKET_HOST
from understudy_contracts.harness import Bench, Remote
from understudy_contracts.harness import run as verifying
from understudy_contracts.harness.leaks import Keys
from understudy_contracts.harness.recording import Recorder, Recording
from understudy_contracts.provider import contract

KEYS = {
    "RUNWARE_API_KEY": "rw-5f0c2b7d91e8a346",
    "GMI_API_KEY": "gmi-0c77aa19d2be4f58",
    "SEGMIND_API_KEY": "SG_91aa20cd73fe4b16",
}


def run(*words, **variables):
    clean = {**dict.fromkeys(KEYS), "HEYGEN_API_KEY": None, "GITHUB_ACTIONS": None, "UNDERSTUDY_API_KEY": None}
    return CliRunner().invoke(main, ["verify", *map(str, words)], env={**clean, **variables})


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Where a run that is not told otherwise keeps its recording."""
    monkeypatch.chdir(tmp_path)


class Ear:
    """Hears whoever connects to this machine in a provider's place."""

    def __init__(self, status=500, body=b"{}"):
        self.heard = []
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                ear.heard.append((self.command, self.path))
                self.rfile.read(int(self.headers.get("content-length", 0)))
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def instead(monkeypatch):
    """Have every provider's hosts stand at one address of this machine."""

    def place(where):
        begin = Remote.provider.__func__

        def provider(cls, name, **options):
            hosts = {one.host for one in contract(name).operations.values() if one.host} | {SOCKET_HOST}
            return begin(cls, name, addresses={host: where(host) for host in hosts}, **options)

        monkeypatch.setattr(Remote, "provider", classmethod(provider))

    return place


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    settings = Settings(port=0, speed=Speed.parse("instant"), cache_dir=tmp_path_factory.mktemp("media"))
    with Server(settings) as running:
        running.engine.studio.warm = lambda placeholder: None
        yield running


@pytest.mark.parametrize(
    ("words", "variables", "missing"),
    [
        (["--target", "live"], {}, ["--live", "GMI_API_KEY"]),
        (["--target", "live"], KEYS, ["--live"]),
        (["--target", "live", "--live"], {}, ["GMI_API_KEY"]),
        (["--target", "live", "--live"], {"GMI_API_KEY": "  "}, ["GMI_API_KEY"]),
        (["--live"], KEYS, ["--target live"]),
        (["--target", "live", "--live", "--key", "any-key-of-mine"], KEYS, ["--key"]),
    ],
)
def test_without_both_switches_and_the_key_nothing_is_sent(instead, words, variables, missing):
    with Ear() as ear:
        instead(lambda host: ear.url)
        done = run(*words, "--provider", "gmi", "--max-spend", "5", **variables)
        assert ear.heard == []
    assert done.exit_code == 2
    for word in missing:
        assert word in done.stderr
    if len(missing) == 1 and missing != ["--live"]:
        assert "the second switch" not in done.stderr


@pytest.mark.parametrize(
    "target", ["https://api.runware.ai", "http://console.gmicloud.ai:80/x", "https://API.Segmind.com./"]
)
def test_a_providers_own_address_is_no_url_to_be_asked(target):
    done = run("--target", target)
    assert (done.exit_code, "--target live --live" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ["--examples", "0"], ["--time", "0"], ["--rate", "0"], ["--max-spend", "-1"], ["--report", "pdf=x"],
        ["--report", "html"], ["--report", "html=."], ["--provider", "nobody"], ["--model", "nothing"],
        *[[option, value] for option in ("--time", "--rate") for value in ("nan", "inf", "1e999", "-1")],
        ["--rate", "1e-320"], ["--examples", "1e3"], ["--max-spend", "nan"], ["--max-spend", "1e999"],
        ["--target", "recording:"], ["--target", "nowhere"], ["--target", "ftp://127.0.0.1"], ["--model", "heygen:avatar@4", "--provider", "gmi"],
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_a_mistake_in_the_command_line(words):
    assert run(*words).exit_code == 2


def test_a_run_that_can_see_nothing_is_not_clean(tmp_path):
    done = run("--target", "http://127.0.0.1:1")
    assert (done.exit_code, "nothing could be checked" in done.stderr) == (3, True)
    assert run("--target", f"recording:{tmp_path / 'nowhere'}").exit_code == 3
    done = run("--provider", "heygen", "--time", "0.000001")
    assert done.exit_code == 3
    assert "nothing could be seen" in done.stdout
    assert "the time of" in done.stdout


def test_a_stand_in_is_started_asked_and_reported_of(tmp_path):
    reports = {"json": "r.json", "html": "new/r.html", "junit": "r.xml", "markdown": "r.md"}
    words = [f"--report={form}={tmp_path / name}" for form, name in reports.items()]
    done = run("--provider", "heygen", "--seed", "7", *words)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("heygen: CLEAN")
    assert "seed       7" in done.stdout
    report = json.loads((tmp_path / "r.json").read_bytes())
    [one] = report["runs"]
    assert (report["verdict"], one["target"], one["seed"], one["spending"]["live"]) == ("clean", "emulator", 7, False)
    assert all(probe["state"] == "passed" for probe in one["probes"])
    assert ElementTree.parse(tmp_path / "r.xml").getroot().get("failures") == "0"
    assert "<!doctype html>" in (tmp_path / "new" / "r.html").read_text("utf-8")
    assert (tmp_path / "r.md").read_text("utf-8").startswith("# understudy verify: clean")


def test_whoever_watches_sees_a_bar_and_whoever_does_not_reads_lines():
    watched = run("--provider", "heygen", FORCE_COLOR="1", COLUMNS="200", TERM="xterm")
    assert "━" in watched.stderr
    assert "heygen: 14 probes" not in watched.stderr
    unwatched = run("--provider", "heygen", FORCE_COLOR=None)
    assert unwatched.stderr.splitlines()[0].startswith("heygen: ")
    assert "━" not in unwatched.stderr
    assert watched.stdout.splitlines()[0] == unwatched.stdout.splitlines()[0]


def test_the_same_seed_tries_the_same(tmp_path):
    told = []
    for number in range(2):
        path = tmp_path / f"{number}.json"
        run("--provider", "gmi", "--free", "--examples", "1", "--seed", "3", f"--report=json={path}")
        [one] = json.loads(path.read_bytes())["runs"]
        told.append([(probe["name"], probe["state"], probe["requests"]) for probe in one["probes"]])
    assert told[0] == told[1] != []


def test_a_server_at_a_url_is_asked_as_the_account_of_its_key(server, key):
    done = run("--target", server.url, "--provider", "heygen", "--key", key)
    assert done.exit_code == 0, done.output
    assert server.url in done.stdout


@pytest.mark.parametrize("key", ["understudy", "listAvatars", "violated", "could-not-check"])
def test_a_key_that_every_report_has_in_it_is_refused_before_anything_is_asked(key):
    with Ear(404) as ear:
        done = run("--target", ear.url, "--provider", "heygen", "--key", key)
        # Whether it is a stand-in is all that was asked.
        assert {path.split("/")[1] for _, path in ear.heard} == {"_understudy"}
    assert (done.exit_code, "take another key" in done.stderr, done.stdout) == (2, True, "")


def test_a_key_that_one_report_cannot_be_written_without_costs_that_report_alone(stand_in, tmp_path, monkeypatch):
    monkeypatch.setattr("understudy_contracts.harness.reports.has", lambda reports, keys: False)
    words = ["--target", stand_in.url, "--provider", "heygen", "--key", "understudy"]
    done = run(*words, f"--report=html={tmp_path / 'r.html'}")
    assert (done.exit_code, "heygen: CLEAN" in done.stdout, (tmp_path / "r.html").exists()) == (3, True, False)
    assert f"{tmp_path / 'r.html'} cannot be written: The report would give away an API key" in done.stderr
    done = run(*words, "--record", tmp_path / "it")
    assert (done.exit_code, done.stdout, (tmp_path / "it").exists()) == (3, "", False)
    assert "would give away an API key" in done.stderr
    assert "Nothing was sent" in done.stderr


@pytest.mark.parametrize("provider", ["runware", "gmi", "segmind", "heygen"])
def test_nobody_is_blamed_for_refusing_a_key_that_was_never_theirs(tmp_path, provider):
    with Server(Settings(port=0, api_keys=frozenset({"SG_the-only-one"}), cache_dir=tmp_path / "media")) as server:
        done = run("--target", server.url, "--provider", provider, "--key", "SG_nobody-knows-it")
    assert done.exit_code == 3, done.output
    assert "the key was refused" in done.stdout


def test_a_password_in_an_address_is_not_in_what_is_shown():
    with Ear(404) as ear:
        address = ear.url.replace("//", "//ann:opensesame@")
        done = run("--target", address, "--provider", "heygen", "--plan")
    assert f"heygen at {ear.url}: " in done.stdout
    assert "opensesame" not in done.output


def test_of_somebody_who_is_no_stand_in_nothing_is_asked_that_may_cost_money(tmp_path):
    with Ear(404) as ear:
        done = run("--target", ear.url, "--provider", "gmi", f"--report=json={tmp_path / 'r.json'}")
        submits = [path for method, path in ear.heard if method == "POST" and path.endswith("/requests")]
    [one] = json.loads((tmp_path / "r.json").read_bytes())["runs"]
    assert done.exit_code == 1
    assert "At most $0 will be spent" in done.stdout
    assert {probe["tier"] for probe in one["probes"] if probe["requests"]} == {"free"}
    assert all(probe["state"] == "not-run" for probe in one["probes"] if probe["tier"] == "paid")
    # What is to be refused may be sent there: it is argued in the contract why it begins nothing.
    assert len(submits) <= sum(probe["requests"] for probe in one["probes"])


def test_a_plan_says_what_each_probe_can_cost_and_why_it_is_free_and_sends_nothing(instead):
    with Ear() as ear:
        instead(lambda host: ear.url)
        done = run("--target", "live", "--live", "--provider", "gmi", "--max-spend", "0.5", "--plan", **KEYS)
        free = run("--target", "live", "--live", "--provider", "gmi", "--plan", **KEYS)
        assert ear.heard == []
    assert (done.exit_code, free.exit_code) == (0, 0)
    assert "    free  gmi.listModels.typical: " in done.stdout
    bounds = [
        Decimal(line.split()[0].removeprefix("$"))
        for line in done.stdout.splitlines()
        if line.startswith("  ") and line.split()[0].startswith("$")
    ]
    assert bounds
    assert max(bounds) <= Decimal("0.5")
    assert "At most $0.5 will be spent" in done.stdout
    assert "At most $0 will be spent" in free.stdout
    assert "--max-spend" in free.stdout


def live(*words, **variables):
    return run("--target", "live", "--live", *words, **{**KEYS, **variables})


def places(stand_in):
    near = Remote.at(stand_in.url)
    return near.address


def paid(stand_in, key):
    with Bench(stand_in.url, key) as bench:
        entries = bench.ledger()["entries"]
    return sum((-Decimal(str(entry["amount"])) for entry in entries if entry["kind"] == "charge"), Decimal(0))


def test_live_spends_no_more_than_it_may_reads_it_back_records_it_and_pays_for_nothing_twice(
    stand_in, instead, tmp_path
):
    instead(places(stand_in))
    words = ["--provider", "segmind", "--model", "gpt-5.5", "--max-spend", "0.3", "--examples", "1"]
    words.append(f"--report=json={tmp_path / 'r.json'}")
    key = KEYS["SEGMIND_API_KEY"]
    done = live(*words)
    assert done.exit_code in (0, 1, 3), done.output
    [one] = json.loads((tmp_path / "r.json").read_bytes())["runs"]
    spent = paid(stand_in, key)
    assert 0 < spent <= Decimal(one["spending"]["at_most"]) <= Decimal("0.3")
    assert Decimal(one["spending"]["read_back"]) == spent
    assert done.stdout.index("At most $") < done.stdout.index("segmind: ")
    place = tmp_path / "understudy-recordings" / "live"
    recording = Recording.open(place / "segmind")
    assert recording.manifest.live
    assert spent <= recording.at_most
    for file in [tmp_path / "r.json", *place.rglob("*")]:
        assert not file.is_file() or not Keys([key]).leak(file.read_text("utf-8", "replace"))
    assert not Keys([key]).leak(done.output)
    again = live(*words, "--record", place, "--seed", recording.manifest.seed)
    assert again.exit_code in (0, 1, 3), again.output
    assert paid(stand_in, key) == spent
    other = live(*words, "--record", place, "--seed", recording.manifest.seed + 1)
    assert (other.exit_code, "--fresh" in other.stderr, paid(stand_in, key)) == (2, True, spent)


def test_a_run_that_was_broken_off_as_it_went_on_with_more_goes_on_and_pays_for_nothing_twice(
    stand_in, instead, tmp_path, monkeypatch
):
    instead(places(stand_in))
    perform, listed = verifying._noted, [*harness.probes("segmind", models=["gpt-5.5"], examples=1)]
    free, costly = ([one for one in listed if one.tier == tier] for tier in ("free", "paid"))
    few = [*free[:3], *(one for one in costly if one.bound)]

    def stopped_when_paid(probe, session):
        result = perform(probe, session)
        if probe.tier == "paid":
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(harness, "probes", lambda provider, **more: few)
    key, words = "SG_64c1f0b5aa9d27e83f10", ["--provider", "segmind", "--model", "gpt-5.5", "--rate", "999"]
    live(*words, "--seed", "1", "--free", "--time", "0.000001", SEGMIND_API_KEY=key)
    monkeypatch.setattr(verifying, "_noted", stopped_when_paid)
    done = live(*words, "--max-spend", "0.3", SEGMIND_API_KEY=key)
    assert done.exit_code == 130, done.output
    once = paid(stand_in, key)
    assert once > 0
    live(*words, "--free", SEGMIND_API_KEY=key)
    done = live(*words, "--max-spend", "0.3", SEGMIND_API_KEY=key)
    assert done.exit_code == 130, done.output
    place = tmp_path / "understudy-recordings"
    assert [one.name for one in place.iterdir()] == ["live"]
    held = [row["name"] for _, row in Recording.open(place / "live" / "segmind").steps if row["kind"] == "held"]
    assert len(held) == len(set(held))
    assert once <= paid(stand_in, key) <= Decimal("0.3")


def test_a_run_of_which_nobody_can_tell_whether_it_has_ended_is_not_begun_anew_unasked(instead, tmp_path):
    words = ["--provider", "gmi", "--max-spend", "0.3", "--plan"]
    place = tmp_path / "understudy-recordings" / "live" / "gmi"
    place.mkdir(parents=True)
    (place / "manifest.json").write_text("{")
    with Ear() as ear:
        instead(lambda host: ear.url)
        unasked, asked = live(*words), live(*words, "--fresh")
        assert ear.heard == []
    assert (unasked.exit_code, "--fresh" in unasked.stderr) == (3, True)
    assert asked.exit_code == 0, asked.output


def test_what_was_recorded_is_judged_again_for_nothing(stand_in, instead, tmp_path):
    done = run("--provider", "heygen", "--record", tmp_path / "it")
    assert done.exit_code == 0, done.output
    again = run("--target", f"recording:{tmp_path / 'it'}")
    assert again.exit_code == 0, again.output
    assert "recording:" in again.stdout
    assert "only a probe that knows what it expects can tell" in again.stdout
    assert run("--target", f"recording:{tmp_path / 'it'}", "--provider", "gmi").exit_code == 3
    assert run("--provider", "heygen", "--record", tmp_path / "it").exit_code == 2
    assert run("--provider", "heygen", "--record", tmp_path / "it", "--fresh").exit_code == 0
    assert Recording.open(tmp_path / "it-2" / "heygen").exchanges
    file = next((tmp_path / "it").rglob("exchanges.jsonl"))
    file.write_text("{}\n" + file.read_text("utf-8"))
    assert run("--target", f"recording:{tmp_path / 'it'}").exit_code == 3


def recorded(place, provider):
    """Record one question to a provider."""
    told = {"provider": provider, "target": "somebody", "seed": 1, "version": "1", "date": "2026-11-21T12:00:00Z"}
    with Recorder(place, **told) as recorder:
        recorder.note(Exchange(None, 401, {"error": "no"}, 1.0, "GET", "/v1/x", provider=provider))


def test_a_recording_is_not_judged_without_a_provider_that_was_named(tmp_path):
    recorded(tmp_path / "ra" / "heygen", "heygen")
    done = run("--target", f"recording:{tmp_path / 'ra'}", "--provider", "heygen", "--provider", "gmi")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "has no recording of gmi" in done.stderr


@pytest.mark.parametrize("command", ["verify", "drift"])
def test_of_two_recordings_of_one_provider_neither_is_left_out_unsaid(tmp_path, command):
    for day in ("monday", "tuesday"):
        recorded(tmp_path / "days" / day, "heygen")
    words = [command, "--target", f"recording:{tmp_path / 'days'}", "--provider", "heygen"]
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, done.stdout) == (3, "")
    assert str(tmp_path / "days" / "monday") in done.stderr
    assert str(tmp_path / "days" / "tuesday") in done.stderr


def test_what_the_pages_print_is_judged_without_asking_anybody():
    done = run("--target", "recording:examples")
    assert done.exit_code == 0, done.output
    assert "CLEAN: runware clean, gmi clean, segmind clean" in done.stdout


def test_on_github_each_finding_is_an_annotation_and_the_step_has_a_summary(tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    with Ear(404) as ear:
        done = run("--target", ear.url, "--provider", "heygen", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert done.exit_code == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("::error title=heygen ")]
    assert summary.read_text("utf-8").startswith("before\n# understudy verify: violated")
    assert "::error" not in run("--provider", "heygen", GITHUB_STEP_SUMMARY=str(summary)).stdout


def test_a_report_that_cannot_be_written_is_told_and_is_no_success(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("--provider", "heygen", f"--report=html={tmp_path / 'file' / 'r.html'}")
    assert (done.exit_code, "cannot be written" in done.stderr, "CLEAN" in done.stdout) == (3, True, True)


@pytest.mark.parametrize("option", ["--record", "--cache-dir"])
def test_a_folder_that_cannot_be_made_is_no_promise_that_is_broken(tmp_path, option):
    (tmp_path / "file").write_text("")
    done = run("--provider", "heygen", option, tmp_path / "file" / "folder")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "nothing could be checked" in done.stderr
    assert "cannot be written" in done.stderr


def test_a_summary_that_cannot_be_written_is_told_and_is_no_success(tmp_path):
    place = str(tmp_path / "nowhere" / "summary.md")
    done = run("--provider", "heygen", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=place)
    assert (done.exit_code, "cannot be written" in done.stderr, "CLEAN" in done.stdout) == (3, True, True)


@pytest.mark.slow
def test_a_run_leaves_nothing_where_it_was_started_but_what_it_was_asked_for(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "understudy", "verify", "--provider", "gmi", "--model", "minimax-tts-speech-2.8-hd",
         "--report", "markdown=r.md"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} - {"cache"} == {"r.md"}


def test_help_shows_examples_and_the_exit_codes():
    done = run("--help")
    for words in ("understudy verify --target live --live --provider segmind --free", "Exit code 0", "130"):
        assert words in done.stdout


@pytest.mark.parametrize(
    "late",
    ["understudy_contracts.harness.run.coverage", "understudy_contracts.harness.reports.document",
     "understudy_contracts.harness.reports.render"],
)  # fmt: skip
def test_ctrl_c_that_comes_after_the_last_probe_loses_nothing_that_was_found(tmp_path, monkeypatch, late):
    interrupted_at(monkeypatch, late)
    done = run("--provider", "heygen", *(f"--report={form}={tmp_path / form}" for form in ("html", "json")))
    assert (done.exit_code, "heygen: CLEAN" in done.stdout) == (130, True), done.output
    [one] = json.loads((tmp_path / "json").read_bytes())["runs"]
    assert {probe["state"] for probe in one["probes"]} == {"passed"}
    assert (tmp_path / "html").exists()


def test_ctrl_c_between_two_providers_keeps_the_first_and_begins_no_other(tmp_path, monkeypatch):
    interrupted_at(monkeypatch, "understudy_contracts.harness.run.coverage")
    done = run("--provider", "heygen", "--provider", "gmi", f"--report=json={tmp_path / 'r.json'}")
    first, second = json.loads((tmp_path / "r.json").read_bytes())["runs"]
    assert (done.exit_code, first["verdict"], first["stopped"]) == (130, "clean", "")
    assert (second["stopped"], {probe["state"] for probe in second["probes"]}) == ("it was interrupted", {"not-run"})


def test_ctrl_c_while_the_balance_is_read_back_loses_nothing_that_was_found(tmp_path, monkeypatch, instead):
    interrupted_at(monkeypatch, "understudy_contracts.harness.balance.balance", after=1, answer=Decimal(1))
    with Ear() as ear:
        instead(lambda host: ear.url)
        words = ["--provider", "segmind", "--free", "--time", "0.000001", f"--report=json={tmp_path / 'r.json'}"]
        done = live(*words)
    [one] = json.loads((tmp_path / "r.json").read_bytes())["runs"]
    assert (done.exit_code, one["spending"]["read_back"]) == (130, "0"), done.output


def interrupted_at(monkeypatch, place, *, after=0, answer=None):
    """Have Ctrl-C pressed once as something is called, after it was called so many times."""
    module, _, name = place.rpartition(".")
    owner = importlib.import_module(module)
    real, called = getattr(owner, name), []

    def instead_of(*args, **values):
        called.append(1)
        if len(called) == after + 1:
            os.kill(os.getpid(), signal.SIGINT)
        return real(*args, **values) if answer is None else answer

    monkeypatch.setattr(owner, name, instead_of)


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_a_run_with_its_reports_and_twice_at_once(tmp_path, times):
    report = tmp_path / "r.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "understudy", "verify", "--provider", "gmi", "--provider", "heygen", "--rate", "20",
         "--report", f"json={report}"],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "GITHUB_ACTIONS": ""},
    )  # fmt: skip
    try:
        assert "probes" in process.stderr.readline()
        time.sleep(0.3)
        for _ in range(times):
            process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    if times == 1:
        runs = json.loads(report.read_bytes())["runs"]
        assert [one["provider"] for one in runs] == ["gmi", "heygen"]
        assert {one["stopped"] for one in runs} == {"it was interrupted"}
        assert {probe["state"] for probe in runs[1]["probes"]} == {"not-run"}
        assert "it was interrupted" in output
