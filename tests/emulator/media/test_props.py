"""What a request gives is seen and heard in the file that stands for its answer, at every provider."""

import base64
import io
import json
import re
import struct
import subprocess
import threading
import time
import uuid
from hashlib import sha256

import httpx
import pytest
from PIL import Image

from attachments import data_uri, wav
from gateway import AVATAR as TALKING_PHOTO
from gateway import Gateway
from stage import video_task
from understudy.clock import ManualClock
from understudy.media import ffmpeg
from understudy.media.clip import Clip
from understudy.media.inspect import frame, inspect
from understudy.media.still import Still
from understudy.placeholders import placeholder
from understudy.providers.runware.video import Video
from understudy_contracts.provider import contract
from website import Handler, website

QUEUE = "/api/v1/ie/requestqueue/apikey/requests"
SMALL = {"width": 320, "height": 180}
FIFTH = {"model": "heygen:avatar@5", "inputs": {"avatar": "Brandon_Office_Standing_Front_public"}}
RED, BLUE = (210, 20, 40), (20, 40, 210)


def tone(seconds):
    return wav(seconds, hertz=440)


def png(colour, size=(64, 36)):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


class Files(Handler):
    """A picture and a recording."""

    def get(self):
        self.answer(png(RED) if self.path == "/red.png" else tone(1.5))


@pytest.fixture(scope="module")
def site():
    with website(Files) as url:
        yield url


def made(stage, **fields):
    """The one result of a task, when it is done."""
    task = video_task(**fields)
    accepted = stage.post(task).json()
    assert "errors" not in accepted, accepted
    stage.clock.advance(10_000)
    [item] = stage.poll(task)["data"]
    return item


def queued(stage, model, **payload):
    """The outcome of a request of GMI's queue, when it is done."""
    accepted = stage.http.post(QUEUE, json={"model": model, "payload": payload})
    assert accepted.status_code == 200, accepted.text
    stage.clock.advance(10_000)
    return stage.http.get(f"{QUEUE}/{accepted.json()['request_id']}").json()["outcome"]


def job_of(stage, url):
    """The job and the result behind the URL of a file."""
    name = httpx.URL(url).path.rpartition("/")[2].partition(".")[0]
    _, job, result = stage.server.engine.shelf[name]
    return job, result


def drawn(stage, url):
    """What is to be drawn for the URL of a file."""
    job, result = job_of(stage, url)
    if job.provider == "runware":
        return Video(stage.server.engine).clip(job, result)
    return placeholder(contract(job.provider).models[job.model], job, result)


def downloaded(stage, url, tmp_path):
    response = stage.http.get(url)
    assert response.status_code == 200, response.text
    file = tmp_path / f"{uuid.uuid4()}{httpx.URL(url).path[-4:]}"
    file.write_bytes(response.content)
    return file


def share(image, colour, spread=40):
    """Which share of an image has about a colour."""
    pixels = list(image.convert("RGB").resize((64, 64), Image.Resampling.NEAREST).getdata())
    return sum(all(abs(a - b) <= spread for a, b in zip(p, colour, strict=True)) for p in pixels) / len(pixels)


def heard(file):
    """The sound of a file as samples, 8,000 a second."""
    program = [ffmpeg.executable(), "-v", "error", "-i", str(file), "-f", "s16le", "-ac", "1", "-ar", "8000", "-"]
    raw = subprocess.run(program, capture_output=True, check=True, timeout=60).stdout
    return [one for (one,) in struct.iter_unpack("<h", raw)]


def loudest(samples, start, end):
    return max(map(abs, samples[round(start * 8000) : round(end * 8000)]), default=0)


def test_the_picture_of_who_speaks_fills_the_frame_wherever_it_comes_from(stage, site, tmp_path):
    stored = stage.post(
        {"taskType": "imageUpload", "taskUUID": str(uuid.uuid4()), "image": base64.b64encode(png(RED)).decode()}
    ).json()["data"][0]
    sources = [
        data_uri(png(RED)),
        base64.b64encode(png(RED)).decode(),
        f"{site}/red.png",
        stored["imageUUID"],
        stored["imageURL"],
    ]
    urls = [made(stage, inputs={"image": source}, **SMALL)["videoURL"] for source in sources]
    names = {drawn(stage, url).subject.name for url in urls}
    assert len(names) == 1
    for url in (urls[0], urls[3]):
        assert share(frame(downloaded(stage, url, tmp_path), 0.2), RED) > 0.4


