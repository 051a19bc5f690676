from __future__ import annotations

import base64
import json

import pytest
from click.testing import CliRunner

from understudy_client import Job, MediaResult, RunwareClient, read_video
from understudy_client.commands import generate
from understudy_client.commands.performance import INTERRUPTED, file_for
from understudy_client.commands.runware import task_of

UUID = "5893b754-1341-468b-a130-0c8c07d4e68f"
AVATAR = ["--model", "heygen:avatar@4", "--avatar", "man_casual_young_adult_2", "--script", "Good evening."]
SMALL = ["--width", "320", "--height", "180"]


@pytest.fixture
def run(monkeypatch):
    monkeypatch.delenv("RUNWARE_API_KEY", raising=False)
    monkeypatch.delenv("RUNWARE_BASE_URL", raising=False)
    return lambda *arguments, **more: CliRunner().invoke(generate, ["runware", *arguments], **more)


@pytest.fixture
def there(server, key):
    return ["--base-url", f"{server.url}/v1", "--api-key", key]


def test_a_video_is_made_put_in_its_file_and_priced(run, there, tmp_path):
    out = tmp_path / "owls.mp4"
    outcome = run(*AVATAR, *SMALL, *there, "--out", str(out))
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stdout.strip() == str(out)
    assert "Cost: $0." in outcome.stderr
    assert read_video(out).width == 320


def test_without_a_file_the_url_is_printed(run, there):
    outcome = run(*AVATAR, *SMALL, *there, "--set", "includeCost=false")
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("http://")
    assert "Cost: not told" in outcome.stderr


def test_several_videos_get_a_number_and_one_json_object_tells_all(run, there, tmp_path):
    outcome = run(*AVATAR, *SMALL, *there, "--count", "2", "--out", str(tmp_path / "owls.mp4"), "--json")
    told = json.loads(outcome.stdout)
    assert [row["file"] for row in told["results"]] == [str(tmp_path / f"owls-{n}.mp4") for n in (1, 2)]
    assert told["cost"] == pytest.approx(sum(row["cost"] for row in told["results"]))


def test_a_refusal_names_the_parameter_and_says_it_was_not_billed(run, there):
    outcome = run(*AVATAR, *there, "--set", "speech.speed=9")
    assert outcome.exit_code == 1
    assert "speech.speed" in outcome.stderr
    assert "not billed" in outcome.stderr


def test_a_refusal_as_json_has_its_parts(run, there):
    outcome = run(*AVATAR, *there, "--set", "speech.speed=9", "--json")
    told = json.loads(outcome.stdout)["error"]
    assert outcome.exit_code == 1
    assert (told["kind"], told["parameter"], told["billed"]) == ("ValidationError", "speech.speed", False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--script", "Hello."],
        [*AVATAR, "--set", "speed"],
        [*AVATAR, "--set", "model.name=x"],
        [*AVATAR, "--image", "no-such-file.png"],
        [*AVATAR, "--script", "@no-such-file.txt"],
        [*AVATAR, "--count", "0"],
        AVATAR,
        [*AVATAR, "--base-url", "here", "--api-key", "k"],
    ],
    ids=["no model", "no value", "no object", "no picture", "no script", "no count", "no key", "no URL"],
)
def test_a_wrong_command_is_told_from_a_refusal(run, arguments):
    assert run(*arguments).exit_code == 2


def test_ctrl_c_names_the_job_that_may_still_cost(run, monkeypatch):
    tasks = []

    def interrupted(self, task, **options):
        tasks.append(task)
        raise KeyboardInterrupt

    monkeypatch.setattr(RunwareClient, "generate", interrupted)
    outcome = run(*AVATAR, "--api-key", "k")
    assert outcome.exit_code == INTERRUPTED == 130
    assert tasks[0]["taskUUID"] in outcome.stderr
    assert "billed" in outcome.stderr


def test_the_key_is_never_printed(run, there, key):
    for outcome in (run(*AVATAR, *there, "--set", "speech.speed=9"), run(*AVATAR, *SMALL, *there, "--json")):
        assert key not in outcome.output


def test_every_option_says_what_it_is_for(run):
    assert run("--help").exit_code == 0
    for option in generate.commands["runware"].params:
        assert option.help


def test_options_become_the_providers_fields(tmp_path):
    options = {
        "model": "m", "prompt": "p", "avatar": "a", "image": UUID, "audio": "https://x/a.mp3",
        "background": "data:image/png;base64,AA", "script": "s", "voice": "v", "language": "en-US", "width": 1,
        "height": 2, "resolution": "720p", "count": 3, "webhook_url": "http://x/",
    }  # fmt: skip
    assert task_of(options, ["speech.speed=1.2", "settings.expressiveness=high", 'safety={"mode":"fast"}']) == {
        "includeCost": True,
        "model": "m",
        "positivePrompt": "p",
        "inputs": {
            "avatar": "a", "image": UUID, "audio": "https://x/a.mp3", "background": "data:image/png;base64,AA"
        },
        "speech": {"text": "s", "voice": "v", "language": "en-US", "speed": 1.2},
        "settings": {"expressiveness": "high"},
        "safety": {"mode": "fast"},
        "width": 1,
        "height": 2,
        "resolution": "720p",
        "numberResults": 3,
        "webhookURL": "http://x/",
    }  # fmt: skip


def test_files_travel_within_the_request(tmp_path):
    (tmp_path / "face.png").write_bytes(b"\x89PNG")
    (tmp_path / "voice.weird").write_bytes(b"\0")
    (tmp_path / "script.txt").write_text("Good evening, “owls”.\n", "utf-8")
    task = task_of(
        {
            "image": str(tmp_path / "face.png"),
            "audio": str(tmp_path / "voice.weird"),
            "script": f"@{tmp_path / 'script.txt'}",
        },
        [],
    )
    assert task["inputs"]["image"] == "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
    assert task["inputs"]["audio"].startswith("data:application/octet-stream;base64,")
    assert task["speech"]["text"] == "Good evening, “owls”."


def test_a_script_can_come_from_stdin(run, there):
    outcome = run(*AVATAR[:-1], "@-", *SMALL, *there, input="Good evening.")
    assert outcome.exit_code == 0, outcome.stderr


def test_a_directory_takes_videos_by_their_own_names(tmp_path):
    result = MediaResult("v", Job(UUID).id, "http://provider/x/v.webm?token=1")
    assert file_for(result, tmp_path, None) == tmp_path / "v.webm"
    assert file_for(result, tmp_path / "a.mp4", 2) == tmp_path / "a-2.mp4"
