from __future__ import annotations

import base64
import errno
import json
import os
from decimal import Decimal

import click
import pytest
from click.testing import CliRunner

from understudy_client import Job, MediaResult, RunwareClient, read_video
from understudy_client.commands import generate
from understudy_client.commands.fields import fill
from understudy_client.commands.gmi import payload_of
from understudy_client.commands.performance import INTERRUPTED, file_for
from understudy_client.commands.runware import task_of
from understudy_client.commands.segmind import fields_of

UUID = "5893b754-1341-468b-a130-0c8c07d4e68f"
AVATAR = ["--model", "heygen:avatar@4", "--avatar", "man_casual_young_adult_2", "--script", "Good evening."]
SMALL = ["--width", "320", "--height", "180"]

pytestmark = pytest.mark.usefixtures("hurried")


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


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_a_video_is_made_over_a_websocket_wherever_the_url_was_written_for(run, server, key, tmp_path, scheme):
    out = tmp_path / "owls.mp4"
    there = ["--base-url", f"{scheme}://127.0.0.1:{server.port}/v1", "--api-key", key]
    outcome = run(*AVATAR, *SMALL, *there, "--transport", "websocket", "--out", str(out))
    assert outcome.exit_code == 0, outcome.stderr
    assert f"Calling ws://127.0.0.1:{server.port}/v1" in outcome.stderr
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
        [*AVATAR, "--timeout", "nan", "--base-url", "http://127.0.0.1:9", "--api-key", "k"],
        [*AVATAR, "--timeout", "inf", "--base-url", "http://127.0.0.1:9", "--api-key", "k"],
        [*AVATAR, "--timeout", "-1", "--base-url", "http://127.0.0.1:9", "--api-key", "k"],
        [*AVATAR, "--base-url", "", "--api-key", "k"],
        [*AVATAR, "--base-url", "http://[::1", "--api-key", "k"],
    ],
    ids=[
        "no model",
        "no value",
        "no object",
        "no picture",
        "no script",
        "no count",
        "no key",
        "no URL",
        "no time",
        "no end",
        "no start",
        "empty URL",
        "half a URL",
    ],
)
def test_a_wrong_command_is_told_from_a_refusal(run, arguments):
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize("place", ["a-file/v.mp4", "a-file/deep/er/v.mp4", "x" * 300, "new/" + "x" * 300, "pipe"])
def test_a_place_that_takes_no_file_is_told_before_anything_is_sent(run, scripted, tmp_path, place):
    (tmp_path / "a-file").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.rglob("*"))
    outcome = run(*AVATAR, "--base-url", scripted.url, "--api-key", "k", "--out", str(tmp_path / place))
    assert outcome.exit_code == 2, outcome.output
    assert "--out" in outcome.stderr
    assert scripted.calls == []
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("place", ["v.mp4", "new/er/v.mp4", "."])
def test_looking_whether_a_file_can_be_written_leaves_nothing_behind(run, scripted, reply, tmp_path, place):
    scripted.answer = lambda call: reply(b'{"errors": [{"code": "invalidModel", "message": "No."}]}', 400)
    outcome = run(*AVATAR, "--base-url", scripted.url, "--api-key", "k", "--out", str(tmp_path / place))
    assert outcome.exit_code == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_file_that_cannot_be_written_after_all_leaves_the_url_the_job_and_the_cost(
    run, there, monkeypatch, tmp_path, form
):
    made = [MediaResult(name, UUID, f"http://files/{name}.mp4", Decimal("1.5")) for name in ("a", "b")]

    def download(self, result, path, **more):
        if result.id == "b":
            raise OSError(errno.ENOSPC, "No space left on device")
        return path

    monkeypatch.setattr(RunwareClient, "generate", lambda *anything, **more: made)
    monkeypatch.setattr(RunwareClient, "download", download)
    json_flag = ["--json"] if form == "json" else []
    outcome = run(*AVATAR, *there, "--out", str(tmp_path / "v.mp4"), *json_flag)
    assert outcome.exit_code == 1
    assert isinstance(outcome.exception, SystemExit)
    assert "No space left" in outcome.stderr
    if form == "text":
        assert outcome.stdout == ""
        for told in (UUID, str(tmp_path / "v-1.mp4"), "http://files/b.mp4", "Cost: $3.0"):
            assert told in outcome.stderr
    else:
        told = json.loads(outcome.stdout)
        assert (told["job"], told["cost"], told["error"]["kind"]) == (UUID, 3.0, "DownloadFailed")
        assert [row.get("file") for row in told["results"]] == [str(tmp_path / "v-1.mp4"), None]


