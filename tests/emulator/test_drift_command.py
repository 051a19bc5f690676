"""`understudy drift`, with a stand-in whose contract was changed in the provider's place, in a process of its own."""

import json
import os
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

import understudy_contracts
from program import program
from understudy.cli import main
from understudy_contracts.checks.exchange import Exchange
from understudy_contracts.harness import Remote
from understudy_contracts.harness.recording import Recorder
from understudy_contracts.provider import contract

KEY = "SG_0123456789abcdef"
PACKAGE = Path(understudy_contracts.__file__).parent


def drift(*arguments, code, form="json"):
    done = CliRunner().invoke(main, ["drift", *arguments, "--format", form], env={"UNDERSTUDY_API_KEY": None})
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if form == "json" and code != 2 else done.output


@contextmanager
def serving(folder, *changes):
    """A stand-in of a copy of the contracts with some values set or taken away: yields its address."""
    copy = folder / "understudy_contracts"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name, *places in changes:
        document = json.loads((copy / name).read_bytes())
        for change in places:
            change(document)
        (copy / name).write_text(json.dumps(document))
    # What a copy runs of the package is not what is tested.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "COVERAGE"))}
    env = {**unmeasured, "PYTHONPATH": str(folder), "UNDERSTUDY_CACHE_DIR": str(folder / "cache")}
    arguments = ("--port", "0", "--clock", "manual", "--api-key", KEY)
    with program("serve", *arguments, port_file=folder / "port", env=env, cwd=folder) as (process, url):
        try:
            yield url
        finally:
            process.terminate()
            process.communicate(timeout=60)


def holder(document, path):
    """What holds a place of a document, and what the place is called there."""
    *above, last = path.split("/")
    for step in above:
        document = document[int(step) if isinstance(document, list) else step]
    return document, last


def put(path, value):
    def change(document):
        held_by, name = holder(document, path)
        held_by[name] = value

    return change


def take(path):
    def change(document):
        held_by, name = holder(document, path)
        del held_by[name]

    return change


def parameter(name, **values):
    """Change what a model's detail says of a parameter; nothing is left of it without values."""

    def change(document):
        rows = document["detail"]["parameters"]
        [row] = [row for row in rows if row["name"] == name] or [
            {"name": name, "display_name": name, "description": ""}
        ]
        if row not in rows:
            rows.append(row)
        row.update(values)
        if not values:
            rows.remove(row)

    return change


def case(name, **values):
    """Change an error of a catalogue."""

    def change(document):
        [row] = [row for row in document["cases"] if row["id"] == name]
        row.update(values)

    return change


GMI = (
    (
        "gmi/models/heygen-avatar-4.json",
        parameter("title"),
        parameter("caption", default_value=True, type="string"),
        parameter("speed", type="float", required=True),
        put("detail/price_info/price", 60_000),
        take("detail/delivery_mode"),
        put("detail/qworkers", "none"),
        put("detail/region", "mars"),
    ),
    ("gmi/models/veo3.json", parameter("durationSeconds", options=["4", "8", "10"])),
    (
        "gmi/models/minimax-tts-speech-2.8-hd.json",
        parameter("speed", max_value=3),
        parameter("pitch", min_value=-6),
        parameter("text", required=False),
        parameter("emotion", required=True),
    ),
    ("gmi/errors.json", case("modelNotFound", status=410), case("modelDoesNotExist", message="no such model: {model}")),
)

GMI_FOUND = {
    ("submitRequest", "heygen-avatar-4", "request", "/title", "removed", "breaking"),
    ("submitRequest", "heygen-avatar-4", "request", "/caption", "changed-default", "risky"),
    ("submitRequest", "heygen-avatar-4", "request", "/caption", "changed-type", "breaking"),
    ("submitRequest", "heygen-avatar-4", "request", "/speed", "added", "breaking"),
    ("submitRequest", "heygen-avatar-4", "model", "/price", "changed-price", "risky"),
    ("submitRequest", "Veo3", "request", "/durationSeconds", "new-enum-value", "risky"),
    ("submitRequest", "Veo3", "request", "/durationSeconds", "missing-enum-value", "breaking"),
    ("submitRequest", "minimax-tts-speech-2.8-hd", "request", "/speed", "changed-bound", "harmless"),
    ("submitRequest", "minimax-tts-speech-2.8-hd", "request", "/pitch", "changed-bound", "breaking"),
    ("submitRequest", "minimax-tts-speech-2.8-hd", "request", "/text", "became-optional", "harmless"),
    ("submitRequest", "minimax-tts-speech-2.8-hd", "request", "/emotion", "became-required", "breaking"),
    ("submitRequest", "", "error", "/modelDoesNotExist", "changed-text", "risky"),
    ("getModel", "", "answer", "/delivery_mode", "removed", "breaking"),
    ("getModel", "", "answer", "/qworkers", "changed-type", "breaking"),
    ("getModel", "", "answer", "/region", "added", "harmless"),
    ("getModel", "", "status", "", "new-status", "breaking"),
    ("getModel", "", "error", "/modelNotFound", "changed-status", "breaking"),
}

