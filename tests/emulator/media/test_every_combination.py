"""Whatever kind of file is asked for, it is what was asked for: found out by opening it."""

import array
import math
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageChops, ImageStat

from commission import COLOUR, GREEN, RED, SCRIPT, Case, Made, cases, order, picture, sample
from understudy.config import Settings, Speed
from understudy.media import ffmpeg
from understudy.media.inspect import MediaInfo, frame, inspect
from understudy.server import Server
from understudy_contracts.provider import contract
from website import Handler, website

RATE, FRAME = 25, 0.04
CODECS = {"mp4": ("h264", "aac"), "mov": ("h264", "aac"), "webm": ("vp9", "opus")}


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two servers of one seed at which everything is done at once, each with a cache in which nothing is yet."""
    made = {"port": 0, "speed": Speed.parse("instant"), "seed": 7, "switches": {"gmi.enterprise": "on"}}
    first, second = (Settings(**made, cache_dir=tmp_path_factory.mktemp("fresh")) for _ in range(2))  # type: ignore[arg-type]
    with Server(first) as one, Server(second) as other:
        yield one, other


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A program on this machine that hands out the picture."""

    class Files(Handler):
        def get(self) -> None:
            self.answer(picture())

    with website(Files) as url:
        yield url


def examined(twins: tuple[Server, Server], case: Case, folder: Path) -> None:
    """Have it made twice, and open it."""
    made, again = (order(server, case) for server in twins)
    path, twin = fetched(made.url, folder), fetched(again.url, folder / "again")
    assert path.read_bytes() == twin.read_bytes()
    info = inspect(path)
    assert papers(info) == {
        "understudy_job": made.job,
        "understudy_provider": case.provider,
        "understudy_model": case.model,
        "understudy_request": case.digest,
    }
    if case.kind == "image":
        assert (info.format, info.width, info.height) == (case.format, *case.sides)
    else:
        assert info.loudness is not None
        check_sound(path, case, info)
    if case.kind == "video":
        check_shape(case, info, made)
        check_poster(path, case, fetched(re.sub(r"\.\w+$", ".jpg", made.url), folder))
    if case.kind != "audio":
        check_scene(path, case)
    if case.captions:
        check_captions(path, case, made, twins[0], folder)


