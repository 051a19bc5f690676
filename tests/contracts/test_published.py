"""What Runware publishes beside its API: its own SDK reads it, and its validator judges by it as our judge does."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import fastjsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft201909Validator
from runware.constants import CONTENT_BASE_URL, SCHEMAS_BASE_URL
from runware.content import ContentClient
from runware.errors import RunwareError
from runware.logger import create_logger
from runware.registry import Registry
from runware.types import content as content_types
from runware.types import task_map
from runware.validate import clear_validator_cache, validate_tasks

from understudy_contracts.provider import contract
from understudy_contracts.published import content, registry, resolved
from understudy_contracts.strategies import broken_request, request

RUNWARE = contract("runware")
MODELS = list(RUNWARE.models)
FOUR, FIVE = "heygen:avatar@4", "heygen:avatar@5"
#: Each differs from the defaults in every switch that changes what a request may hold.
STANCES: list[dict[str, str]] = [
    {},
    {"values": "known", "resolution": "page", "task_uuid": "v4", "drivers": "optional", "voice_with_text": "required"},
]
CASES = [
    pytest.param(model, stance, id=f"{model}-{'default' if not stance else 'other'}")
    for model in MODELS
    for stance in STANCES
]
quick = settings(deadline=None)
SILENT = create_logger(enabled=False)


class Response:
    """What the SDK needs of an HTTP answer."""

    headers: Mapping[str, str] = {"ETag": '"1"'}

    def __init__(self, document: object) -> None:
        self.document = document
        self.status = 404 if document is None else 200
        self.ok = document is not None

    async def __aenter__(self) -> Response:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def json(self) -> Any:
        return json.loads(json.dumps(self.document))


class Session:
    """Both services without a network, as the session that the SDK is given."""

    closed = False

    def __init__(self, switches: Mapping[str, str] | None = None) -> None:
        self.switches = switches

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Response:
        address = urlsplit(url)
        if url.startswith(CONTENT_BASE_URL):
            return Response(content(address.path, dict(parse_qsl(address.query))))
        assert url.startswith(SCHEMAS_BASE_URL)
        if address.path == "/registry.json":
            return Response(registry())
        return Response(resolved(address.path.removeprefix("/resolve/"), self.switches))


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    clear_validator_cache()
    yield
    clear_validator_cache()


@cache
def compiled(model: str, stance: tuple[tuple[str, str], ...]) -> Any:
    """The schema of a model as the SDK compiles it."""
    found = resolved(model, dict(stance))
    assert found is not None
    return fastjsonschema.compile(found["requestSchema"])


async def refusal(task: dict[str, Any], switches: Mapping[str, str] | None = None) -> RunwareError | None:
    """What the SDK's own validation says of a task."""
    session: Any = Session(switches)
    try:
        # A copy, because its validator writes the defaults into what it judges.
        await validate_tasks([copy.deepcopy(task)], log=SILENT, session=session)
    except RunwareError as error:
        return error
    return None


def catalogue() -> ContentClient:
    async def session() -> Any:
        return Session()

    return ContentClient(session)


# The registry.


def test_the_registry_names_every_model_of_the_contract_as_the_sdks_own_copy_does() -> None:
    for air, entry in registry()["models"].items():
        known = task_map.models[air]
        assert (entry["taskType"], entry["id"]) == (known.task_type, known.id)
    assert list(registry()["models"]) == MODELS


def test_the_registrys_tables_are_the_sdks_own() -> None:
    assert registry()["architectureTaskTypes"] == task_map.architecture_task_types
    assert registry()["modalityTaskTypes"] == task_map.modality_task_types


def test_the_registrys_version_changes_with_what_it_says_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    before = registry()
    assert registry() == before
    fewer = {air: RUNWARE.models[air] for air in MODELS[1:]}
    monkeypatch.setattr(type(RUNWARE), "models", property(lambda self: fewer))
    assert registry()["version"] != before["version"]


async def test_the_sdks_registry_finds_models_by_identifier_and_by_slug() -> None:
    session: Any = Session()
    found = Registry(url=f"{SCHEMAS_BASE_URL}/registry.json", log=SILENT, session=session)
    assert await found.get_model_task_type(FOUR) == "videoInference"
    assert await found.get_model_id(FIVE) == "heygen-avatar-v"
    assert await found.resolve_model_air("heygen-avatar-iv") == FOUR
    assert await found.resolve_model_air("nobody") is None
    assert await found.get_modality_task_type("video") == "videoInference"
    assert found.get_version() == registry()["version"]
    await found.close()


# The schemas.


