"""Archives that others have recorded are judged like recordings of our own."""

from __future__ import annotations

import base64
import json

import httpx
import pytest

from understudy_contracts import checks
from understudy_contracts.harness.har import from_har
from understudy_contracts.harness.recording import RecordingError

UUID = "f3a1c2d4-5b6e-4f70-8a91-b2c3d4e5f607"
KEY = "SG_0123456789abcdefghij"


def entry(url: str, text: str = "", *, method: str = "GET", status: int = 200, **rest):
    return {
        "startedDateTime": "2026-11-21T12:00:00.500Z",
        "time": 1500,
        "request": {
            "method": method, "url": url,
            "headers": [{"name": ":path", "value": "/"}, {"name": "X-Api-Key", "value": KEY}],
        },
        "response": {
            "status": status, "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": {"size": len(text), "text": text},
        },
    } | rest  # fmt: skip


@pytest.fixture
def archive(tmp_path):
    def write(*entries):
        file = tmp_path / "one.har"
        file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), "utf-8")
        return file

    return write


def test_what_an_archive_has_of_a_provider_is_judged(archive):
    body = json.dumps({"request_id": UUID, "status": "FAILED", "error": f"not for {KEY}"})
    recording = from_har(
        archive(entry(f"https://api.segmind.com/v2/requests/{UUID}/status", body)), "segmind", keys=[KEY]
    )
    (told,) = recording.exchanges
    assert (told.operation, told.status, told.seconds) == ("getStatus", 200, 1.5)
    assert told.body == {"request_id": UUID, "status": "FAILED", "error": "not for <key>"}
    assert (told.sent, told.headers) == ({"x-api-key": "<key>"}, {"content-type": "application/json"})
    assert told.at == 1795262402.0
    assert "segmind.failed-is-422" in {one.rule for one in checks.violations([told], provider="segmind")}


def test_files_are_what_they_were(archive):
    film = b"\0\1film"
    row = entry("https://images.segmind.com/generations/x.mp4")
    row["response"]["content"] = {"size": 6, "text": base64.b64encode(film).decode(), "encoding": "base64"}
    (told,) = from_har(archive(row), "segmind").exchanges
    assert (told.content, told.body, told.operation) == (film, None, "getMedia")


@pytest.mark.parametrize("size", [12, -1])
def test_what_is_left_out_is_said(archive, size):
    address = "https://api.segmind.com/v1/get-user-credits"
    silent = entry(address)
    silent["response"]["content"] = {"size": size}
    recording = from_har(
        archive(
            entry("https://www.example.org/", "{}"),
            entry("wss://ws-api.runware.ai/v1", status=101),
            entry(address, _webSocketMessages=[]),
            entry(address, status=0),
            silent,
        ),
        "segmind",
    )
    assert recording.entries == ()
    assert recording.notices == (
        "1 left out: no operation of segmind has such a path",
        "2 left out: what a socket carried: nothing says which frame answers which",
        "1 left out: no answer came",
        "1 left out: the answer's content was not recorded",
        "it has no exchanges",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no HTTP Archive"),
        ("[]", "is no HTTP Archive"),
        ('{"log": {"entries": 1}}', "is no HTTP Archive: .*log.entries is no list"),
        ('{"log": {"entries": [{}]}}', "entry 0 cannot be read: KeyError"),
        (
            json.dumps({"log": {"entries": [entry("/", startedDateTime="x") | {"request": 1}]}}),
            "entry 0 cannot be read",
        ),
    ],
)
def test_what_is_no_archive_is_refused_in_words(tmp_path, text, message):
    file = tmp_path / "one.har"
    file.write_text(text, "utf-8")
    with pytest.raises(RecordingError, match=message):
        from_har(file, "segmind")
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        from_har(tmp_path / "none.har", "segmind")


def test_a_file_in_an_archive_that_is_no_base64_is_refused(archive):
    row = entry("https://images.segmind.com/generations/x.mp4")
    row["response"]["content"] = {"size": 6, "text": "%%%", "encoding": "base64"}
    with pytest.raises(RecordingError, match="it is no base64"):
        from_har(archive(row), "segmind")


def test_the_journal_of_the_stand_in_is_such_an_archive(server, key, tmp_path):
    headers = {"Authorization": f"Bearer {key}", "x-api-key": key}
    with httpx.Client(base_url=server.url, trust_env=False, headers=headers, timeout=60) as http:
        balance = http.get("/v1/get-user-credits")
        missing = http.get(f"/v2/requests/{UUID}/status")
        archive = http.get("/_understudy/journal.har")
    assert archive.is_success, archive.text
    file = tmp_path / "journal.har"
    file.write_bytes(archive.content)
    told = from_har(file, "segmind", keys=[key]).exchanges
    assert [(one.operation, one.status, one.body) for one in told] == [
        ("getCredits", balance.status_code, balance.json()),
        ("getStatus", missing.status_code, missing.json()),
    ]
    assert checks.violations(told, provider="segmind") == []
