"""The tables of operations: each is whole, speaks of what there is, and says what the other files say."""

import json
import re
from collections import Counter
from importlib.resources import files

import pytest

from understudy_contracts.data import ContractError, read
from understudy_contracts.error_answers import answer_of
from understudy_contracts.operations import Told, authentications, operations
from understudy_contracts.provider import contract
from understudy_contracts.requests import causing, field_of, typical

PROVIDERS = ("runware", "gmi", "segmind", "heygen")
#: What only the making of a video with HeyGen itself is answered with, which is not emulated.
ELSEWHERE = {("heygen", "avatar_not_found")}
#: What only other schemas refer to, or what is about no operation.
PARTS = {
    "runware": {
        "account-usage", "authentication-refusal", "content-model", "envelope", "error", "get-response-answer",
        "submit-answer", "task-array", "video-inference",
    },
    "gmi": {"outcome"},
    "segmind": {"finetune", "result", "workflow-output"},
    "heygen": set(),
}  # fmt: skip
every_operation = pytest.mark.parametrize(
    "operation",
    [one for provider in PROVIDERS for one in operations(provider).values()],
    ids=lambda one: f"{one.provider}.{one.name}",
)


def told(source):
    return f"told-by-{source.operation}"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_error_of_a_catalogue_is_the_answer_of_some_operation(provider):
    answered = {cause.case.id for one in operations(provider).values() for cause in one.errors}
    missing = {(provider, name) for name in contract(provider).errors} - {(provider, name) for name in answered}
    assert missing == {entry for entry in ELSEWHERE if entry[0] == provider}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_schema_is_asked_or_answered_somewhere_or_is_a_part_of_one_that_is(provider):
    spoken = {answer.schema for one in operations(provider).values() for answer in one.answers}
    spoken |= {answer.headers for one in operations(provider).values() for answer in one.answers}
    spoken |= {one.request.schema for one in operations(provider).values() if one.request is not None}
    errors = {"error"} if provider != "runware" else set()
    assert (spoken - {None}) | errors | PARTS[provider] == set(contract(provider).schemas)


@every_operation
def test_an_operation_describes_what_is_in_its_path_and_nothing_twice(operation):
    in_path = [one.name for one in operation.parameters if one.place == "path"]
    assert sorted(in_path) == sorted(re.findall(r"\{(\w+)\}", operation.path or ""))
    assert max(Counter((one.place, one.name) for one in operation.parameters).values(), default=1) == 1
    told_twice = Counter((cause.case.id, json.dumps(cause.request)) for cause in operation.errors)
    assert max(told_twice.values(), default=1) == 1
    assert all(one.description.endswith(".") for one in operation.parameters)
    assert not operation.summary.endswith(".")


@every_operation
def test_what_can_begin_a_job_is_not_free(operation):
    if operation.purpose == "submit" or (operation.request is not None and operation.request.models is not None):
        assert not operation.free
    assert operation.why.endswith(".")


@every_operation
def test_an_operation_is_at_a_host_of_its_provider(operation):
    # Google's storage is not the provider's own: what is there is no reason to believe that it is asked.
    assert operation.host in {None, "storage.googleapis.com", *contract(operation.provider).hosts}
    assert (operation.host is None) == operation.outgoing


@every_operation
def test_a_typical_request_keeps_the_schema_of_its_operation(operation):
    provider, request = contract(operation.provider), operation.request
    if operation.outgoing or request is None:
        return
    body = operation.typical.get("body")
    if request.schema is not None:
        said = typical(operation, "key", told).content
        if request.media_types[0] == "application/json":
            body = json.loads(said)
            body = body[0] if operation.task is not None else body
        assert not provider.judge(request.schema).violations(body)
    if request.models is not None:
        (model,) = {body.get("model")} if "model" in body else {"heygen-avatar-iv"}
        about = body if request.models == "body" else body[request.models]
        assert not provider.model_judge(model).violations(about)


@every_operation
def test_a_request_can_be_written_for_every_error_that_says_how(operation):
    if operation.outgoing:
        with pytest.raises(ValueError, match="who asks"):
            typical(operation, "key", told)
        return
    assert typical(operation, "key", told).method == operation.method
    for cause in operation.errors:
        if cause.request is None:
            with pytest.raises(ValueError, match="no request is known"):
                causing(operation, cause, "key", told)
        else:
            assert causing(operation, cause, "key", told) != typical(operation, "key", told)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_error_has_a_status_it_is_told_with(provider):
    for one in operations(provider).values():
        for cause in one.errors:
            assert 200 <= answer_of(cause.case).status < 600


@every_operation
def test_a_request_is_free_by_an_argument_that_somebody_can_weigh(operation):
    for cause in operation.errors:
        if cause.free:
            assert cause.request is not None, "an argument is about a request"
            assert re.fullmatch(r"[A-Z][^.]{20,}\.", cause.free)


@every_operation
def test_only_what_nothing_can_come_of_is_argued_to_be_free(operation):
    argued = [cause for cause in operation.errors if cause.free]
    if operation.free or operation.outgoing:
        return
    for cause in argued:
        # A key of nobody's, a name of nothing, or nothing that could be read: whatever else is wrong with a request, a
        # lenient provider may overlook.
        change = cause.request
        nameless = "key" in change or {"content"} == change.keys()
        named = [*change.get("path", {}).values(), *change.get("with", {}).values()]
        assert nameless or all(re.fullmatch(r"no-such-\w+|nobody:nothing@1|videoInferences", str(one)) for one in named)
    assert any(cause.request and cause.request.get("key") == "wrong" for cause in argued)


@every_operation
def test_what_stays_at_the_provider_is_named(operation):
    stores = operation.purpose == "upload" and operation.method in ("PUT", "POST")
    if stores and operation.name != "createUploadUrl":
        assert operation.leaves
    assert not operation.leaves.endswith(".")


@every_operation
def test_what_nobody_can_bring_about_is_argued(operation):
    for one in (*operation.answers, *operation.errors):
        assert not one.out_of_reach or one.out_of_reach.endswith(".")
        for name, value in one.switch.items():
            assert value in contract(operation.provider).switches[name].values


def test_a_field_is_found_by_its_dotted_name():
    assert field_of({"data": [{"url": "there"}]}, "data.0.url") == "there"
    with pytest.raises(LookupError):
        field_of({"data": []}, "data.0.url")


def test_a_file_that_speaks_of_what_there_is_not_is_refused(monkeypatch):
    good = read(files("understudy_contracts").joinpath("heygen", "operations.json"), "operations")
    row = good["operations"][0]
    broken = {
        "nobody": {**good, "operations": [{**row, "authentication": ["nobody"]}]},
        "nowhere": {**good, "operations": [{**row, "address": {"operation": "nowhere", "field": "url"}}]},
        "nothing": {**good, "operations": [{**row, "errors": [{"case": "nothing", "by": "request", "how": "Never."}]}]},
        "others": {**good, "operations": [{**row, "error_groups": ["others"]}]},
        "two operations": {**good, "operations": [row, row]},
    }
    for word, document in broken.items():
        monkeypatch.setattr("understudy_contracts.operations._file", lambda provider, document=document: document)
        operations.cache_clear()
        authentications.cache_clear()
        with pytest.raises(ContractError, match=word):
            operations("heygen")
    monkeypatch.undo()
    operations.cache_clear()
    authentications.cache_clear()


def test_what_others_tell_is_who_tells_it_and_where():
    parameter = contract("gmi").operations["getRequest"].parameters[0]
    assert parameter.told_by == Told("submitRequest", "request_id")
