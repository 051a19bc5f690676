"""Who disagrees: schemas against schemas, answers against the contract, and what a report makes of it."""

import json
from copy import deepcopy
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy_contracts import PROVIDERS
from understudy_contracts.checks.exchange import Exchange, Webhook
from understudy_contracts.documents import Site
from understudy_contracts.documents import files as exported
from understudy_contracts.drift import (
    Change,
    Document,
    Evidence,
    Heard,
    Published,
    Unreadable,
    compare,
    diff,
    printed,
    rated,
    read,
    recorded,
)
from understudy_contracts.drift.against_published import against
from understudy_contracts.drift.ages import age, dated
from understudy_contracts.drift.document import document
from understudy_contracts.drift.markdown import markdown
from understudy_contracts.harness.entries import Entry
from understudy_contracts.harness.recording import Manifest, Recording
from understudy_contracts.portable import portable
from understudy_contracts.provider import contract
from understudy_contracts.published import registry, resolved
from understudy_contracts.schema import judge

DAY = "2026-11-21"
FORM = json.loads(files("understudy_contracts").joinpath("files", "drift.json").read_bytes())

# Schemas, and edits of them.

NAMES = st.sampled_from(["a", "b/c", "d~e", "f"])
STRINGS = st.fixed_dictionaries(
    {"type": st.just("string")}, optional={"maxLength": st.integers(1, 9), "default": st.text(max_size=3)}
)
CHOICES = st.lists(st.text(min_size=1, max_size=3), min_size=2, max_size=4, unique=True).map(
    lambda values: {"type": "string", "enum": values}
)
NUMBERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number"])},
    optional={"minimum": st.integers(0, 9), "maximum": st.integers(10, 19)},
)
LEAVES = STRINGS | CHOICES | NUMBERS | st.just({"type": ["boolean", "null"]})


def objects(members):
    made = st.dictionaries(NAMES, members, min_size=1, max_size=3)
    return made.flatmap(
        lambda properties: st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.just(properties),
                "required": st.lists(st.sampled_from(sorted(properties)), unique=True),
            }
        )
    )


SCHEMAS = st.recursive(
    LEAVES,
    lambda members: objects(members) | st.fixed_dictionaries({"type": st.just("array"), "items": members}),
    max_leaves=8,
)


def places(schema, at=""):
    """Every part of a schema, with the pointer of the value that it is about."""
    yield at, schema
    for name, body in schema.get("properties", {}).items():
        yield from places(body, f"{at}/{name.replace('~', '~0').replace('/', '~1')}")
    if "items" in schema:
        yield from places(schema["items"], f"{at}/*")


def escaped(name):
    return name.replace("~", "~0").replace("/", "~1")


def edits(at, schema):
    """What can be done to one part, each with the change that it is."""
    required = schema.get("required", [])

    def put(change, **values):
        return change, lambda part: part.update(values)

    for name in schema.get("properties", {}):
        place = f"{at}/{escaped(name)}"
        without = {key: body for key, body in schema["properties"].items() if key != name}
        others = [one for one in required if one != name]
        yield put(("removed", place), properties=without, required=others)
        if name in required:
            yield put(("became-optional", place), required=others)
        else:
            yield put(("became-required", place), required=[*required, name])
    if "properties" in schema:
        yield put(("added", f"{at}/new"), properties={**schema["properties"], "new": {"type": "string"}})
    if "enum" in schema:
        yield put(("new-enum-value", at), enum=[*schema["enum"], "another"])
        yield put(("missing-enum-value", at), enum=schema["enum"][1:])
    elif schema["type"] == "string":
        yield put(("changed-type", at), type="integer")
        yield put(("changed-type", at), type=["string", "null"])
        yield put(("changed-default", at), default=f"{schema.get('default', '')}!")
        yield put(("changed-bound", at), maxLength=schema.get("maxLength", 0) + 1)
    elif schema["type"] in ("integer", "number"):
        yield put(("changed-bound", at), minimum=schema.get("minimum", 0) - 1)
        yield put(("changed-type", at), type="number" if schema["type"] == "integer" else "integer")


MIRRORED = {
    "added": "removed",
    "became-required": "became-optional",
    "new-enum-value": "missing-enum-value",
}
MIRRORED |= {there: here for here, there in MIRRORED.items()}


