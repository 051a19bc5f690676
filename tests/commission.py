"""Every kind of file a provider can be asked for: the requests, and what of each must be found in its file."""

import base64
import io
import itertools
import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import httpx
from PIL import Image

from understudy.server import Server
from understudy_contracts.provider import contract

SCRIPT = "Good evening, night owls."
#: The colour that is asked for, that of the picture that is given, and the one that is keyed out.
COLOUR, RED, GREEN = (0xF0, 0xE0, 0x60), (200, 30, 40), (0x00, 0xB1, 0x40)
SIZES = {
    "smallest": (128, 128),
    "360p portrait": (360, 640),
    "720p": (1280, 720),
    "1080p": (1920, 1080),
    "4K": (3840, 2160),
    "odd": (641, 359),
}
#: Where the picture is for who takes none as data; `Case.at` puts a real place there.
PICTURE_URL = "http://site.invalid/red.png"
#: What is to be behind whoever speaks.
SCENES = ("nothing", "a colour", "a picture", "a picture within a colour")
#: Everything is done at once, which is soon.
_POLLS = 50
_QUEUE = "/api/v1/ie/requestqueue/apikey/requests"
_NAMESPACE = uuid.UUID("1f0ab36e-5a67-4a43-9f0d-0f6f2dbf8a11")


def picture() -> bytes:
    """A red picture that stands."""
    buffer = io.BytesIO()
    Image.new("RGB", (90, 180), RED).save(buffer, "PNG")
    return buffer.getvalue()


def _picture() -> str:
    return f"data:image/png;base64,{base64.b64encode(picture()).decode()}"


@dataclass(frozen=True)
class Case:
    """One combination, and the request that asks for it."""

    provider: str
    model: str
    format: str
    size: str
    sides: tuple[int, int]
    request: dict[str, Any] = field(compare=False)
    captions: bool = False
    alpha: bool = False
    scene: str = "nothing"
    #: What is said, where anything is.
    script: str | None = None
    #: Whether the picture is that of who speaks, and not of what is behind.
    portrait: bool = False

    def __str__(self) -> str:
        wishes = ["captions"] * self.captions + ["cut out"] * self.alpha
        return ", ".join([f"{self.provider} {self.model}", self.format, self.size, *wishes, self.scene])

    @property
    def kind(self) -> str:
        return contract(self.provider).models[self.model].output.kind

    @property
    def digest(self) -> str:
        """The SHA-256 of the request, as anybody can compute it."""
        text = json.dumps(self.request, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return sha256(text.encode()).hexdigest()

    def at(self, site: str) -> "Case":
        """The same, with its picture at a place from which it can be had."""
        if self.request.get("image_url") != PICTURE_URL:
            return self
        return replace(self, request={**self.request, "image_url": f"{site}/red.png"})

    @property
    def traits(self) -> set[tuple[str, object]]:
        return {
            ("provider", self.provider),
            ("format", self.format),
            *({("size", self.size)} if self.size in SIZES else ()),
            ("captions", self.captions),
            ("alpha", self.alpha),
            ("scene", self.scene),
        }


@dataclass(frozen=True, slots=True)
class Made:
    """What a server made of a case: the URL of the file, the job, and the seconds that were paid for, if any were."""

    url: str
    job: str
    seconds: float | None


def cases() -> list[Case]:
    """Every combination of model, format, size, captions and transparency; what is behind changes from each to the next."""
    return [*_runware(), *_gmi(), *_segmind()]


def sample() -> list[Case]:
    """Few of them, in which each provider, format and wish, and each size that is soon drawn, is at least once."""
    chosen: list[Case] = []
    # A WEBM of 720p takes seconds, and this model has nothing smaller.
    quick = (case for case in cases() if case.model != "heygen:avatar@5")
    small = [case for case in quick if case.sides[0] * case.sides[1] <= 1280 * 720]
    pool = sorted(small, key=lambda case: case.sides[0] * case.sides[1])
    missing = set().union(*(case.traits for case in pool))
    while missing:
        best = max(pool, key=lambda case: len(case.traits & missing))
        chosen.append(best)
        missing -= best.traits
    return chosen


def order(server: Server, case: Case) -> Made:
    """Have a case made under a key of its own, that is the same on every server."""
    key = f"commission-{uuid.uuid5(_NAMESPACE, str(case))}"
    headers = {"Authorization": f"Bearer {key}"} | ({"x-api-key": key} if case.provider == "segmind" else {})
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=60) as http:
        before = _balance(http)
        job, ask = _SUBMITS[case.provider](http, case)

        pattern = re.compile(rf'{re.escape(server.url)}/[^"\\]+\.{case.format}\b')
        answers = (ask() for _ in range(_POLLS))
        found = next(filter(None, map(pattern.search, answers)), None)
        assert found, ask()
        paid, price = before - _balance(http), contract(case.provider).models[case.model].price
        return Made(found[0], job, paid / float(price.usd) if price.unit == "second" else None)


