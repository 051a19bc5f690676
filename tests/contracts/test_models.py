"""Models are data: price, length, size and latency follow from one file each."""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy_contracts.data import ContractError
from understudy_contracts.models import SHORTEST, load
from understudy_contracts.provider import contract
from understudy_contracts.schema import Judge, plain

RUNWARE = contract("runware")
AVATAR = RUNWARE.models["heygen:avatar@4"]
CLIP = RUNWARE.models["heygen:video@1.0"]
FILE = Path(str(files("understudy_contracts"))) / "runware" / "models" / "heygen-avatar-4.json"


def test_the_four_models_are_known_by_their_wire_names() -> None:
    assert list(RUNWARE.models) == ["heygen:avatar@4", "heygen:avatar@5", "heygen:video@1.0", "heygen:video-agent@0"]
    for name, model in RUNWARE.models.items():
        assert (model.id, model.provider, model.operation) == (name, "runware", "videoInference")


@pytest.mark.parametrize("example", RUNWARE.examples, ids=lambda example: example["title"])
def test_a_printed_cost_is_met_within_seven_percent(example: dict[str, Any]) -> None:
    model = RUNWARE.models[example["model"]]
    cost = model.price.cost(model.duration.seconds(example["request"]))
    printed = Decimal(str(example["response"]["cost"]))
    assert abs(cost / printed - 1) < Decimal("0.07")


def test_a_cost_has_four_places_and_rounds_half_up() -> None:
    assert AVATAR.price.cost(28.866) == Decimal("2.8866")
    assert AVATAR.price.cost(0.0005) == Decimal("0.0001")
    assert str(AVATAR.price.cost(30)) == "3.0000"


def test_known_audio_decides_the_length_before_any_script() -> None:
    assert AVATAR.duration.seconds({"speech": {"text": "hello"}, "inputs": {"audio": "a"}}, {"a": 12.3456}) == 12.346


def test_a_script_lasts_as_long_as_its_letters_and_digits_take() -> None:
    assert AVATAR.duration.seconds({"speech": {"text": "a1 " * 129}}) == 20.0


@given(st.text(min_size=40, max_size=400, alphabet="ab c"), st.integers(50, 149))
def test_faster_speech_is_never_longer(script: str, hundredths: int) -> None:
    slower, faster = (
        AVATAR.duration.seconds({"speech": {"text": script, "speed": speed / 100}})
        for speed in (hundredths, hundredths + 1)
    )
    assert faster <= slower


def test_a_duration_asked_for_is_given() -> None:
    assert CLIP.duration.seconds({"duration": 7}) == 7.0


@pytest.mark.parametrize("wordless", ["...", "\u2026", " "])
def test_no_video_is_shorter_than_a_frame(wordless: str) -> None:
    assert AVATAR.duration.seconds({"speech": {"text": wordless}}) == SHORTEST
    assert AVATAR.duration.seconds({"inputs": {"audio": "a"}}, {"a": 0}) == SHORTEST


@pytest.mark.parametrize("silent", [{}, {"speech": "text"}, {"speech": {"text": None}}])
def test_a_request_that_tells_no_length_gets_the_default(silent: dict[str, Any]) -> None:
    assert AVATAR.duration.seconds(silent) == AVATAR.duration.default_seconds


@pytest.mark.parametrize(
    ("request_", "aspect", "size"),
    [
        ({}, None, (1280, 720)),
        ({"width": 640, "height": 360}, None, (640, 360)),
        ({"resolution": "1080p"}, None, (1920, 1080)),
        ({"resolution": "480p"}, None, (854, 480)),
        ({"resolution": "720p"}, 9 / 16, (720, 1280)),
        ({"resolution": "720p"}, 1.0, (720, 720)),
        ({"resolution": "720p"}, 0.0, (1280, 720)),
    ],
)
def test_size_comes_from_sides_then_preset_then_default(
    request_: dict[str, Any], aspect: float | None, size: tuple[int, int]
) -> None:
    assert AVATAR.size.size(request_, aspect) == size


@given(st.floats(0.1, 10))
def test_a_preset_gives_even_sides_and_its_own_short_side(aspect: float) -> None:
    width, height = AVATAR.size.size({"resolution": "720p"}, aspect)
    assert width % 2 == height % 2 == 0
    assert min(width, height) == 720


def test_a_longer_video_takes_longer_and_half_a_minute_takes_about_one() -> None:
    queued, running = AVATAR.latency.seconds(30)
    assert 50 < queued + running < 70
    assert AVATAR.latency.seconds(60)[1] > running
    assert AVATAR.latency.confidence == "assumed"


def test_a_new_model_is_a_new_file_and_no_python(tmp_path: Path) -> None:
    document = orjson.loads(FILE.read_bytes())
    document |= {"id": "acme:talk@1", "slug": "acme-talk-1", "name": "Acme Talk"}
    document["price"]["usd"] = "0.25"
    document["request"]["properties"]["model"]["const"] = "acme:talk@1"
    (tmp_path / "acme-talk-1.json").write_bytes(orjson.dumps(document))
    model = load(tmp_path)["acme:talk@1"]
    assert model.price.cost(2) == Decimal("0.5000")
    resources = {body["$id"]: plain(body, RUNWARE.switch_values()) for body in RUNWARE.schemas.values()}
    judge = Judge(plain(model.request, RUNWARE.switch_values()), resources)
    request = {**RUNWARE.examples[0]["request"], "model": "acme:talk@1"}
    assert judge.violations(request) == []
    assert judge.violations(RUNWARE.examples[0]["request"])[0].rule == "const"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda d: d.pop("price"), r"new\.json: price is required"),
        (lambda d: d["price"].update(usd=0.1), r"new\.json: price\.usd must be a string"),
        (lambda d: d["latency"].update(fast=True), r"new\.json: latency\.fast is not known"),
        (lambda d: d["duration"].update(confidence="sure"), r"new\.json: duration\.confidence must be one of"),
        (lambda d: d["size"].update(default=[1280]), r"new\.json: size\.default must have at least 2"),
        (lambda d: d["request"].update(type="objekt"), r"new\.json: request\.type is no JSON Schema"),
    ],
)
def test_a_mistake_in_a_model_file_fails_naming_file_and_field(tmp_path: Path, spoil: Any, sentence: str) -> None:
    document = orjson.loads(FILE.read_bytes())
    spoil(document)
    (tmp_path / "new.json").write_bytes(orjson.dumps(document))
    with pytest.raises(ContractError, match=sentence):
        load(tmp_path)


def test_two_files_for_one_model_fail(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(FILE.read_bytes())
    with pytest.raises(ContractError, match=r"b\.json: id 'heygen:avatar@4' is another file's already"):
        load(tmp_path)


@given(st.text(max_size=60))
def test_a_script_is_counted_by_its_letters_and_digits_in_any_alphabet(script):
    rule = contract("runware").models["heygen:avatar@4"].duration
    spoken = sum(character.isalnum() for character in script) / rule.characters_per_second
    assert rule.seconds({"speech": {"text": script}}) == max(SHORTEST, round(spoken, 3))
