"""GMI Cloud's models: what each costs, makes and shows of itself, all from one file."""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import pytest

from understudy_contracts.data import ContractError
from understudy_contracts.models import Model, Price, SizeRule, load
from understudy_contracts.provider import contract

GMI = contract("gmi")
AVATAR = GMI.models["heygen-avatar-4"]
ROOT = Path(str(files("understudy_contracts")))
every_model = pytest.mark.parametrize("model", GMI.models.values(), ids=lambda model: model.id)


def test_the_queue_has_video_image_and_audio_models_of_both_deliveries() -> None:
    made = {(model.output.kind, model.output.delivery) for model in GMI.models.values()}
    assert made >= {("video", "async"), ("image", "sync"), ("image", "async"), ("audio", "sync")}
    assert {"heygen-avatar-4", "heygen-avatar-v4", "seedream-5.0-lite", "seedream-5.0-pro", "Veo3"} <= set(GMI.models)


def test_no_line_of_python_names_a_model() -> None:
    for file in ROOT.rglob("*.py"):
        text = file.read_text("utf-8")
        assert not [name for name in GMI.models if name in text], file


@every_model
def test_what_a_model_tells_of_itself_agrees_with_what_it_charges_and_how_it_delivers(model: Model) -> None:
    assert model.detail is not None
    assert GMI.judge("model-detail").violations(model.detail) == []
    assert model.detail["model"] == model.id
    assert model.detail["price_info"]["price"] == model.price.micros
    assert model.detail["price_info"]["unit"] == model.price.unit
    assert model.detail["delivery_mode"] == model.output.delivery
    assert model.detail["model_type"] == model.output.kind


@every_model
def test_the_parameters_a_model_lists_are_those_its_payload_is_judged_by(model: Model) -> None:
    assert model.detail is not None
    listed = {entry["name"]: entry for entry in model.detail["parameters"]}
    fields = model.request["properties"]
    assert list(listed) == list(fields)
    for name, entry in listed.items():
        assert entry["required"] is (name in model.request.get("required", []))
        for theirs, ours in (("default_value", "default"), ("min_value", "minimum"), ("options", "enum")):
            assert entry.get(theirs) == fields[name].get(ours)


def test_a_second_an_image_and_a_request_are_priced_each_in_its_own_way() -> None:
    second, image, request = (Price(Decimal("0.0132"), unit, "s", "assumed") for unit in ("second", "image", "request"))  # type: ignore[arg-type]
    assert str(second.cost(12.5, 3)) == "0.1650"
    assert str(image.cost(12.5, 3)) == "0.039600"
    assert str(request.cost(12.5, 3)) == "0.013200"
    assert [price.micros for price in (second, image, request)] == [13200] * 3
    assert [price.usd_per_second for price in (second, image)] == [Decimal("0.0132"), Decimal(0)]


def test_the_page_s_request_costs_five_cents_a_second() -> None:
    seconds = AVATAR.duration.seconds(GMI.examples[0]["request"]["payload"])
    assert AVATAR.price.cost(seconds) == (Decimal(str(seconds)) * Decimal("0.05")).quantize(Decimal("0.0001"))


def test_count_format_and_captions_are_what_the_payload_says() -> None:
    image, video = GMI.models["gpt-image-2-generate"].output, AVATAR.output
    assert image.count_of({"n": 4}) == 4
    assert [image.count_of(odd) for odd in ({}, {"n": 0}, {"n": "4"})] == [1, 1, 1]
    assert [image.format_of(asked) for asked in ({}, {"output_format": "jpeg"}, {"output_format": "JPG"})] == [
        "png",
        "jpeg",
        "jpeg",
    ]
    assert video.format_of({"output_format": "webm"}) == "mp4"
    assert [video.captioned(asked) for asked in ({}, {"caption": False}, {"caption": True})] == [False, False, True]