def _balance(http: httpx.Client) -> float:
    balance: float = http.get("/_understudy/ledger").json()["balance"]
    return balance


def _submit_runware(http: httpx.Client, case: Case) -> tuple[str, Callable[[], str]]:
    answer = http.post("/v1", json=[case.request])
    assert "errors" not in answer.json(), answer.text
    name = case.request["taskUUID"]
    return name, lambda: http.post("/v1", json=[{"taskType": "getResponse", "taskUUID": name}]).text


def _submit_gmi(http: httpx.Client, case: Case) -> tuple[str, Callable[[], str]]:
    answer = http.post(_QUEUE, json={"model": case.model, "payload": case.request})
    assert answer.status_code == 200, answer.text
    name = answer.json()["request_id"]
    return name, lambda: http.get(f"{_QUEUE}/{name}").text


def _submit_segmind(http: httpx.Client, case: Case) -> tuple[str, Callable[[], str]]:
    path = "/workflows/0123456789abcdef01234567-v2" if case.model == "pixelflow" else f"/v2/{case.model}"
    answer = http.post(path, json=case.request)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    where = document.get("response_url") or document["poll_url"]
    return document["request_id"], lambda: http.get(where).text


_SUBMITS = {"runware": _submit_runware, "gmi": _submit_gmi, "segmind": _submit_segmind}


