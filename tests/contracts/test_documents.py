"""The contracts as documents: valid by others' judgement, whole in themselves, and saying what the contracts say."""

import json
import re
import warnings
from urllib.parse import urlsplit

import jsonschema
import pytest
from hypothesis import given
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from understudy_contracts import strategies
from understudy_contracts.documents import PROVIDERS, Site, asyncapi, files, openapi, schemas
from understudy_contracts.documents.site import NOWHERE
from understudy_contracts.operations import operations
from understudy_contracts.provider import contract
from understudy_contracts.schema import Judge

HERE = Site("http://127.0.0.1:8899/contracts", "http://127.0.0.1:8899", {"schemas.runware.ai": "/schemas.runware.ai"})
WRITTEN = files()
every_provider = pytest.mark.parametrize("provider", PROVIDERS)


def walk(value):
    """Every object in a document."""
    if isinstance(value, list):
        for member in value:
            yield from walk(member)
    elif isinstance(value, dict):
        yield value
        for member in value.values():
            yield from walk(member)


def judged_by(document, schema):
    """A judge of a schema within a document."""
    return Judge({**schema, "components": document["components"]})


def at(document, pointer):
    found = document
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


@every_provider
@pytest.mark.parametrize("site", [Site(), HERE], ids=["exported", "served"])
def test_the_openapi_document_is_valid(provider, site):
    with warnings.catch_warnings():
        # The validator's own dependencies, not ours, use what is deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        from openapi_spec_validator import OpenAPIV31SpecValidator
    document = openapi(provider, site)
    assert not [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()]
    assert document["openapi"] == "3.1.0"


@pytest.mark.parametrize("name", [name for name in WRITTEN if name.endswith("api.json")])
def test_every_reference_in_a_document_leads_somewhere_in_it(name):
    document = WRITTEN[name]
    found = {body["$ref"] for body in walk(document) if isinstance(body.get("$ref"), str)}
    assert found
    for reference in found:
        assert at(document, reference) is not None
    for body in walk(document):
        for reference in body.get("discriminator", {}).get("mapping", {}).values():
            assert {"$ref": reference} in body["oneOf"]


@pytest.mark.parametrize("name", [name for name in WRITTEN if "/schemas/" in name])
def test_every_schema_finds_its_neighbours_by_their_files_and_needs_nothing_of_ours(name):
    asked = []

    def file_of(uri):
        asked.append(uri)
        return Resource.from_contents(WRITTEN[uri.removeprefix(f"{NOWHERE}/")], DRAFT202012)

    schema = WRITTEN[name]
    assert schema["$id"] == f"{NOWHERE}/{name}"
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema, registry=Registry(retrieve=file_of))
    for value in ({}, [], {"data": [{"taskType": "ping"}], "errors": [{}]}, {"status": "success"}, {"taskType": "x"}):
        validator.is_valid(value)
    referred = {body["$ref"] for body in walk(schema) if isinstance(body.get("$ref"), str)}
    assert bool(asked) <= bool(referred)
    ours = {"x-source", "x-sources", "x-confidence"}
    said = {key for key in re.findall(r'"(x-[a-z]+)": ', json.dumps(schema)) if name != _HEADERS}
    assert said <= ours


_HEADERS = "segmind/schemas/blocking-headers.json"


MODELS = [(provider, name) for provider in PROVIDERS for name in contract(provider).models]


@pytest.mark.parametrize(("provider", "name"), MODELS)
def test_documents_take_and_refuse_the_requests_that_the_contract_does(provider, name):
    model, written = contract(provider).models[name], schemas(provider, Site())
    resources = {body["$id"]: body for body in written.values()}
    document = openapi(provider, Site())
    exported = Judge(written["models/" + str(model.request["$id"]).rpartition("/")[2]], resources)
    described = judged_by(document, {"$ref": f"#/components/schemas/model.{model.slug}"})

    @given(strategies.request(provider, name), strategies.broken_request(provider, name))
    def holds(fine, broken):
        assert exported.accepts(fine)
        assert described.accepts(fine)
        assert not exported.accepts(broken.request)
        assert not described.accepts(broken.request)

    if name == "pixelflow":
        # It takes anything.
        assert exported.accepts({"any": "thing"})
    else:
        holds()