@pytest.mark.parametrize(("model", "stance"), CASES)
def test_a_resolved_schema_stands_alone_in_keywords_every_validator_knows(model: str, stance: dict[str, str]) -> None:
    found = resolved(model, stance)
    assert found is not None
    assert found["documentation"] == RUNWARE.models[model].documentation
    for name in ("requestSchema", "responseSchema"):
        Draft7Validator.check_schema({**found[name], "$schema": Draft7Validator.META_SCHEMA["$schema"]})
        Draft201909Validator.check_schema(found[name])
        text = json.dumps(found[name])
        assert '"x-' not in text
        for newer in ("$ref", "$id", "unevaluatedProperties", "dependentRequired", "prefixItems"):
            assert f'"{newer}"' not in text


@pytest.mark.parametrize("model", MODELS)
def test_a_resolved_schema_has_its_fields_where_the_live_ones_readers_look_for_them(model: str) -> None:
    found = resolved(model)
    assert found is not None
    schema = found["requestSchema"]
    assert schema["properties"]["taskType"]["const"] == "videoInference"
    assert schema["properties"]["model"]["const"] == model
    assert [way["const"] for way in schema["properties"]["deliveryMethod"]["oneOf"]] == ["async"]
    assert {"taskType", "taskUUID", "model"} <= set(schema["required"])
    assert schema["additionalProperties"] is False


def test_a_model_nobody_has_is_not_resolved() -> None:
    assert resolved("heygen:avatar@6") is None
    assert resolved("") is None


def test_an_unknown_switch_is_refused() -> None:
    with pytest.raises(ValueError, match="no switch 'nonsense'"):
        resolved(FOUR, {"nonsense": "x"})


async def test_the_sdks_validator_takes_the_printed_requests() -> None:
    for example in RUNWARE.examples:
        assert await refusal(example["request"]) is None


@quick
@pytest.mark.parametrize(("model", "stance"), CASES)
@given(data=st.data())
def test_the_sdks_validator_takes_what_our_judge_takes(model: str, stance: dict[str, str], data: st.DataObject) -> None:
    # A copy, because its validator writes the defaults into what it judges.
    compiled(model, tuple(stance.items()))(copy.deepcopy(data.draw(request("runware", model, **stance))))


@quick
@pytest.mark.parametrize(("model", "stance"), CASES)
@given(data=st.data())
def test_the_sdks_validator_refuses_what_our_judge_refuses(
    model: str, stance: dict[str, str], data: st.DataObject
) -> None:
    # All but steps such as 0.01, which many validators would get wrong: see the next test.
    broken = data.draw(broken_request("runware", model, **stance).filter(lambda broken: broken.rule != "multipleOf"))
    with pytest.raises(fastjsonschema.JsonSchemaException):
        compiled(model, tuple(stance.items()))(copy.deepcopy(broken.request))


def test_a_step_that_binary_numbers_cannot_keep_is_left_to_the_server() -> None:
    off = {**RUNWARE.examples[0]["request"], "speech": {"text": "Hello.", "speed": 0.571}}
    assert not RUNWARE.model_judge(FOUR).accepts(off)
    compiled(FOUR, ())(copy.deepcopy(off))


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"numberResults": 5}, "numberResults"),
        ({"deliveryMethod": "sync"}, "deliveryMethod"),
        ({"speech": {"text": "Hello.", "speed": 1.6}}, "speech.speed"),
        ({"outputFormat": "GIF"}, "outputFormat"),
        ({"taskUUID": "mine"}, "taskUUID"),
        ({"steps": 30}, None),
        ({"resolution": "720p"}, None),
    ],
)
async def test_the_sdk_refuses_a_task_before_it_is_sent(change: dict[str, Any], parameter: str | None) -> None:
    task = {**RUNWARE.examples[0]["request"], **change}
    assert not RUNWARE.model_judge(FOUR).accepts(task)
    error = await refusal(task)
    assert error is not None
    assert error.code == "validation"
    assert error.parameter == parameter
    assert error.task_uuid == task["taskUUID"]


async def test_the_sdk_lets_pass_what_there_is_no_schema_for() -> None:
    assert await refusal({"taskType": "videoInference", "model": "nobody:nothing@1"}) is None


async def test_the_sdks_validator_judges_by_the_reading_the_switches_pick() -> None:
    small = {**RUNWARE.examples[0]["request"], "resolution": "360p"}
    del small["width"], small["height"]
    assert await refusal(small) is None
    clear_validator_cache()
    assert await refusal(small, {"resolution": "page"}) is not None


# The catalogue.


def named(kind: Any) -> set[str]:
    """The fields that the SDK's type for an entry has."""
    return set(kind.__annotations__)