def _runware() -> Iterator[Case]:
    speech, avatar = {"text": SCRIPT}, {"avatar": "man_casual_young_adult"}
    spoken = {"inputs": avatar, "speech": speech}
    agent = {"positivePrompt": "A walk in the park.", "duration": 1}
    fifth = {name: sides for name, sides in SIZES.items() if name in ("720p", "1080p", "4K")} | {
        "720p portrait": (720, 1280)
    }
    for model, base, sizes in (
        ("heygen:avatar@4", spoken, SIZES),
        ("heygen:avatar@5", spoken, fifth),
        ("heygen:video@1.0", agent, SIZES),
        ("heygen:video-agent@0", agent, SIZES),
    ):
        is_fifth, avatars = model == "heygen:avatar@5", "avatar" in model
        scenes = (SCENES if is_fifth else SCENES[:3]) if avatars else SCENES[:1]
        wishes = itertools.product(
            ("mp4", "webm", "mov"), sizes, [False, True][: 1 + is_fifth], [False, True][: 1 + avatars]
        )
        for number, (container, size, captions, alpha) in enumerate(wishes):
            # A step further every fourth time: each wish shall meet each scene.
            scene = scenes[(number + number // 4) % len(scenes)]
            portrait = model == "heygen:avatar@4" and scene == "a picture" and number % 2 == 0
            width, height = sizes[size]
            request: dict[str, Any] = {
                "taskType": "videoInference",
                "model": model,
                "outputFormat": container.upper(),
                "width": width,
                "height": height,
                **base,
            }
            settings: dict[str, Any] = {"removeBackground": True} if alpha else {}
            settings |= {"caption": True} if captions else {}
            settings |= {"backgroundColor": "#{:02x}{:02x}{:02x}".format(*COLOUR)} if "colour" in scene else {}
            settings |= {"fit": "contain"} if "within" in scene else {}
            if "picture" in scene:
                request["inputs"] = {"image": _picture()} if portrait else {**avatar, "background": _picture()}
            if settings:
                request["settings"] = settings
            request["taskUUID"] = str(uuid.uuid5(_NAMESPACE, json.dumps(request)))
            script = SCRIPT if avatars else None
            sides = sizes[size]
            yield Case("runware", model, container, size, sides, request, captions, alpha, scene, script, portrait)


def _gmi() -> Iterator[Case]:
    segment = {
        "character": {"type": "avatar", "avatar_id": "josh_lite3_20230714"},
        "voice": {"type": "text", "input_text": SCRIPT, "voice_id": "1bd001e7e50f421d891986aad5158bc8"},
    }
    backgrounds = itertools.cycle(
        [
            {},
            {"background": {"type": "color", "value": "#{:02x}{:02x}{:02x}".format(*COLOUR)}},
            {"background": {"type": "image", "url": _picture()}},
        ]
    )
    scenes = itertools.cycle(SCENES[:3])
    request: dict[str, Any]
    for (model, captions), size in itertools.product(
        (("heygen-avatar-4", False), ("heygen-avatar-4", True), ("heygen-avatar-v4", False)), SIZES
    ):
        width, height = SIZES[size]
        request = {
            "video_inputs": [{**segment, **next(backgrounds)}],
            "dimension": {"width": width, "height": height},
        }
        request |= {"caption": captions} if model == "heygen-avatar-4" else {}
        yield Case("gmi", model, "mp4", size, SIZES[size], request, captions, False, next(scenes), SCRIPT)
    for ratio, sides in (("16:9", (1280, 720)), ("9:16", (720, 1280)), ("1:1", (720, 720))):
        request = {"prompt": "A walk.", "durationSeconds": "4", "aspectRatio": ratio}
        yield Case("gmi", "Veo3", "mp4", ratio, sides, request)
    for preset, sides in (("720P", (1280, 720)), ("1080P", (1920, 1080))):
        request = {"img_url": _picture(), "duration": 1, "resolution": preset}
        yield Case("gmi", "wan2.6-i2v", "mp4", preset, sides, request, scene="a picture", portrait=True)
    for model, kind, (size, (width, height)) in itertools.product(
        ("gpt-image-2-generate", "seedream-5.0-lite", "seedream-5.0-pro"), ("png", "jpeg"), SIZES.items()
    ):
        request = {"prompt": "An owl.", "size": f"{width}x{height}", "output_format": kind}
        given = model != "gpt-image-2-generate" and size in ("720p", "odd")
        request |= {"image": [_picture()]} if given else {}
        scene = "a picture" if given else "nothing"
        yield Case("gmi", model, kind, size, (width, height), request, scene=scene, portrait=given)
    yield Case(
        "gmi", "minimax-tts-speech-2.8-hd", "mp3", "sound", (0, 0), {"text": SCRIPT, "voice_id": "v"}, script=SCRIPT
    )
    yield Case("gmi", "minimax-music-3.0", "mp3", "sound", (0, 0), {"lyrics": SCRIPT}, script=SCRIPT)


def _segmind() -> Iterator[Case]:
    for preset, orientation, fit in itertools.product(
        ("720p", "1080p"), ("landscape", "portrait"), ("cover", "contain")
    ):
        short = int(preset[:-1])
        sides = (short * 16 // 9, short) if orientation == "landscape" else (short, short * 16 // 9)
        request = {
            "image_url": PICTURE_URL,
            "video_title": "Owls",
            "script": SCRIPT,
            "fit": fit,
            "resolution": preset,
            "video_orientation": orientation,
        }
        size, scene = f"{preset} {orientation}", "a picture" if fit == "cover" else "a picture within paper"
        yield Case("segmind", "heygen-avatar-iv", "mp4", size, sides, request, False, False, scene, SCRIPT, True)
    yield Case("segmind", "seedance-2.0", "mp4", "default", (1280, 720), {"prompt": "A walk."})
    yield Case("segmind", "pixelflow", "mp4", "default", (1280, 720), {"prompt": "A walk."})
    yield Case("segmind", "seedream-4.5", "jpeg", "default", (2048, 2048), {"prompt": "An owl."})