@given(SCHEMAS)
def test_a_schema_does_not_differ_from_itself(schema):
    assert diff(schema, deepcopy(schema)) == ()


@given(SCHEMAS, st.data())
def test_one_edit_is_reported_as_just_that_and_the_other_way_about_as_its_opposite(schema, data):
    possible = [(at, index) for at, part in places(schema) for index, _ in enumerate(edits(at, part))]
    if not possible:
        return
    at, index = data.draw(st.sampled_from(possible))
    edited = deepcopy(schema)
    part = dict(places(edited))[at]
    (kind, place), edit = list(edits(at, part))[index]
    edit(part)
    [change] = diff(schema, edited)
    assert (change.kind, change.pointer) == (kind, place)
    [back] = diff(edited, schema)
    assert (back.kind, back.pointer) == (MIRRORED.get(kind, kind), place)
    assert (back.ours, back.theirs) == (change.theirs, change.ours)


@given(SCHEMAS, SCHEMAS)
def test_what_is_added_seen_from_one_is_removed_seen_from_the_other(one, another):
    there, back = diff(one, another), diff(another, one)
    mirrored = {(MIRRORED.get(change.kind, change.kind), change.pointer, change.keyword) for change in there}
    assert mirrored == {(change.kind, change.pointer, change.keyword) for change in back}
    assert diff(one, another) == there


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ({"const": 1}, {"enum": [1]}),
        ({"enum": ["a", "b"]}, {"type": "string", "enum": ["b", "a"]}),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, {"enum": ["a", "b"]}),
        ({"type": "string", "nullable": True}, {"type": ["null", "string"]}),
        (
            {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
            {"type": ["string", "null"], "maxLength": 3},
        ),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"$defs": {"x": {"type": "string"}}, "items": {"$ref": "#/$defs/x"}}, {"items": {"type": "string"}}),
        (
            {"allOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}}]},
            {"properties": {"a": {}, "b": {}}, "required": ["a"]},
        ),
        ({"allOf": [{"if": {"required": ["a"]}, "then": {"required": ["b"]}}]}, {"dependentRequired": {"a": ["b"]}}),
        ({"type": "string", "format": "uuid", "pattern": "^x$"}, {"type": "string", "format": "uuid"}),
    ],
)
def test_two_writings_of_the_same_are_not_different(one, another):
    assert diff(one, another) == ()
    assert diff(another, one) == ()


@pytest.mark.parametrize(
    ("one", "another", "kinds"),
    [
        ({"additionalProperties": False}, {}, ["changed-rule"]),
        ({"anyOf": [{"required": ["a"]}]}, {"anyOf": [{"required": ["b"]}]}, ["added", "removed"]),
        (
            {"anyOf": [{"type": "object", "required": ["a"]}, {"type": "string"}]},
            {"anyOf": [{"type": "string"}]},
            ["removed"],
        ),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {}}, {}, ["changed-rule"]),
        (
            {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
            {"if": {"required": ["a"]}, "then": {"required": ["c"]}},
            ["added", "removed"],
        ),
        ({"not": {"type": "string"}}, {"not": {"type": "integer"}}, ["changed-rule"]),
        ({"items": {"type": "string"}}, {"items": {"type": "integer"}}, ["changed-type"]),
        ({"additionalProperties": {"type": "string"}}, {"additionalProperties": {"type": "integer"}}, ["changed-type"]),
        ({"patternProperties": {"^x": {}}}, {"patternProperties": {"^y": {}}}, ["added", "removed"]),
        ({"prefixItems": [{"type": "string"}]}, {"prefixItems": [{"type": "integer"}]}, ["changed-rule"]),
        ({"$ref": "#/$defs/nowhere"}, {"type": "string"}, ["changed-rule", "changed-type"]),
        ({"dependentRequired": {"a": ["b"]}}, {"dependentRequired": {"a": ["c"]}}, ["changed-rule"]),
        ({"minimum": 1, "allOf": [{"minimum": 2}]}, {"minimum": 1}, ["changed-rule"]),
        ({"enum": [1]}, {"type": "integer"}, ["changed-bound"]),
        (False, {}, ["changed-bound"]),
    ],
)
def test_rules_that_bind_values_together_are_compared_too(one, another, kinds):
    assert sorted(change.kind for change in diff(one, another)) == kinds