RUNWARE = (
    (
        "runware/models/heygen-avatar-4.json",
        put("request/properties/resolution/x-editions/sdk-1.8.0/schema/enum", ["360p", "480p", "540p", "720p", "4k"]),
        put("request/properties/width/maximum", 2048),
        put("request/properties/mood", {"type": "string"}),
        put("request/properties/settings/properties/expressiveness/default", "high"),
    ),
    ("runware/models/heygen-video-agent-0.json", put("slug", "heygen-video-agent-2")),
    (
        "runware/errors.json",
        case("invalidApiKey", code="badApiKey"),
        case("invalidContentType", message="Say it in JSON."),
    ),
)

RUNWARE_FOUND = {
    ("videoInference", "heygen:avatar@4", "request", "/resolution", "new-enum-value", "risky"),
    ("videoInference", "heygen:avatar@4", "request", "/resolution", "missing-enum-value", "breaking"),
    ("videoInference", "heygen:avatar@4", "request", "/width", "changed-bound", "breaking"),
    ("videoInference", "heygen:avatar@4", "request", "/mood", "added", "harmless"),
    ("videoInference", "heygen:avatar@4", "request", "/settings/expressiveness", "changed-default", "risky"),
    ("getRegistry", "heygen:video-agent@0", "model", "/models/heygen:video-agent@0/id", "changed-text", "risky"),
    ("ping", "", "error", "", "new-error-code", "risky"),
    ("videoInference", "", "error", "", "new-error-code", "risky"),
    ("ping", "", "error", "/invalidContentType", "changed-text", "harmless"),
}

SEGMIND = (
    (
        "segmind/models/heygen-avatar-iv.json",
        put("detail/is_depreciated", "no"),
        take("detail/description"),
        parameter("fit", default="contain"),
    ),
    ("segmind/errors.json", case("invalidKey", status=402), case("missingKey", message="Who are you?")),
)

SEGMIND_FOUND = {
    ("runModel", "heygen-avatar-iv", "request", "/fit", "changed-default", "risky"),
    (
        "listModels",
        "",
        "answer",
        "/Inference Segmind Model Information List With Details/*/is_depreciated",
        "changed-type",
        "breaking",
    ),
    (
        "listModels",
        "",
        "answer",
        "/Inference Segmind Model Information List With Details/*/description",
        "removed",
        "breaking",
    ),
    ("runModel", "", "error", "/missingKey", "changed-text", "risky"),
    ("runModel", "", "error", "/invalidKey", "changed-status", "breaking"),
    ("runModel", "", "status", "", "new-status", "breaking"),
    ("getCredits", "", "error", "/missingKey", "changed-text", "risky"),
    ("getCredits", "", "error", "/invalidKey", "changed-status", "breaking"),
    ("getCredits", "", "status", "", "new-status", "breaking"),
}

HEYGEN = (
    ("heygen/avatars.json", take("data/avatars/0/avatar_id"), put("data/avatars/1/age", 40)),
    ("heygen/voices.json", put("data/voices/0/support_pause", "yes"), put("error", "none")),
)

HEYGEN_FOUND = {
    ("listAvatars", "", "answer", "/data/avatars/*/avatar_id", "removed", "breaking"),
    ("listAvatars", "", "answer", "/data/avatars/*/age", "added", "harmless"),
    ("listVoices", "", "answer", "/data/voices/*/support_pause", "changed-type", "breaking"),
    ("listVoices", "", "answer", "/error", "changed-type", "breaking"),
}

PLANTED = {
    "gmi": (GMI, GMI_FOUND, ("submitRequest", "getModel")),
    "runware": (RUNWARE, RUNWARE_FOUND, ("videoInference", "getRegistry", "ping")),
    "segmind": (SEGMIND, SEGMIND_FOUND, ("runModel", "listModels", "getCredits")),
    "heygen": (HEYGEN, HEYGEN_FOUND, ("listAvatars", "listVoices")),
}


def options(provider):
    return [word for name in PLANTED[provider][2] for word in ("--operation", name)]