def test_it_says_once_whom_it_calls_and_says_no_password(run, monkeypatch, key, there):
    url = there[1].replace("http://", "http://me:secret@")
    outcome = run(*AVATAR, "--base-url", url, "--api-key", key, "--set", "speech.speed=9", "--json")
    assert outcome.stderr.count(f"Calling {there[1]}\n") == 1
    assert "Calling" not in outcome.stdout
    monkeypatch.setattr(RunwareClient, "generate", lambda *anything, **more: [])
    assert "Calling https://api.runware.ai/v1\n" in run(*AVATAR, "--api-key", "k").stderr


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


@pytest.mark.parametrize("command", generate.commands.values(), ids=lambda command: command.name)
def test_every_option_says_what_it_is_for(command):
    assert CliRunner().invoke(command, ["--help"]).exit_code == 0
    for option in command.params:
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


def test_a_script_can_come_from_stdin_and_ends_as_one_from_a_file_does(run, monkeypatch):
    tasks = []
    monkeypatch.setattr(RunwareClient, "generate", lambda self, task, **more: tasks.append(task) or [])
    outcome = run(*AVATAR[:-1], "@-", "--api-key", "k", input="Good evening.\n")
    assert outcome.exit_code == 0, outcome.stderr
    assert tasks[0]["speech"]["text"] == "Good evening."


@pytest.mark.parametrize(
    "value", ["NaN", "-Infinity", "1e999", "[1, NaN]", '{"a": -1e999}', "99999999999999999999", '"\\ud800"']
)
def test_a_number_or_text_that_no_json_can_hold_is_refused_and_never_sent_as_null(value):
    with pytest.raises(click.UsageError, match="cannot send"):
        fill({}, {}, [f"x={value}"])


@pytest.mark.parametrize(
    ("text", "value"), [('"NaN"', "NaN"), ("NaN and more", "NaN and more"), ("1e3", 1000.0), ("[" * 20000, "[" * 20000)]
)
def test_a_setting_that_is_no_json_is_text(text, value):
    assert fill({}, {}, [f"x={text}"]) == {"x": value}


def test_a_directory_takes_videos_by_their_own_names(tmp_path):
    result = MediaResult("v", Job(UUID).id, "http://provider/x/v.webm?token=1")
    assert file_for(result, tmp_path, None) == tmp_path / "v.webm"
    assert file_for(result, tmp_path / "a.mp4", 2) == tmp_path / "a-2.mp4"


@pytest.fixture
def gmi(monkeypatch, server, key):
    for name in ("GMI_API_KEY", "GMI_BASE_URL", "GMI_ORG_ID"):
        monkeypatch.delenv(name, raising=False)
    there = ["--base-url", server.url, "--api-key", key]
    speaker = ["--avatar", "josh_lite3_20230714", "--voice", "1bd001e7e50f421d891986aad5158bc8"]
    return lambda *arguments: CliRunner().invoke(
        generate, ["gmi", "--model", "heygen-avatar-4", *speaker, *there, *arguments]
    )


def test_gmi_makes_a_video_of_several_segments(gmi, tmp_path):
    out = tmp_path / "owls.mp4"
    outcome = gmi("--script", "Good evening.", "--segment", "Good night.", *SMALL, "--caption", "--out", str(out))
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stdout.strip() == str(out)
    assert read_video(out).width == 320


def test_gmi_names_a_result_in_a_directory_by_its_job(gmi, tmp_path):
    outcome = gmi("--script", "Good evening.", *SMALL, "--out", str(tmp_path), "--json")
    told = json.loads(outcome.stdout)
    assert told["results"][0]["file"] == str(tmp_path / f"{told['job']}-0.mp4")
    assert told["results"][0]["duration"] > 0


def test_gmi_says_what_was_refused(gmi):
    outcome = gmi("--script", "Good evening.", "--set", "video_inputs[0].voice.speed=9")
    assert outcome.exit_code == 1
    assert "speed" in outcome.stderr
    assert "not billed" in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["--script", "Hi.", "--set", "video_inputs[3].voice.speed=1"], ["--script", "Hi.", "--set", "a..b=1"],
     ["--script", "@no-such-file.txt"], ["--script", "Hi.", "--base-url", "https://api.gmi-serving.com/v1"]],
    ids=["no script", "a gap", "no name", "no file", "the chat API"],
)  # fmt: skip
def test_a_wrong_gmi_command_is_told_from_a_refusal(gmi, arguments):
    assert gmi(*arguments).exit_code == 2


def test_options_become_a_payload():
    given = {"script": "One.", "segments": ("Two.",), "avatar": "a", "voice": "v", "width": 1, "height": 2,
             "caption": True, "title": "t", "prompt": None}  # fmt: skip
    assert payload_of(given, ["video_inputs[1].voice.speed=1.2"]) == {
        "video_inputs": [
            {"character": {"type": "avatar", "avatar_id": "a"},
             "voice": {"type": "text", "input_text": "One.", "voice_id": "v"}},
            {"character": {"type": "avatar", "avatar_id": "a"},
             "voice": {"type": "text", "input_text": "Two.", "voice_id": "v", "speed": 1.2}},
        ],
        "dimension": {"width": 1, "height": 2},
        "caption": True,
        "title": "t",
    }  # fmt: skip
    assert payload_of({"prompt": "An owl."}, []) == {"prompt": "An owl."}


