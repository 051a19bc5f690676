from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.console import Console

from understudy_client import MediaResult, Video, read_video
from understudy_client.demo import gmi, perform, perform_gmi, perform_segmind, segmind
from understudy_client.demo.runware import Act
from understudy_client.demo.stage import slug
from understudy_contracts.models import models

PRICE = models("runware")["heygen:avatar@4"].price


def console() -> Console:
    return Console(file=io.StringIO(), width=140)


def test_the_five_requests_of_the_page_arrive_at_the_cost_they_are_worth(server, key, tmp_path):
    screen = console()
    done = perform(f"{server.url}/v1", key, tmp_path / "out", screen)
    shown = screen.file.getvalue()
    assert done, shown
    files = sorted((tmp_path / "out").glob("*.mp4"))
    assert len(files) == 5
    for file in files:
        video = read_video(file)
        assert (video.width, video.height) == (1280, 720)
        assert f"{video.seconds:.2f}" in shown
    assert "agree" in shown


def test_a_provider_that_refuses_makes_no_success(scripted, reply, tmp_path):
    scripted.answer = lambda call: reply(
        b'{"errors": [{"code": "invalidApiKey", "message": "Invalid API key [sic]."}]}', 401
    )
    screen = console()
    assert not perform(scripted.url, "key", tmp_path, screen)
    assert screen.file.getvalue().count("Invalid API key [sic]") == 5


@pytest.mark.parametrize("perform", [perform, perform_gmi, perform_segmind])
def test_a_folder_that_takes_no_file_is_told_before_anything_is_performed(scripted, tmp_path, perform):
    (tmp_path / "a-file").write_bytes(b"")
    screen = console()
    assert not perform(scripted.url, "key", tmp_path / "a-file" / "out", screen)
    assert scripted.calls == []
    assert "No video can be put in" in screen.file.getvalue()
    assert "Videos are in" not in screen.file.getvalue()


@pytest.mark.parametrize("perform", [perform, perform_gmi, perform_segmind])
def test_no_folder_is_named_where_no_video_is(scripted, reply, tmp_path, perform):
    scripted.answer = lambda call: reply(b'{"errors": [{"code": "invalidApiKey", "message": "No."}]}', 401)
    screen = console()
    assert not perform(scripted.url, "key", tmp_path, screen)
    assert "Videos are in" not in screen.file.getvalue()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("GMI two segments, captions", "gmi-two-segments-captions"),
        ("Text-to-video: 16:9 / fast_mode", "text-to-video-16-9-fast-mode"),
    ],
)
def test_a_file_is_named_with_letters_digits_and_hyphens_only(title, name):
    assert slug(title) == name


def act(cost: str | None = "2.40", seconds: float = 24.0, agrees: bool | None = None, page: str = "2.4130") -> Act:
    result = MediaResult("v", "j", "http://provider/v.mp4", None if cost is None else Decimal(cost))
    return Act("Title", Decimal(page), PRICE, result, Video(1280, 720, seconds, 1000, True), agrees)


def test_an_act_as_it_should_be_has_no_faults():
    assert act().faults == []
    assert act(agrees=True).faults == []


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (act(page="2.20"), "off the page"),
        (act(seconds=25.0), "length"),
        (act(agrees=False), "webhook"),
        (act(cost=None), "without a cost"),
        (Act("Title", Decimal(1), PRICE), "not arrive"),
        (Act("Title", Decimal(1), PRICE, trouble="It rained."), "rained"),
    ],
    ids=["too dear", "too long", "two stories", "no cost", "nothing", "trouble"],
)
def test_what_is_not_as_it_should_be_is_a_fault(wrong, word):
    assert word in " ".join(wrong.faults)


GMI_PAYLOAD = {"dimension": {"width": 1280, "height": 720}}


def gmi_act(seconds: float = 2.0, width: int = 1280, charged: str | None = "0.1", **more) -> gmi.Act:
    made = {"duration": 2.0, "thumbnail": "http://provider/v.jpg"} | more
    result = MediaResult("0", "j", "http://provider/v.mp4", **made)
    video = Video(width, 720, seconds, 1000, True)
    return gmi.Act("Title", GMI_PAYLOAD, result, video, None if charged is None else Decimal(charged))


def test_an_act_at_gmi_as_it_should_be_has_no_faults():
    assert gmi_act().faults == []


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (gmi_act(seconds=3.0), "length"),
        (gmi_act(duration=None), "length"),
        (gmi_act(width=640), "640x720"),
        (gmi_act(thumbnail=None), "thumbnail"),
        (gmi_act(charged=None), "price"),
        (gmi.Act("Title", GMI_PAYLOAD), "not arrive"),
        (gmi.Act("Title", GMI_PAYLOAD, trouble="It rained."), "rained"),
    ],
    ids=["too long", "no length", "too narrow", "no thumbnail", "no price", "nothing", "trouble"],
)
def test_what_is_not_as_it_should_be_at_gmi_is_a_fault(wrong, word):
    assert word in " ".join(wrong.faults)


def segmind_act(seconds: float = 10.0, size: tuple[int, int] = (720, 1280), charged: str | None = "1.25", **more):
    portrait = segmind.programme()[1]
    cost = None if charged is None else Decimal(charged)
    made = {"video": Video(*size, seconds, 1000, True), "charged": cost, "recorded": cost}
    return replace(portrait, **(made | more))


def test_an_act_at_segmind_as_it_should_be_has_no_faults():
    assert segmind_act().faults == []


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (segmind_act(seconds=11.0), "length"),
        (segmind_act(size=(1280, 720)), "1280x720"),
        (segmind_act(charged=None), "without a cost"),
        (segmind_act(recorded=Decimal(2)), "history"),
        (segmind_act(video=None), "not arrive"),
        (segmind_act(trouble="It rained."), "rained"),
    ],
    ids=["too long", "lying", "no cost", "two costs", "nothing", "trouble"],
)
def test_what_is_not_as_it_should_be_at_segmind_is_a_fault(wrong, word):
    assert word in " ".join(wrong.faults)