def test_a_schema_that_includes_itself_is_compared():
    tree = {"$id": "https://x.invalid/tree", "properties": {"inner": {"$ref": "#"}, "name": {"type": "string"}}}
    assert diff(tree, deepcopy(tree)) == ()
    other = {**tree, "properties": {**tree["properties"], "name": {"type": "integer"}}}
    assert "/name" in {change.pointer for change in diff(tree, other)}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_contracts_schemas_do_not_differ_from_what_is_exported_of_them(provider):
    owner = contract(provider)
    for name in [*owner.schemas, *owner.models]:
        own = owner.judge(name) if name in owner.schemas else owner.model_judge(name)
        found = diff(own.schema, portable(own.schema, own.resources), own.resources)
        # Steps such as 0.01 are left out there on purpose.
        assert {change.keyword for change in found} <= {"multipleOf"}, (name, found)


# How bad it is.


@pytest.mark.parametrize(
    ("change", "request_", "answer"),
    [
        (Change("added", "/a", None, {}), "harmless", "harmless"),
        (Change("added", "/a", None, {}, required=True), "breaking", "harmless"),
        (Change("added", "", None, {}, "anyOf"), "harmless", "risky"),
        (Change("removed", "/a", {}, None, required=True), "breaking", "breaking"),
        (Change("removed", "/a", {}, None), "breaking", "risky"),
        (Change("became-required", "/a", False, True), "breaking", "harmless"),
        (Change("became-optional", "/a", True, False), "harmless", "breaking"),
        (Change("new-enum-value", "/a", None, 1), "risky", "risky"),
        (Change("missing-enum-value", "/a", 1, None), "breaking", "harmless"),
        (Change("changed-type", "/a", ["string"], ["integer"]), "breaking", "breaking"),
        (Change("changed-type", "/a", ["string"], ["null", "string"]), "harmless", "breaking"),
        (Change("changed-type", "/a", ["null", "string"], ["string"]), "breaking", "harmless"),
        (Change("changed-type", "/a", ["integer"], ["number"]), "harmless", "breaking"),
        (Change("changed-bound", "/a", 5, 6, "maximum"), "harmless", "risky"),
        (Change("changed-bound", "/a", 5, 4, "maximum"), "breaking", "harmless"),
        (Change("changed-bound", "/a", 5, 4, "minLength"), "harmless", "risky"),
        (Change("changed-bound", "/a", None, 4, "minLength"), "breaking", "harmless"),
        (Change("changed-bound", "/a", "x", "y", "pattern"), "breaking", "risky"),
        (Change("changed-default", "/a", 1, 2), "risky", "harmless"),
        (Change("changed-rule", "/a", 1, 2), "risky", "risky"),
    ],
)
def test_how_bad_a_change_is_depends_on_who_sends_it(change, request_, answer):
    assert [rated(change, way)[0] for way in ("request", "answer")] == [request_, answer]
    assert all(rated(change, way)[1] for way in ("request", "answer"))


# How old it is.


@pytest.mark.parametrize(
    ("text", "told", "days"),
    [
        ("schemas of 2026-10-12", "2026-10-12", 40),
        ("a survey, 2026-08; another of 2025", "2026-08", 112),
        ("deployed clients, 2026", "2026", 324),
        ("runware-sdk 1.8.0 (PyPI), validate.py", "", None),
        ("port 2026.1 and 120261", "", None),
        ("2027-01-01", "2027-01-01", 0),
    ],
)
def test_a_source_is_as_old_as_the_date_in_it_and_of_unknown_age_without_one(text, told, days):
    assert dated(text) == told
    assert age(told, DAY) == days


# Answers against the contract.


def heard(body, *, status=200, operation="getModel", path="/models/x", probe="", method="GET", **more):
    headers = {"content-type": "application/json"}
    exchange = Exchange(None, status, body, 0.0, method, path, headers, more.pop("provider", "gmi"), operation)
    return Heard(exchange, probe, **more)


def side(*given, name="target", provenance="live", date=DAY, **more):
    return Evidence(name, f"the {name}", provenance, date, tuple(given), **more)