@pytest.mark.parametrize("case", sample(), ids=str)
def test_a_file_is_what_its_request_asked_for(
    twins: tuple[Server, Server], site: str, case: Case, tmp_path: Path
) -> None:
    examined(twins, case.at(site), tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_file_is_what_its_request_asked_for(
    twins: tuple[Server, Server], site: str, case: Case, tmp_path: Path
) -> None:
    examined(twins, case.at(site), tmp_path)


def test_every_model_that_makes_media_is_asked() -> None:
    models = {(name, model.id) for name in ("runware", "gmi", "segmind") for model in contract(name).models.values()}
    silent = {(name, one) for name, one in models if contract(name).models[one].output.kind == "text"}
    assert {(case.provider, case.model) for case in cases()} == models - silent


def fetched(url: str, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    response = httpx.get(url, trust_env=False, timeout=100)
    assert response.status_code == 200, response.text
    assert "x-understudy-placeholder" not in response.headers
    path = folder / url.rpartition("/")[2]
    path.write_bytes(response.content)
    return path


def papers(info: MediaInfo) -> dict[str, str]:
    found = {name: value for name, value in info.tags if name.startswith("understudy_")}
    assert found.pop("understudy_seed").isdigit()
    return found


def check_shape(case: Case, info: MediaInfo, made: Made) -> None:
    width, height = case.sides
    assert (info.format, info.width, info.height) == (case.format, width - width % 2, height - height % 2)
    assert (info.video_codec, info.audio_codec, info.fps) == (*CODECS[case.format], RATE)
    assert info.fast_start is (None if case.format == "webm" else True)
    seconds = info.duration if made.seconds is None else made.seconds
    assert info.frames == max(1, round(seconds * RATE))
    for stream in info.streams:
        assert stream.duration == pytest.approx(seconds, abs=FRAME), stream.kind
    if case.captions:
        assert info.timed_text == ()
        return
    assert info.timed_text[0].start == 0
    assert info.timed_text[-1].end == pytest.approx(info.duration, abs=FRAME)
    assert [cue.text.partition(" / ")[0] for cue in info.timed_text] == [
        f"0:{second:02d}" for second in range(math.ceil(info.frames / RATE))
    ]


def check_sound(path: Path, case: Case, info: MediaInfo) -> None:
    """Each word is heard, and is over before the next; of what nobody knows the words there is some sound."""
    decode = [ffmpeg.executable(), "-v", "error", "-i", str(path), "-f", "s16le", "-ac", "1", "-ar", "48000", "-"]
    samples = array.array("h", subprocess.run(decode, capture_output=True, check=True, timeout=100).stdout)
    if case.script is None:
        assert level(samples, 0, info.duration) > 100
        return
    letters = len("".join(case.script.split()))
    at = 0
    spoken = sum(map(str.isalnum, case.script)) / 12.9
    for word in case.script.split():
        start, end = (spoken * place / letters for place in (at, at + len(word)))
        at += len(word)
        loud = level(samples, start + 0.3 * (end - start), start + 0.6 * (end - start))
        assert loud > 200
        assert level(samples, end - 0.04, end - 0.015) < loud / 5, word


def level(samples: "array.array[int]", start: float, end: float) -> float:
    part = samples[round(start * 48_000) : round(end * 48_000)]
    return math.sqrt(sum(one * one for one in part) / len(part))


def check_poster(path: Path, case: Case, poster: Path) -> None:
    """The poster is the first frame, on white where that can be seen through."""
    first = frame(path, 0, alpha=see_through(case))
    if first.mode == "RGBA":
        first = Image.alpha_composite(Image.new("RGBA", first.size, "white"), first)
    with Image.open(poster) as image:
        assert (image.format, image.size) == ("JPEG", first.size)
        differs = ImageChops.difference(image.convert("RGB"), first.convert("RGB"))
    foot = differs.crop((0, differs.height * 31 // 32, *differs.size))
    # Colour is stored for two pixels at a time, which of a small picture is much.
    assert max(ImageStat.Stat(differs).mean) < (4 if differs.width > 200 else 6)
    assert max(ImageStat.Stat(foot).mean) < 8


def see_through(case: Case) -> bool:
    return case.alpha and case.format == "webm"


def check_scene(path: Path, case: Case) -> None:
    """What is at the edges, where no words are, and where the caller's picture is."""
    image = frame(path, 0.5, alpha=see_through(case)) if case.kind == "video" else Image.open(path).convert("RGB")
    edges = [image.crop(box) for box in ((0, 0, 2, 2), (image.width - 2, 0, image.width, 2))]
    inner = image.convert("RGB").crop((image.width // 4, 0, image.width * 3 // 4, image.height * 2 // 3))
    if see_through(case):
        assert image.mode == "RGBA"
        for edge in edges:
            assert opacity(edge)[1] < 8
        # Somebody is still there.
        assert opacity(image)[1] > 250
        return
    contained = "within" in case.scene
    backed = case.scene == "a picture" and not (case.alpha and case.portrait)
    if backed:
        expected: tuple[int, int, int] | None = RED
    elif "colour" in case.scene:
        expected = COLOUR
    else:
        expected = GREEN if case.alpha else None
    for edge in edges:
        if expected is None:
            # Our own paper, which is dark.
            assert max(ImageStat.Stat(edge.convert("L")).mean) < 60
        else:
            assert all(abs(a - b) < 14 for a, b in zip(ImageStat.Stat(edge.convert("RGB")).mean, expected, strict=True))
    assert (share(inner, RED) > 0.04) is ("picture" in case.scene)
    if contained:
        assert share(inner, RED) < 1


def opacity(image: Image.Image) -> tuple[float, float]:
    """The least and the most that an image hides."""
    low, high = image.getchannel("A").getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    return low, high


def share(image: Image.Image, colour: tuple[int, int, int]) -> float:
    """Which share of an image has about a colour."""
    small = image.convert("RGB").resize((96, 96), Image.Resampling.NEAREST).tobytes()
    pixels = list(zip(small[::3], small[1::3], small[2::3], strict=True))
    return sum(all(abs(a - b) < 30 for a, b in zip(one, colour, strict=True)) for one in pixels) / len(pixels)


def bright(image: Image.Image) -> float:
    """Which share of an image is bright in all colours, as small letters are."""
    small = image.resize((96, 96), Image.Resampling.NEAREST).tobytes()
    return sum(min(small[at : at + 3]) > 130 for at in range(0, len(small), 3)) * 3 / len(small)


def check_captions(path: Path, case: Case, made: Made, server: Server, folder: Path) -> None:
    """White words on black are in the lower third, which are not there without captions; beside it they are a file."""
    wishes = (
        {"caption": False} if case.provider == "gmi" else {"settings": {**case.request["settings"], "caption": False}}
    )
    request = {**case.request, **wishes}
    if case.provider == "runware":
        request["taskUUID"] = request["taskUUID"][:-12] + "ffffffffffff"
    plain = fetched(
        order(server, replace(case, request=request, captions=False, size=f"{case.size}, plain")).url, folder
    )
    one, other = (frame(file, 0.5, alpha=see_through(case)).convert("RGB") for file in (path, plain))
    lower = (one.width // 4, one.height * 2 // 3, one.width * 3 // 4, one.height * 31 // 32)
    assert share(one.crop(lower), (0, 0, 0)) > 0.1
    assert bright(other.crop(lower)) < bright(one.crop(lower)) > 0.01
    assert max(ImageStat.Stat(ImageChops.difference(one.crop(lower), other.crop(lower))).mean) > 10
    if case.provider == "runware":
        text = httpx.get(re.sub(r"\.\w+$", ".srt", made.url), trust_env=False, timeout=100).text
        assert SCRIPT in " ".join(text.split())