def test_a_picture_that_only_others_could_fetch_is_done_without(stage, tmp_path):
    url = made(stage, inputs={"image": "https://pictures.invalid/face.png"}, width=640, height=360)["videoURL"]
    assert drawn(stage, url).subject is None
    assert inspect(downloaded(stage, url, tmp_path)).width == 640


def test_a_background_is_behind_whoever_speaks_and_its_colour_where_it_is_none(stage, tmp_path):
    inputs = {"avatar": "man_casual_young_adult", "background": data_uri(png(BLUE))}
    pictured = made(stage, inputs=inputs, **SMALL)["videoURL"]
    assert share(frame(downloaded(stage, pictured, tmp_path), 0.2), BLUE) > 0.3
    coloured = made(stage, settings={"backgroundColor": "#d21428"}, **SMALL)["videoURL"]
    assert share(frame(downloaded(stage, coloured, tmp_path), 0.2), RED) > 0.4


def test_each_field_of_a_request_is_found_in_its_clip(stage):
    inputs = {**FIFTH["inputs"], "background": data_uri(png(BLUE))}
    settings = {"backgroundColor": "#123456", "fit": "contain", "removeBackground": True}
    speech = {"text": "One two three.", "pitch": 50, "volume": 0.5}
    asked = FIFTH | {"inputs": inputs, "settings": settings, "speech": speech, "outputFormat": "WEBM"}
    clip = drawn(stage, made(stage, **asked)["videoURL"])
    assert (clip.background, clip.backdrop.fit, clip.alpha, clip.container) == ("#123456", "contain", True, "webm")
    assert (clip.sound.pitch, clip.sound.volume) == (pytest.approx(7.02, abs=0.01), 0.5)
    assert len(clip.sound.words) == 3
    assert clip.sound.words[-1].end_ms <= clip.milliseconds


def test_a_background_taken_away_can_be_seen_through(stage, tmp_path):
    settings = {"removeBackground": True}
    url = made(stage, settings=settings, outputFormat="WEBM", width=180, height=320)["videoURL"]
    corner = frame(downloaded(stage, url, tmp_path), 0.2, alpha=True).crop((175, 250, 180, 255))
    assert corner.getchannel("A").getextrema()[1] < 16


def test_segments_with_backgrounds_silence_and_recordings_are_drawn_and_heard(stage, tmp_path):
    character = {"type": "avatar", "avatar_id": "josh_lite3_20230714"}
    voices = [
        {"type": "text", "input_text": "Good evening night owls.", "voice_id": "v", "pitch": -50},
        {"type": "silence", "duration": 2},
        {"type": "audio", "audio_url": data_uri(tone(1.5), "audio/wav")},
    ]
    segments = [{"character": character, "voice": voice} for voice in voices]
    segments[1]["background"] = {"type": "image", "url": data_uri(png(BLUE))}
    outcome = queued(stage, "heygen-avatar-4", video_inputs=segments, dimension=SMALL)
    url = outcome["media_urls"][0]["url"]
    clip = drawn(stage, url)
    assert clip.sound.pitch == pytest.approx(-12)
    assert clip.backdrop is not None
    assert len(clip.sound.words) == 4
    [recording] = clip.sound.recordings
    spoken = 20 / 12.9
    assert (recording.start_ms, recording.end_ms) == (
        pytest.approx(1000 * (spoken + 2), abs=2),
        pytest.approx(1000 * (spoken + 3.5), abs=41),
    )
    sound = heard(downloaded(stage, url, tmp_path))
    assert len(sound) / 8000 == pytest.approx(outcome["duration"], abs=0.06)
    assert loudest(sound, 0, spoken) > 300
    assert loudest(sound, spoken + 0.2, spoken + 1.8) < 100
    assert loudest(sound, spoken + 2.2, spoken + 3.3) > 3000