@pytest.mark.parametrize("provider", PLANTED)
def test_every_planted_drift_is_found_in_its_place_and_nothing_else(tmp_path, provider):
    changes, expected, _ = PLANTED[provider]
    with serving(tmp_path, *changes) as url:
        report = drift("--provider", provider, "--target", url, "--key", KEY, "--free", *options(provider), code=1)
    found = [row for row in report["drift"] if row["known"] is None]
    assert {
        (row["operation"], row["model"] or "", row["part"], row["pointer"], row["kind"], row["severity"])
        for row in found
    } == expected
    assert len(found) == len(expected)
    for row in found:
        # It is the one in the provider's place, or what that publishes, that is alone.
        alone = {"target", "published"} & set(row["says"])
        assert alone
        assert row["says"]["contract"] not in {row["says"][side] for side in alone}
        assert row["says"].get("emulator", row["says"]["contract"]) == row["says"]["contract"]
        assert row["evidence"][0]["date"]
    assert {side["side"]: side["of_provider"] for side in report["sides"]} == {
        "contract": False, "emulator": False, "target": False, "published": False, "pages": True
    } or provider == "heygen"  # fmt: skip


@pytest.fixture
def strict(make_server):
    """A stand-in with the contract as it is, which knows one key."""
    return make_server(api_keys=frozenset([KEY])).url


@pytest.mark.parametrize(
    "provider", [one if one in ("heygen", "runware") else pytest.param(one, marks=pytest.mark.slow) for one in PLANTED]
)
def test_a_stand_in_that_was_not_changed_shows_no_drift_and_the_same_each_time(strict, provider):
    asked = (
        "--provider",
        provider,
        "--target",
        strict,
        "--key",
        KEY,
        "--free",
        "--allow-unchecked",
        *options(provider),
    )
    report, again = drift(*asked, code=0), drift(*asked, code=0)
    assert [row for row in report["drift"] if row["known"] is None] == []
    assert report["verdict"] == ("no-drift" if provider == "heygen" else "could-not-check")
    assert report["counts"]["checked"] > 0
    assert json.dumps(report).replace(report["date"], "") == json.dumps(again).replace(again["date"], "")


def test_what_could_not_be_looked_at_fails_unless_it_is_allowed(server):
    some = ("--provider", "heygen", "--target", server.url)
    report = drift(*some, code=3)
    assert report["verdict"] == "could-not-check"
    assert report["drift"] == []
    looked = {(row["operation"], one["side"]): one for row in report["operations"] for one in row["looked"]}
    assert looked["listVoices", "emulator"]["state"] == "checked"
    assert looked["listVoices", "target"]["state"] == "partly"
    assert "takes any key" in looked["listVoices", "target"]["why"]
    assert drift(*some, "--allow-unchecked", code=0)["counts"]["unchecked"] == 2


def test_of_the_provider_itself_only_what_is_free_is_asked(strict, monkeypatch):
    """The stand-in is put where the provider would be."""

    def there(cls, provider, **options):
        remote = cls.at(strict)
        remote.live, remote.name = True, f"{provider}, live"
        return remote

    monkeypatch.setattr(Remote, "provider", classmethod(there))
    monkeypatch.setenv("SEGMIND_API_KEY", KEY)
    report = drift("--provider", "segmind", "--target", "live", "--live", *options("segmind"), code=3)
    assert [row for row in report["drift"] if row["known"] is None] == []
    [side] = [one for one in report["sides"] if one["side"] == "target"]
    assert (side["provenance"], side["of_provider"]) == ("live", True)
    assert side["answers"] > 0
    headers = {"Authorization": f"Bearer {KEY}"}
    ledger = httpx.get(f"{strict}/_understudy/ledger", headers=headers).json()
    assert {one["kind"] for one in ledger["entries"]} == {"opening"}, ledger["entries"]


def test_the_emulator_alone_is_told_as_nobodys_evidence_of_the_provider():
    page = drift("--provider", "heygen", code=0, form="markdown")
    assert "Nobody here was the provider" in page
    table = drift("--provider", "heygen", code=0, form="table")
    assert "Nobody here was the provider" in table
    assert "listVoices" in table