def detail(**changes):
    made = deepcopy(dict(contract("gmi").models["heygen-avatar-4"].detail))
    made.update(changes)
    return {name: value for name, value in made.items() if value is not ...}


def found(*sides, provider="gmi", operations=("getModel",), **more):
    report = compare(provider, sides, date=DAY, operations=operations, **more)
    assert judge(document(report), FORM) == []
    return report


def told(report):
    return [(one.key.pointer, one.key.kind, one.severity) for one in report.news]


@pytest.mark.parametrize(
    ("body", "drift"),
    [
        (detail(), []),
        (detail(org_id=...), [("/org_id", "removed", "breaking")]),
        (detail(org_id=7), [("/org_id", "changed-type", "breaking")]),
        (detail(surprise=1), [("/surprise", "added", "harmless")]),
        (detail(model=""), [("/model", "changed-bound", "risky")]),
        (
            detail(parameters=[{}]),
            [
                (f"/parameters/*/{name}", "removed", "breaking")
                for name in ("description", "display_name", "name", "required", "type")
            ],
        ),
    ],
)
def test_an_answer_is_held_against_its_schema(body, drift):
    assert told(found(side(heard(body)))) == drift


def test_an_error_is_held_against_the_catalogue():
    def asked(body, status, **more):
        probe = "gmi.getModel.modelNotFound"
        case = contract("gmi").errors["modelNotFound"]
        return found(side(heard(body, status=status, probe=probe, expected=case), heard(detail()), **more))

    assert told(asked({"error": "Model not found"}, 404)) == []
    assert told(asked({"error": "No such model"}, 404)) == [("/modelNotFound", "changed-text", "risky")]
    both = told(asked({"error": "Model not found"}, 410))
    assert both == [("/modelNotFound", "changed-status", "breaking"), ("", "new-status", "breaking")]


def test_what_a_probe_alone_saw_is_told_and_what_it_let_pass_is_not():
    case = contract("gmi").errors["modelNotFound"]
    more = {"status": 404, "probe": "gmi.getModel.modelNotFound", "expected": case}
    right, other = {"error": "Model not found"}, {"error": "No such model"}
    assert told(found(side(heard(right, **more, finding="it names no model"), heard(detail())))) == [
        ("/modelNotFound", "changed-rule", "risky")
    ]
    assert told(found(side(heard(other, **more, kept=True), heard(detail())))) == []


def test_a_request_of_the_contracts_own_that_is_refused_is_breaking():
    refused = heard({"error": "no"}, status=401, probe="gmi.getModel.typical", accepted=True)
    assert ("", "changed-status", "breaking") in told(found(side(refused)))


def test_a_page_in_other_words_is_harmless():
    case = contract("gmi").errors["gateway502"]
    page = heard(None, status=502, probe="gmi.getModel.gateway502", expected=case)
    assert ("/gateway502", "changed-text", "harmless") in told(found(side(page, provenance="stand-in")))


def test_a_code_that_the_catalogue_does_not_have_is_new():
    ping = contract("runware").operations["ping"]
    body = {"errors": [{"code": "tooShy", "message": "no"}]}
    report = found(side(heard(body, status=400, provider="runware", operation="ping", method="POST", path=ping.path)),
                   provider="runware", operations=["ping"])  # fmt: skip
    assert told(report) == [("", "new-error-code", "risky")]
    assert report.drifts[0].key.detail == "tooShy"


def test_who_says_what_is_told_of_each_side():
    emulator = side(heard(detail()), name="emulator", provenance="emulator")
    [one] = found(emulator, side(heard(detail(org_id=7)))).drifts
    assert one.sentence == "contract and emulator say string; target says integer"
    [one] = found(side(name="emulator", provenance="emulator"), side(heard(detail(org_id=7)))).drifts
    assert one.sentence == "contract says string; target says integer; emulator did not show it"
    [one] = found(
        side(heard(detail(org_id=7)), name="emulator", provenance="emulator"), side(heard(detail(org_id=7)))
    ).drifts
    assert one.sentence == "contract says string; emulator and target say integer"
    assert [proof.side for proof in one.evidence] == ["emulator", "target"]


def test_what_the_contract_leaves_open_and_the_emulator_has_is_no_drift():
    open_ = heard(detail(surprise=1))
    report = found(side(open_, name="emulator", provenance="emulator"), side(open_))
    assert (report.news, len(report.drifts), report.verdict) == ((), 1, "no-drift")