def test_settings_reach_into_lists_and_over_what_is_there():
    assert fill({"a": [1]}, {}, ["a[1].b=2", "a[0]=[3]", "c[0][0]=x", "a[1].b=4"]) == {
        "a": [[3], {"b": 4}],
        "c": [["x"]],
    }


@pytest.fixture
def segmind(monkeypatch, server, key):
    for name in ("SEGMIND_API_KEY", "SEGMIND_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    there = ["--base-url", f"{server.url}/v1", "--api-key", key]
    return lambda *arguments: CliRunner().invoke(generate, ["segmind", *there, *arguments])


FACE = [
    "--model",
    "heygen-avatar-iv",
    "--image",
    "https://pictures.example/face.png",
    "--title",
    "t",
    "--script",
    "Hi.",
]


@pytest.mark.parametrize("sync", [[], ["--sync"]], ids=["queued", "at once"])
def test_segmind_makes_a_video_of_a_picture_that_it_uploads(segmind, tmp_path, sync):
    (tmp_path / "face.png").write_bytes(b"\x89PNG")
    out = tmp_path / "owls.mp4"
    more = ["--image", str(tmp_path / "face.png"), "--orientation", "portrait", "--fit", "contain", "--out", str(out)]
    outcome = segmind(*FACE, *more, *sync)
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stdout.strip() == str(out)
    assert "Cost: $0." in outcome.stderr
    assert read_video(out).height == 1280


@pytest.mark.parametrize("sync", [[], ["--sync"]], ids=["queued", "at once"])
def test_segmind_tells_all_in_one_json_object(segmind, tmp_path, sync):
    outcome = segmind(*FACE, "--out", str(tmp_path / "v.mp4"), "--json", *sync)
    told = json.loads(outcome.stdout)
    assert told["job"]
    assert told["results"][0]["file"] == str(tmp_path / "v.mp4")
    assert told["cost"] == told["results"][0]["cost"] > 0
    assert bool(told["results"][0]["url"]) is not bool(sync)


@pytest.mark.parametrize("form", ["text", "json", "file"])
def test_segmind_shows_what_a_model_wrote(segmind, tmp_path, form):
    out = tmp_path / "new" / "text.json"
    more = {"text": [], "json": ["--json"], "file": ["--out", str(out)]}[form]
    outcome = segmind("--model", "gpt-5.5", "--prompt", "Good evening.", *more)
    assert outcome.exit_code == 0, outcome.stderr
    shown = {"text": lambda: outcome.stdout, "json": lambda: json.loads(outcome.stdout)["text"], "file": out.read_text}[
        form
    ]
    assert "Good evening." in json.loads(shown())["choices"][0]["message"]["content"]


@pytest.mark.parametrize("sync", [[], ["--sync"]], ids=["queued", "at once"])
def test_segmind_says_what_was_refused_and_leaves_no_file(segmind, tmp_path, sync):
    outcome = segmind(*FACE, "--set", "fit=squeeze", "--out", str(tmp_path / "v.mp4"), *sync)
    assert outcome.exit_code == 1
    assert "fit" in outcome.stderr
    assert "not billed" in outcome.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [["--image", "no-such-file.png"], ["--audio", "no-such-file.wav"], ["--script", "@no-such-file.txt"], ["--sync"],
     ["--sync", "--out", "."], ["--set", "fit"], ["--base-url", "here"]],
    ids=["no picture", "no recording", "no script", "nowhere", "a folder", "no value", "no URL"],
)  # fmt: skip
def test_a_wrong_segmind_command_is_told_from_a_refusal(segmind, arguments):
    assert segmind(*FACE, *arguments).exit_code == 2


def test_options_become_the_fields_of_segmind(tmp_path):
    (tmp_path / "voice.mp3").write_bytes(b"ID3")
    given = {"image": "https://x/face.png", "audio": str(tmp_path / "voice.mp3"), "title": "t", "script": "s", "voice": "v",
             "orientation": "portrait", "fit": "cover", "motion": "nods", "prompt": None}  # fmt: skip
    fields, files = fields_of(given, ["enhance_custom_motion_prompt=true"])
    assert fields == {
        "image_url": "https://x/face.png",
        "video_title": "t",
        "script": "s",
        "voice_id": "v",
        "video_orientation": "portrait",
        "fit": "cover",
        "custom_motion_prompt": "nods",
        "enhance_custom_motion_prompt": True,
    }
    assert files == {"audio_url": tmp_path / "voice.mp3"}