async def test_the_catalogue_lists_every_model_in_the_sdks_own_words() -> None:
    found = await catalogue().list_models()
    assert isinstance(found, list)
    assert [entry["air"] for entry in found] == MODELS
    for entry in found:
        assert set(entry) <= named(content_types.ModelMetadata)
        assert entry == await catalogue().get_model(entry["model"]) == await catalogue().get_model(entry["air"])
    assert await catalogue().get_model("nobody") is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"category": "video"}, MODELS),
        ({"category": "image"}, []),
        ({"creator": "heygen"}, MODELS),
        ({"creator": "nobody"}, []),
        ({"status": "live"}, [FOUR, FIVE]),
        ({"capability": "io:image-to-video"}, [FOUR]),
        ({"search": "AVATAR V"}, [FIVE]),
        ({"search": "heygen:avatar"}, [FOUR, FIVE]),
        ({"search": "avatar", "sort": "newest"}, [FIVE, FOUR]),
        ({"search": "avatar", "sort": "newest", "order": "asc"}, [FOUR, FIVE]),
        ({"search": "avatar", "sort": "name", "order": "desc"}, [FIVE, FOUR]),
        ({"search": "avatar", "sort": "weight"}, [FOUR, FIVE]),
        ({"search": "avatar", "limit": 1}, [FOUR]),
        ({"search": "avatar", "offset": 1}, [FIVE]),
    ],
)
async def test_the_catalogue_is_searched_and_ordered_as_asked(options: Any, expected: list[str]) -> None:
    found = await catalogue().list_models(options)
    assert isinstance(found, list)
    assert [entry["air"] for entry in found] == expected


async def test_the_catalogue_comes_in_pages_when_asked() -> None:
    page: Any = await catalogue().list_models({"paginate": True, "limit": 1, "offset": 1})
    assert (page["total"], page["limit"], page["offset"]) == (len(MODELS), 1, 1)
    assert [entry["air"] for entry in page["items"]] == [MODELS[1]]
    whole: Any = await catalogue().list_models({"paginate": True})
    assert len(whole["items"]) == whole["total"] == len(MODELS)


def test_numbers_that_are_none_are_passed_over() -> None:
    assert content("/models", {"limit": "many", "offset": "-1"}) == content("/models")


async def test_examples_are_the_printed_ones() -> None:
    found = await catalogue().get_model_examples("heygen-avatar-iv")
    assert [entry["request"] for entry in found] == [example["request"] for example in RUNWARE.examples]
    assert all(set(entry) <= named(content_types.ExampleMetadata) for entry in found)
    assert all(entry["asset"] == entry["response"]["videoURL"] for entry in found)
    assert len({entry["id"] for entry in found}) == len(found)
    pictures = await catalogue().get_model_examples("heygen-avatar-iv", {"capability": "io:image-to-video"})
    assert 0 < len(pictures) < len(found)
    assert all("image" in entry["request"]["inputs"] for entry in pictures)
    assert await catalogue().get_model_examples("heygen-avatar-v") == []
    assert await catalogue().get_model_examples("nobody") == []


@pytest.mark.parametrize("air", MODELS)
async def test_a_price_is_the_contracts_and_says_so_when_it_is_assumed(air: str) -> None:
    model = RUNWARE.models[air]
    found: Any = await catalogue().get_model_pricing(model.slug)
    (rate,) = found["pricingRates"]
    assert (rate["amount"], rate["unit"]) == (float(model.price.usd), "durationSecond")
    assert ("assumed" in rate["label"]) == (model.price.confidence == "assumed")
    assert found["pricingOverview"] == rate["label"]
    assert found["category"] == ["video"]
    assert set(found) - {"pricingRates"} <= named(content_types.PricingModelListItem)


async def test_printed_costs_are_the_examples_of_a_price() -> None:
    found: Any = await catalogue().get_model_pricing("heygen-avatar-iv")
    assert [entry["price"] for entry in found["pricingExamples"]] == [
        "$2.8866",
        "$2.4130",
        "$3.0380",
        "$2.7223",
        "$2.1164",
    ]


async def test_nothing_is_made_up_where_no_source_speaks() -> None:
    assert await catalogue().list_collections() == []
    assert await catalogue().get_collection("talking-heads") is None
    assert await catalogue().get_model_guides("heygen-avatar-iv") == []
    video: Any = await catalogue().get_model("heygen-video-1-0")
    assert set(video) == {"model", "air", "name", "creator", "pricingOverview"}


async def test_heygen_is_the_one_creator_and_has_every_model() -> None:
    (creator,) = await catalogue().list_creators()
    assert (creator["id"], creator["name"]) == ("heygen", "HeyGen")
    assert [entry["air"] for entry in creator["models"]] == MODELS
    assert await catalogue().get_creator("heygen") == creator
    assert await catalogue().get_creator("nobody") is None


async def test_every_capability_of_a_model_is_listed() -> None:
    listed = {entry["id"] for entry in await catalogue().list_capabilities()}
    assert listed == {
        name for model in RUNWARE.models.values() for name in (model.detail or {}).get("capabilities", ())
    }


@pytest.mark.parametrize(
    "path", ["", "/", "/nothing", "/models/heygen-avatar-iv/nothing", "/models/a/b/c", "/creators/heygen/x"]
)
def test_any_other_path_is_not_there(path: str) -> None:
    assert content(path) is None