def test_the_same_request_answered_otherwise_is_told_where_the_contract_allows_both():
    probe = "gmi.getModel.other"
    emulator = side(heard(detail(), probe=probe), name="emulator", provenance="emulator")
    [one] = found(emulator, side(heard(detail(tags=...), probe=probe))).news
    assert (one.key.pointer, one.key.kind, one.severity) == ("/tags", "removed", "risky")
    assert one.sentence == "contract says it may be there; emulator says there; target says not there"
    refused = side(heard({"error": "Model not found"}, status=404, probe=probe), heard(detail()))
    assert told(found(emulator, refused)) == [("", "changed-status", "risky")]


def test_what_is_asked_may_be_anything():
    for request in (None, 7, "x", [None], [{"taskType": {}}], {"taskType": ["ping"]}):
        answer = {"data": [{"taskType": "ping", "pong": "yes"}]}
        one = Exchange(request, 200, answer, 1.0, provider="runware", operation="ping")
        report = found(side(Heard(one)), provider="runware", operations=("ping",))
        assert [one.key.pointer for one in report.news] == ["/data/*/pong"]


def test_a_webhook_is_held_against_its_schema():
    hooks = side(provenance="live", webhooks=(Webhook({"taskUUID": 7}, 0.0, "runware"),))
    report = found(hooks, provider="runware", operations=["tellWebhook"])
    assert report.verdict == "drift"
    assert {one.key.part for one in report.news} == {"webhook"}


def test_trouble_of_today_is_no_drift_and_nothing_was_checked_by_it():
    entries = [
        Entry(heard({"error": "busy"}, status=status).exchange, {"probe": "gmi.getModel.typical"})
        for status in (429, 503, 401)
    ]
    manifest = Manifest("gmi", "gmi, live", DAY, 0, "", "", live=True)
    report = found(recorded(Recording(manifest, tuple(entries))))
    [(name, looked)] = report.unchecked
    assert (report.verdict, name, looked.state) == ("could-not-check", "getModel", "could-not-check")
    assert "HTTP 401" in looked.why


def test_what_was_not_heard_is_never_no_drift():
    nothing = found(side())
    assert (nothing.verdict, nothing.checked, len(nothing.unchecked)) == ("could-not-check", 0, 1)
    refused = found(side(heard({"error": "Model not found"}, status=404)))
    assert (refused.verdict, refused.unchecked[0][1].state) == ("could-not-check", "partly")
    assert found(side(heard(detail()))).verdict == "no-drift"
    assert found().verdict == "could-not-check"
    assert found(printed("gmi")).verdict == "could-not-check"
    seen = side(heard(detail()), name="emulator", provenance="emulator")
    assert found(seen, side()).blind == ("target",)
    assert found(seen, side(heard({"error": "Model not found"}, status=404))).blind == ()
    why = found(side(silent={"getModel": "it leaves something behind"})).unchecked[0][1].why
    assert why == "it leaves something behind"


def test_how_old_the_evidence_is_is_told_of_each_operation():
    report = found(side(heard(detail()), date="2026-11-01"), side(heard(detail()), name="recording", date=""))
    looked = {one.side: (one.date, one.days) for one in report.rows[0].looked}
    assert looked == {"contract": ("", None), "target": ("2026-11-01", 20), "recording": ("", None)}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_the_pages_print_says_nothing_against_the_contract(provider):
    report = compare(provider, [printed(provider)], date=DAY)
    assert [one.sentence for one in report.news if one.severity != "harmless"] == []


# What is published.


def publish(document_, provider="runware", place="", **more):
    given = Document("a file", tuple(read(provider, document_, place)), **more)
    submits = [name for name, one in contract(provider).operations.items() if one.purpose == "submit"]
    return found(
        provider=provider, operations=(*submits, "getRegistry", "listModels"), documents=[given], publishes=True
    )


@pytest.mark.parametrize("model", contract("runware").models)
def test_the_contracts_own_word_on_a_model_is_no_drift(model):
    report = publish(resolved(model))
    assert report.drifts == ()
    [looked] = [one for row in report.rows for one in row.looked if one.side == "published"]
    assert looked.state == "partly"
    assert model not in looked.why