@pytest.mark.parametrize(
    ("model", "payload"),
    [
        ("Veo3", {"prompt": "A walk.", "image": data_uri(png(RED)), "durationSeconds": "4"}),
        ("wan2.6-i2v", {"img_url": data_uri(png(RED)), "duration": 3, "audio_url": data_uri(tone(1), "audio/wav")}),
        ("seedream-5.0-pro", {"prompt": "Make it so.", "image": [data_uri(png(RED)), data_uri(png(BLUE))]}),
    ],
    ids=["Veo3", "wan", "seedream"],
)
def test_what_a_video_or_a_picture_is_made_from_is_seen_in_it(stage, model, payload, tmp_path):
    outcome = queued(stage, model, **payload)
    url = outcome["video_url"] if "video_url" in outcome else outcome["media_urls"][0]["url"]
    what, file = drawn(stage, url), downloaded(stage, url, tmp_path)
    assert what.subject is not None
    if isinstance(what, Still):
        with Image.open(file) as image:
            assert share(image, RED) > 0.4
        return
    assert share(frame(file, 0.5), RED) > 0.4
    sound = heard(file)
    assert loudest(sound, 0.1, 0.9) > 200
    if model == "wan2.6-i2v":
        assert [(one.start_ms, one.end_ms) for one in what.sound.recordings] == [(0, 1000)]
        assert loudest(sound, 1.3, 2.9) < 100


def test_segminds_photo_is_fitted_as_asked_and_its_file_handed_in_by_a_form_is_seen(patient_server, key, tmp_path):
    server, clock = patient_server
    with Gateway(server, key, clock) as caller:
        given = {
            "script": "Hello there.",
            "video_title": "Fitted",
            "image_url": caller_asset(caller, png(RED, (40, 80))),
        }
        for fit, most in (("cover", 1.0), ("contain", 0.7)):
            submitted = caller.http.post(f"/v2/{TALKING_PHOTO}", json={**given, "fit": fit}).json()
            clock.advance(1_000)
            url = caller.http.get(submitted["response_url"]).json()["output"]
            file = tmp_path / f"{fit}.mp4"
            file.write_bytes(caller.http.get(url).content)
            assert 0.15 < share(frame(file, 0.2), RED) <= most
            with Image.open(io.BytesIO(caller.http.get(url.replace(".mp4", ".jpg")).content)) as poster:
                assert (poster.format, poster.size) == ("JPEG", (1280, 720))


def caller_asset(caller, content):
    """The URL of a file that was handed in."""
    return caller.http.post("/upload-asset", json={"data_urls": [data_uri(content)]}).json()["file_urls"][0]


def test_every_video_of_runware_has_a_poster_of_its_size(stage):
    url = made(stage, width=640, height=360, outputFormat="MOV")["videoURL"]
    response = stage.http.get(url.replace(".mov", ".jpg"))
    assert response.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(response.content)) as poster:
        assert (poster.format, poster.size) == ("JPEG", (640, 360))


def cues(text):
    """The numbers, moments in milliseconds and words of a SubRip file."""
    found = []
    for block in text.strip().split("\n\n"):
        number, times, *words = block.split("\n")
        stamps = re.fullmatch(r"(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})", times).groups()
        moments = [((int(h) * 60 + int(m)) * 60 + int(s)) * 1000 + int(ms) for h, m, s, ms in (stamps[:4], stamps[4:])]
        found.append((int(number), *moments, " ".join(words)))
    return found


CAPTIONED = FIFTH | {"settings": {"caption": True}, "speech": {"text": "Good evening, night owls. <Écoutez> --> now!"}}


def test_captions_are_beside_the_video_and_are_those_that_are_burned_in(stage):
    item = made(stage, **CAPTIONED)
    assert item["captionURL"] == item["videoURL"].replace(".mp4", ".srt")
    response = stage.http.get(item["captionURL"])
    assert response.headers["content-type"].partition(";")[0] == "application/x-subrip"
    burned = drawn(stage, item["videoURL"]).captions
    assert cues(response.content.decode()) == [
        (number, one.start_ms, one.end_ms, one.text) for number, one in enumerate(burned, start=1)
    ]
    assert burned
    part = stage.http.get(item["captionURL"], headers={"range": "bytes=2-9"})
    assert (part.status_code, part.content) == (206, response.content[2:10])
    head = stage.http.head(item["captionURL"])
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(response.content)))