def test_a_recording_of_the_provider_is_compared_for_nothing(tmp_path):
    voices = contract("heygen").document("voices")
    voices["data"]["voices"][0]["support_pause"] = "yes"
    place = tmp_path / "heygen"
    with Recorder(
        place, provider="heygen", target="heygen, live", date="2026-01-01T00:00:00Z", seed=0, version="1", live=True,
        keys=["a-key-of-somebody"],
    ) as recorder:  # fmt: skip
        exchange = Exchange(
            None, 200, voices, 0.0, "GET", "https://api.heygen.com/v2/voices", {}, "heygen", "listVoices"
        )
        recorder.note(exchange, {"probe": "heygen.listVoices.typical"})
    report = drift("--provider", "heygen", "--target", f"recording:{tmp_path}", "--free", code=1)
    [row] = report["drift"]
    assert row["sentence"] == "contract and emulator say boolean; recording says string"
    assert row["evidence"][0]["date"].startswith("2026-01-01")
    [side] = [one for one in report["sides"] if one["side"] == "recording"]
    assert side["of_provider"]
    other = ("--provider", "heygen", "--target", f"recording:{tmp_path}", "--operation", "listAvatars", "--free")
    assert drift(*other, "--allow-unchecked", code=3)["drift"] == []
    states = {row["operation"]: {one["side"]: one for one in row["looked"]} for row in report["operations"]}
    assert states["listAvatars"]["recording"]["state"] == "could-not-check"
    assert states["listVoices"]["recording"]["days"] > 300


def test_a_published_document_is_read_from_a_file_or_an_address(server, tmp_path):
    schemas = f"{server.url}/schemas.runware.ai"
    document = httpx.get(f"{schemas}/resolve/heygen:avatar@4").json()
    document["requestSchema"]["properties"]["width"]["maximum"] = 1
    file = tmp_path / "resolved.json"
    file.write_text(json.dumps(document))
    only = ("--provider", "runware", "--free", "--operation", "videoInference")
    report = drift(*only, "--published", str(file), code=1)
    [row] = report["drift"]
    assert (row["pointer"], row["kind"], row["severity"]) == ("/width", "changed-bound", "breaking")
    assert row["says"]["emulator"] == row["says"]["contract"]
    assert [one["date"] for one in report["sides"] if one["side"] == "published"] == [None]
    fetched = drift(*only, "--published", f"{schemas}/resolve/heygen:avatar@5", code=3)
    assert fetched["drift"] == []
    assert [one["of_provider"] for one in fetched["sides"] if one["side"] == "published"] == [False]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--provider", "nobody"), "nobody"),
        (("--provider", "gmi", "--operation", "fly"), "fly"),
        (("--provider", "gmi", "--target", "live"), "--live"),
        (("--provider", "gmi", "--live"), "--live"),
        (("--provider", "gmi", "--target", "recording:x", "--live"), "--live"),
        (("--provider", "gmi", "--target", "https://console.gmicloud.ai"), "a provider's own"),
        (("--provider", "gmi", "--target", "https://console.gmicloud\u3002ai"), "a provider's own"),
        (("--provider", "gmi", "--published", "no-such-file.json"), "no-such-file.json"),
        (("--provider", "segmind", "--published", "https://api.segmind.com/v1/heygen-avatar-iv"), "is not fetched"),
    ],
)
def test_a_mistake_in_the_command_line_is_said_before_anything_is_asked(arguments, said):
    assert said in drift(*arguments, code=2)


def test_a_file_that_nobody_can_read_is_a_mistake(tmp_path):
    file = tmp_path / "published"
    for content, said in (("{", "no JSON"), ("[" * 200_000, "no JSON"), ("{}", "not understood")):
        file.write_text(content)
        assert said in drift("--provider", "gmi", "--published", str(file), code=2)


class _Echo(BaseHTTPRequestHandler):
    """Answers whatever it is asked with the key that it was asked with, everywhere."""

    def do_GET(self):
        key = self.headers.get("x-api-key") or self.headers.get("authorization") or ""
        body = json.dumps({key: 1, "credits": key, "error": key}).encode()
        self.send_response(200)
        self.send_header("Content-Type", f"application/json; {key}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def test_a_key_that_is_answered_is_in_no_report():
    echo = HTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=echo.serve_forever, daemon=True).start()
    try:
        url = f"http://somebody:{KEY}@127.0.0.1:{echo.server_port}"
        some = ("--provider", "segmind", "--operation", "getCredits", "--target", url, "--key", KEY)
        for form in ("json", "markdown", "table"):
            said = drift(*some, code=1, form=form)
            said = said if isinstance(said, str) else json.dumps(said)
            assert "credits" in said
            assert KEY[3:] not in said.replace("\n", "")
    finally:
        echo.shutdown()
        echo.server_close()


def test_nobody_there_is_no_drift_found_and_none_ruled_out(tmp_path):
    def asked(*arguments):
        return CliRunner().invoke(main, ["drift", "--provider", "gmi", *arguments])

    for arguments in (
        ("--target", "http://127.0.0.1:1"),
        ("--target", f"recording:{tmp_path}"),
        ("--published", "http://127.0.0.1:1/nothing"),
    ):
        done = asked(*arguments)
        assert (done.exit_code, "nothing could be compared" in done.output) == (3, True), done.output