@pytest.mark.parametrize(
    ("model", "payload", "size"),
    [
        ("heygen-avatar-4", {}, (1280, 720)),
        ("heygen-avatar-4", {"dimension": {"width": 1080, "height": 1920}}, (1080, 1920)),
        ("heygen-avatar-4", {"dimension": "large"}, (1280, 720)),
        ("heygen-avatar-4", {"width": 1, "height": 1}, (1280, 720)),
        ("seedream-5.0-lite", {"size": "1536x1024"}, (1536, 1024)),
        ("seedream-5.0-lite", {"size": "4K"}, (4096, 4096)),
        ("seedream-5.0-lite", {"size": "9K"}, (2048, 2048)),
        ("Veo3", {"aspectRatio": "9:16"}, (720, 1280)),
        ("Veo3", {"aspectRatio": "1:1"}, (720, 720)),
        ("Veo3", {"aspectRatio": "wide"}, (1280, 720)),
        ("wan2.6-i2v", {"resolution": "1080P"}, (1920, 1080)),
    ],
)
def test_a_size_is_read_where_the_model_has_it(model: str, payload: dict[str, Any], size: tuple[int, int]) -> None:
    assert GMI.models[model].size.size(payload) == size


def test_a_shape_asked_for_goes_before_the_picture_s_own() -> None:
    rule = SizeRule((1280, 720), {"720p": 720}, "s", "assumed", aspect_field="ratio")
    assert rule.size({"resolution": "720p", "ratio": "1:1"}, 2.0) == (720, 720)
    assert rule.size({"resolution": "720p"}, 2.0) == (1440, 720)


@pytest.mark.parametrize(
    ("dimension", "gated"),
    [((3840, 2160), True), ((2160, 3840), True), ((1920, 1080), False), ((1280, 720), False)],
)
def test_4k_is_for_enterprises(dimension: tuple[int, int], gated: bool) -> None:
    payload = {"dimension": {"width": dimension[0], "height": dimension[1]}}
    assert GMI.gated("heygen-avatar-4", payload) is gated
    assert not GMI.gated("heygen-avatar-4", payload, {"enterprise": "on"})


def test_nothing_is_gated_where_a_model_keeps_nothing_back() -> None:
    assert not GMI.gated("Veo3", {"dimension": {"width": 3840, "height": 2160}})
    assert not GMI.gated("heygen-avatar-4", {})


def test_the_one_limit_that_was_seen_is_known() -> None:
    limit = GMI.models["seedream-5.0-lite"].rate_limit
    assert limit is not None
    assert (limit.limit_type, limit.limit, limit.interval_seconds) == ("RPM", 2, 60)
    assert AVATAR.rate_limit is None


def test_a_new_model_is_a_new_file(tmp_path: Path) -> None:
    document = orjson.loads((ROOT / "gmi" / "models" / "seedream-5.0-lite.json").read_bytes())
    document |= {"id": "acme-paint", "slug": "acme-paint", "price": {**document["price"], "usd": "0.5"}}
    (tmp_path / "acme-paint.json").write_bytes(orjson.dumps(document))
    model = load(tmp_path)["acme-paint"]
    assert str(model.price.cost(count=2)) == "1.000000"
    assert model.output.delivery == "sync"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda d: d["price"].update(unit="hour"), r"new\.json: price\.unit must be one of second, image, request"),
        (lambda d: d.pop("output"), r"new\.json: output is required"),
        (lambda d: d["output"].update(kind="smell"), r"new\.json: output\.kind must be one of"),
        (lambda d: d.pop("outcome_source"), r"new\.json: outcome needs outcome_source beside it"),
        (lambda d: d["duration"]["silence"].pop("equals"), r"new\.json: duration\.silence\.equals is required"),
        (lambda d: d["entitlement"].pop("why"), r"new\.json: entitlement\.why is required"),
    ],
)
def test_a_mistake_in_a_model_file_is_named(tmp_path: Path, spoil: Any, sentence: str) -> None:
    document = orjson.loads((ROOT / "gmi" / "models" / "heygen-avatar-4.json").read_bytes())
    spoil(document)
    (tmp_path / "new.json").write_bytes(orjson.dumps(document))
    with pytest.raises(ContractError, match=sentence):
        load(tmp_path)