@every_provider
def test_every_operation_over_http_is_in_the_document_with_every_status_it_has(provider):
    document = openapi(provider, Site())
    described = {body["operationId"]: body for body in walk(document["paths"]) if "operationId" in body}
    hooks = {body["operationId"]: body for body in walk(document["webhooks"]) if "operationId" in body}
    for one in operations(provider).values():
        known = hooks if one.outgoing else described
        body = known["performTasks" if one.task is not None else one.name]
        assert {str(answer.status) for answer in one.answers} <= set(body["responses"])
        for case in one.cases:
            told = [
                shown["value"]
                for response in body["responses"].values()
                for media in response.get("content", {}).values()
                for name, shown in media.get("examples", {}).items()
                if name == case.id
            ]
            assert told, case.id
    assert len(described) == len({body["operationId"] for body in walk(document["paths"]) if "operationId" in body})


@every_provider
def test_every_example_in_a_document_keeps_the_schema_beside_it(provider):
    """Answers and requests as they are printed, and every error of the catalogue."""
    document = openapi(provider, Site())
    held = 0
    for body in walk([document["paths"], document["webhooks"]]):
        for media_type, media in body.get("content", {}).items():
            values = [shown["value"] for shown in media.get("examples", {}).values()]
            values += [media["example"]] if "example" in media else []
            if "schema" not in media or not media_type.endswith("json"):
                continue
            judge = judged_by(document, media["schema"])
            for value in values:
                held += 1
                assert not judge.violations(value), (media_type, value)
    assert held >= len(contract(provider).errors) // 2


@every_provider
def test_every_printed_exchange_is_among_the_examples(provider):
    text = json.dumps(openapi(provider, Site()))
    for example in contract(provider).examples:
        if example["response"] is not None:
            assert json.dumps(example["response"]) in text


def test_servers_are_the_providers_own_unless_it_is_said_where_the_stand_in_is():
    assert openapi("gmi", Site())["servers"] == [{"url": "https://console.gmicloud.ai"}]
    paths = openapi("runware", Site())["paths"]
    assert paths["/registry.json"]["servers"] == [{"url": "https://schemas.runware.ai"}]
    served = openapi("runware", HERE)
    assert served["servers"] == [{"url": "http://127.0.0.1:8899"}]
    assert "/schemas.runware.ai/registry.json" in served["paths"]
    assert not [place for place in served["paths"].values() if "servers" in place]
    host = asyncapi("runware", HERE)["servers"]["socket"]
    assert host == {"host": "127.0.0.1:8899", "protocol": "ws"}
    assert asyncapi("runware", Site())["servers"]["socket"]["host"] == "ws-api.runware.ai"


def test_documents_say_what_the_switches_say():
    flat = openapi("segmind", Site(switches={"segmind": {"request-id": "hex"}}))
    name = "#/components/schemas/submit-answer/properties/request_id"
    assert at(flat, name)["pattern"] != at(openapi("segmind", Site()), name)["pattern"]
    with pytest.raises(ValueError, match="no switch"):
        openapi("gmi", Site(switches={"gmi": {"nonsense": "on"}}))


def test_only_who_has_a_socket_has_a_document_of_it():
    assert [name for name in WRITTEN if name.endswith("asyncapi.json")] == ["runware/asyncapi.json"]
    assert all(asyncapi(provider, Site()) is None for provider in PROVIDERS if provider != "runware")


def test_the_socket_s_document_has_every_task_with_what_answers_it():
    document = asyncapi("runware", Site())
    tasks = {one.name for one in operations("runware").values() if "websocket" in one.transports}
    assert set(document["operations"]) == {*tasks, "tellFailure"}
    for name, message in document["components"]["messages"].items():
        judge = judged_by(document, message["payload"])
        examples = message.get("examples", [])
        assert examples or name.endswith("Answer")
        for example in examples:
            assert not judge.violations(example["payload"]), name
    failures = {example["name"] for example in document["components"]["messages"]["errors"]["examples"]}
    assert {"invalidApiKey", "conflictTaskUUID", "timeoutProvider"} <= failures


def test_the_index_names_every_other_file():
    index = WRITTEN["index.json"]
    named = set()
    for entry in index["providers"].values():
        named |= {entry["openapi"], *entry["schemas"], *([entry["asyncapi"]] if "asyncapi" in entry else [])}
    assert {urlsplit(url).path.removeprefix("/") for url in named} == set(WRITTEN) - {"index.json"}
    assert index["providers"]["gmi"]["models"] == list(contract("gmi").models)


def test_one_provider_can_be_written_alone():
    assert {name.partition("/")[0] for name in files(providers=["heygen"])} == {"heygen", "index.json"}