def test_a_published_schema_is_compared_keyword_by_keyword():
    theirs = deepcopy(resolved("heygen:avatar@4"))
    speech = theirs["requestSchema"]["properties"]["speech"]["properties"]["speed"]
    speech["maximum"] += 1
    theirs["requestSchema"]["properties"]["seed"] = {"type": "integer"}
    theirs["responseSchema"]["required"].append("cost")
    report = publish(theirs)
    kinds = [(one.key.part, one.key.pointer, one.key.kind, one.severity, one.key.model) for one in report.news]
    assert kinds == [
        ("answer", "/cost", "became-required", "harmless", "heygen:avatar@4"),
        ("request", "/seed", "added", "harmless", "heygen:avatar@4"),
        ("request", "/speech/speed", "changed-bound", "harmless", "heygen:avatar@4"),
    ]


def test_a_model_that_is_gone_from_the_list_is_breaking():
    theirs = registry()
    del theirs["models"]["heygen:avatar@5"]
    theirs["models"]["heygen:avatar@4"]["taskType"] = "audioInference"
    theirs["models"]["somebody:else@1"] = {"taskType": "x", "id": "y"}
    report = publish(theirs)
    assert [(one.key.pointer, one.key.kind, one.severity) for one in report.news] == [
        ("/models/heygen:avatar@5", "removed", "breaking"),
        ("/models/heygen:avatar@4/taskType", "changed-text", "risky"),
    ]


@pytest.mark.parametrize("provider", ["gmi", "segmind"])
def test_lists_of_parameters_are_compared_as_far_as_they_tell(provider):
    details = [dict(model.detail) for model in contract(provider).models.values() if model.detail]
    assert publish({"models": details}, provider).drifts == ()
    bare = [{**one, "parameters": [{"name": row["name"]} for row in one["parameters"]]} for one in details]
    assert publish({"models": bare}, provider).drifts == ()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_our_own_openapi_document_is_no_drift(provider):
    told_ = read(provider, exported()[f"{provider}/openapi.json"])
    assert [one for each in told_ for one in against(provider, "", each)] == []
    assert {one.operation for one in told_} <= set(contract(provider).operations)


def test_an_openapi_document_is_compared_operation_by_operation():
    theirs = deepcopy(exported()["gmi/openapi.json"])
    model = theirs["paths"]["/api/v1/ie/requestqueue/apikey/models/{model_id}"]["get"]["responses"]
    model["410"] = {"description": "gone"}
    model["default"] = {"description": "whatever"}
    del theirs["components"]["schemas"]["model-detail"]["properties"]["tags"]
    theirs["components"]["schemas"]["upload-url-request"]["required"].append("size")
    given = Document("a file", tuple(read("gmi", theirs)))
    report = found(operations=("getModel", "createUploadUrl"), documents=[given], publishes=True)
    assert [
        (one.key.operation, one.key.part, one.key.status, one.key.pointer, one.key.kind) for one in report.news
    ] == [
        ("getModel", "status", 410, "", "new-status"),
        ("createUploadUrl", "request", None, "/size", "added"),
        ("getModel", "answer", 200, "/tags", "removed"),
    ]
    assert {one.state for row in report.rows for one in row.looked if one.side == "published"} == {"checked"}


def test_a_task_in_an_openapi_document_is_compared_with_its_model():
    """As Runware publishes them: a list of tasks, each known by the constant of its type."""
    task = deepcopy(resolved("heygen:avatar@5")["requestSchema"])
    task["properties"]["width"] = {"type": "string"}
    own = contract("runware").judge("ping-request")
    ping = deepcopy(portable(own.schema, own.resources))
    ping["properties"]["loud"] = {}
    ping["required"].append("loud")
    other = {"properties": {"taskType": {"const": "juggle"}}}
    theirs = {
        "openapi": "3.1.0",
        "servers": [{"url": "https://api.runware.ai/v1"}],
        "paths": {"/": {"post": {"requestBody": {"$ref": "#/components/requestBodies/tasks"}}}},
        "components": {
            "requestBodies": {"tasks": {"content": {"application/json": {"schema": {"type": "array", "items": {
                "oneOf": [{"$ref": "#/components/schemas/task"}, ping, other]}}}}}},
            "schemas": {"task": task},
        },
    }  # fmt: skip
    told_ = [one for each in read("runware", theirs) for one in against("runware", "", each)]
    seen = [(one.key.operation, one.key.model, one.key.pointer, one.key.kind, one.severity) for one in told_]
    assert ("videoInference", "heygen:avatar@5", "/width", "changed-type", "breaking") in seen
    assert ("ping", "", "/loud", "added", "breaking") in seen
    assert {place for _, _, place, _, _ in seen} == {"/width", "/loud"}