@pytest.mark.parametrize(
    "fields",
    [
        {**CAPTIONED, "settings": {"caption": False}},
        {key: value for key, value in CAPTIONED.items() if key != "settings"},
        {**CAPTIONED, "speech": None, "inputs": {**FIFTH["inputs"], "audio": data_uri(tone(1), "audio/wav")}},
    ],
    ids=["not wanted", "not asked for", "nobody knows the words"],
)
def test_without_captions_there_is_no_file_of_them_and_no_word_of_it(stage, fields):
    item = made(stage, **fields)
    assert "captionURL" not in item
    assert stage.http.get(item["videoURL"].replace(".mp4", ".srt")).status_code == 404


def test_who_trusts_no_name_that_is_assumed_can_switch_it_off(make_server, key):
    clock = ManualClock()
    server = make_server(clock=clock, switches={"runware.srt-field": "off"})
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as client:
        task = video_task(**CAPTIONED)
        client.post("/v1", json=[task])
        clock.advance(10_000)
        [item] = client.post("/v1", json=[{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]).json()["data"]
        assert not [name for name in item if "caption" in name.lower()]
        assert cues(client.get(item["videoURL"].replace(".mp4", ".srt")).text)


def test_a_file_says_where_it_came_from_and_holds_no_key(stage, tmp_path):
    task = video_task(outputFormat="MP4", webhookURL=None)
    stage.post(task)
    stage.clock.advance(10_000)
    url = stage.poll(task)["data"][0]["videoURL"]
    _, result = job_of(stage, url)
    tags = dict(drawn(stage, url).tags)
    canonical = json.dumps(task, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert tags == {
        "job": task["taskUUID"],
        "provider": "runware",
        "model": "heygen:avatar@4",
        "seed": str(result.seed),
        "request": sha256(canonical.encode()).hexdigest(),
    }
    assert stage.key.encode() not in downloaded(stage, url, tmp_path).read_bytes()


def test_the_names_of_what_was_given_survive_a_snapshot(stage, tmp_path):
    inputs = {"image": data_uri(png(RED)), "audio": data_uri(tone(1), "audio/wav")}
    url = made(stage, inputs=inputs, speech=None)["videoURL"]
    before = job_of(stage, url)[0].given
    assert set(before) == {"subject", "recording 0"}
    document = stage.http.get("/_understudy/snapshot").json()
    [written] = document["jobs"]["runware"].values()
    assert written["given"] == before
    assert stage.http.put("/_understudy/snapshot", json=document).status_code < 300
    assert job_of(stage, url)[0].given == before
    written["given"] = {"subject": "../../../etc/hostname"}
    refused = stage.http.put("/_understudy/snapshot", json=document)
    assert refused.status_code in (400, 422)
    assert "no video can be made" in refused.text


def test_a_job_without_media_shares_what_it_has_none_of(stage):
    jobs = [job_of(stage, made(stage)["videoURL"])[0] for _ in range(2)]
    assert jobs[0].given == {} == jobs[1].given
    assert jobs[0].given is jobs[1].given


@pytest.mark.parametrize(
    "fields",
    [
        {"speech": {"text": "Good evening, night owls.", "speed": 0.83}, **SMALL},
        {"speech": None, "inputs": {"avatar": "man_casual_young_adult", "audio": data_uri(tone(2.345), "audio/wav")}},
        {**CAPTIONED, "outputFormat": "WEBM"},
        {"speech": {"text": "."}},
        {"model": "heygen:video@1.0", "inputs": None, "speech": None, "positivePrompt": "A walk.", "duration": 3},
    ],
    ids=["a script", "a recording", "captions", "no letter", "a duration"],
)
def test_a_file_lasts_what_was_billed_within_a_frame(stage, tmp_path, fields):
    before = stage.ledger()["balance"]
    item = made(stage, **fields)
    model = contract("runware").models[fields.get("model", "heygen:avatar@4")]
    billed = (before - stage.ledger()["balance"]) / float(model.price.usd)
    assert inspect(downloaded(stage, item["videoURL"], tmp_path)).duration == pytest.approx(billed, abs=0.0401)


def test_a_submit_with_media_is_answered_although_they_never_come(stage):
    stuck = threading.Event()

    class Stuck(Handler):
        def get(self):
            stuck.wait(30)

    with website(Stuck) as url:
        began = time.monotonic()
        picture = f"{url}/never.png"
        clip = drawn(stage, made(stage, inputs={"image": picture, "background": picture})["videoURL"])
        assert time.monotonic() - began < 20
        stuck.set()
    assert isinstance(clip, Clip)
    assert clip.subject is clip.backdrop is None