@pytest.mark.parametrize(
    "form",
    [
        {"openapi": "3.1.0", "paths": {"/elsewhere": {"get": {}}}},
        [],
        {"a": 1},
        {"requestSchema": {}},
        {"requestSchema": {"properties": [1]}},
        {"requestSchema": {"properties": {"model": {"enum": 5}}}},
        {"openapi": "3.1.0", "paths": {5: {"get": {}}}},
        {"model": "nobody's", "parameters": []},
    ],
)
def test_what_nobody_here_can_read_is_said_to_be_unreadable(form):
    with pytest.raises(Unreadable):
        read("gmi", form)


def test_parameters_of_an_unknown_form_could_not_be_checked():
    report = publish({"slug": "heygen-avatar-iv", "parameters": [["prompt"]]}, "segmind")
    [looked] = [one for row in report.rows for one in row.looked if one.side == "published"]
    assert looked.state == "could-not-check"
    assert "no list of objects with names" in looked.why


@pytest.mark.parametrize(
    "change",
    [{"properties": [1]}, {"enum": 3}, {"required": True}, {"required": [1, "a"]}, {"type": ["string", 3, {}]}],
)
def test_a_schema_that_is_none_could_not_be_checked(change):
    theirs = deepcopy(resolved("heygen:avatar@5"))
    theirs["requestSchema"]["properties"]["prompt"] = change
    report = publish(theirs)
    [looked] = [one for row in report.rows for one in row.looked if one.side == "published"]
    assert looked.state == "could-not-check"
    assert report.verdict != "no-drift"
    document_ = exported(Site(), ["gmi"])["gmi/openapi.json"]
    answers = document_["paths"]["/api/v1/ie/requestqueue/apikey/requests"]["get"]["responses"]
    answers["200"]["content"]["application/json"]["schema"] = change
    given = Document("a file", tuple(read("gmi", document_)))
    [row] = found(operations=("listRequests",), documents=[given], publishes=True).rows
    assert [one.state for one in row.looked if one.side == "published"] == ["could-not-check"]


def test_what_a_stand_in_publishes_is_nobody_elses_word():
    emulator = side(
        heard(detail(price_info={"price": 1, "pricing_type": "", "unit": "second"})),
        name="emulator",
        provenance="emulator",
    )
    submit = ("submitRequest", "getModel")
    report = found(emulator, operations=submit)
    assert "published" not in {one.name for one in report.sides}
    [one] = report.news
    assert set(one.says) == {"contract", "emulator"}
    target = side(heard(detail()), provenance="stand-in")
    published = next(one for one in found(target, operations=submit, publishes=True).sides if one.name == "published")
    assert not published.of_provider


# Reports.


def test_a_report_says_the_same_in_the_same_order_whatever_came_first():
    first, second = heard(detail(org_id=7, surprise=1)), heard(detail(model=..., tags=1))
    one, another = (found(side(*given)) for given in ((first, second), (second, first)))
    assert document(one) == document(another)
    assert [each.severity for each in one.drifts] == sorted(
        (each.severity for each in one.drifts), key=["breaking", "risky", "harmless"].index
    )


def test_a_page_of_markdown_has_every_drift_and_every_gap():
    report = found(side(heard(detail(org_id=7))), operations=("getModel", "getRequest"))
    page = markdown(report)
    assert "changed type" in page
    assert "contract says string; target says integer" in page
    assert "- target: getRequest: nothing was asked of it" in page
    assert all(
        line.count("|") == page.splitlines()[page.splitlines().index(line)].count("|") for line in page.splitlines()
    )


def test_published_is_read_once_for_a_model_and_its_price():
    [one] = read("gmi", detail())
    assert isinstance(one, Published)
    assert (one.model, one.micros) == ("heygen-avatar-4", 50_000)
