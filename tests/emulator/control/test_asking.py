"""How one asks: for whom, and what is said to who asks wrongly."""

import json
import uuid

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_caller import Caller
from understudy.accounts import identity
from understudy.control.table import OPERATIONS


def test_an_account_is_named_by_its_key_in_either_header_or_by_its_id(api, nobody, key):
    mine = api.ok("GET", "/account")
    assert mine["id"] == identity(key)
    assert nobody.ok("GET", "/account", headers={"x-api-key": key}) == {
        **mine,
        "now": pytest.approx(mine["now"], abs=60),
    }
    assert nobody.ok("GET", f"/account?account={mine['id']}")["id"] == mine["id"]
    assert key not in json.dumps(mine)


def test_who_names_no_account_hears_how_wherever_one_is_needed(nobody):
    needing = [one for one in OPERATIONS if one.account == "required"]
    assert len(needing) > 10
    for one in needing:
        said = nobody.refused(401, one.method, one.path.replace("{", "").replace("}", ""))
        assert "Authorization: Bearer" in said["error"]
        assert "x-api-key" in said["error"]


def test_who_tries_to_name_one_and_does_not_is_not_taken_for_everyone(nobody):
    for headers in ({"Authorization": "Basic x"}, {"Authorization": "Bearer"}):
        assert "Authorization: Bearer" in nobody.refused(401, "DELETE", "/faults", headers=headers)["error"]
    assert "no account 'nobody'" in nobody.refused(404, "GET", "/faults?account=nobody")["error"]


def test_a_key_that_does_not_exist_is_refused_where_keys_are_restricted(make_server):
    server = make_server(api_keys=frozenset({"good"}))
    with httpx.Client(base_url=f"{server.url}/_understudy", trust_env=False, verify=False) as http:
        assert http.get("/account", headers={"x-api-key": "good"}).status_code == 200
        assert http.get("/account", headers={"x-api-key": "bad"}).status_code == 401
        made = http.post("/accounts", json={"key": "bad"})
        assert made.status_code == 201
        assert http.get("/account", headers={"x-api-key": "bad"}).json()["id"] == made.json()["id"]


@pytest.mark.parametrize(("path", "hint"), [("/fault", "/_understudy/faults"), ("/", "openapi.json"), ("/clock/", "/_understudy/clock")])  # fmt: skip
def test_a_path_that_leads_nowhere_is_answered_with_one_that_leads_somewhere(nobody, path, hint):
    said = nobody.refused(404, "GET", path)
    assert set(said) == {"error"}
    assert hint in said["error"]


def test_a_method_that_is_not_known_there_is_answered_with_those_that_are(nobody):
    answer = nobody.ask("DELETE", "/clock")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PATCH, POST")
    assert "GET, PATCH, POST" in answer.json()["error"]


def test_head_is_answered_like_get_without_the_body(nobody):
    answer = nobody.http.head("/clock")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_a_body_must_say_that_it_is_json(nobody):
    for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        answer = nobody.ask("POST", "/clock/advance", content=b'{"seconds": 0}', headers=headers)
        assert (answer.status_code, "application/json" in answer.json()["error"]) == (415, True)


def test_a_body_that_is_too_large_is_refused(make_server):
    server = make_server(max_body=1)
    answer = httpx.post(
        f"{server.url}/_understudy/faults",
        content=b'"' + b"x" * 1_100_000 + b'"',
        headers={"Content-Type": "application/json"},
        trust_env=False,
    )
    assert (answer.status_code, "--max-body" in answer.json()["error"]) == (413, True)


@pytest.mark.parametrize("content", [b"{", b"[" * 500, b"\xff", b'{"a": 1e999}', b"nan", rb'{"key": "\ud800"}'])
def test_a_body_that_is_not_json_is_refused(nobody, content):
    said = nobody.refused(422, "POST", "/accounts", content=content, headers={"Content-Type": "application/json"})
    assert said["error"]


def test_a_body_where_none_belongs_and_none_where_one_belongs(api, nobody):
    assert "takes no body" in api.refused(422, "POST", "/reset/faults", json={"a": 1})["error"]
    api.ok("POST", "/reset/faults", json={})
    assert "needs a JSON body" in nobody.refused(422, "POST", "/clock/advance")["error"]


def test_everything_wrong_with_a_query_is_said_at_once(api):
    said = api.refused(422, "GET", "/ledger?limit=many&aftr=1&after=1&after=2")
    assert len(said["problems"]) == 3
    assert any("did you mean after?" in one for one in said["problems"])
    assert any("after is given twice" in one for one in said["problems"])


def test_everything_wrong_with_a_body_is_said_at_once(nobody):
    said = nobody.refused(422, "POST", "/accounts", json={"balance": -1, "limits": {"concurrency": "x"}, "name": "a"})
    assert len(said["problems"]) >= 3
    assert {"balance", "concurrency", "name"} <= {word for one in said["problems"] for word in ("balance", "concurrency", "name") if word in one}  # fmt: skip


@pytest.fixture(scope="module")
def shared(server):
    """One account for many examples: what becomes of it does not matter."""
    caller = Caller(server, f"test-{uuid.uuid4()}")
    yield caller
    caller.http.close()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=10), children, max_size=3),
    max_leaves=8,
)  # fmt: skip
bodied = [one for one in OPERATIONS if one.body is not None and not one.id.endswith("clock")]


def fields_of(operation):
    from understudy.control.schemas import SCHEMAS

    body = operation.body
    if "$ref" in body:
        body = SCHEMAS[body["$ref"].rpartition("/")[2]]
    return sorted(body["properties"])


@given(data=st.data())
def test_no_body_of_whatever_kind_makes_the_server_stumble(shared, data):
    operation = data.draw(st.sampled_from(bodied))
    body = data.draw(json_values | st.dictionaries(st.sampled_from(fields_of(operation)), json_values, max_size=4))
    answer = shared.ask(operation.method, operation.path, json=body)
    assert answer.status_code < 500, answer.text
    if not answer.is_success:
        assert answer.json()["error"]


@given(name=st.sampled_from(["limit", "after", "account", "order", "since", "status", "state", "jobs", "timeout", ""]), value=st.text(max_size=12))  # fmt: skip
def test_no_query_of_whatever_kind_makes_the_server_stumble(shared, name, value):
    for path in ("/ledger", "/journal", "/webhooks", "/accounts"):
        assert shared.ask("GET", path, params={name: value}).status_code in (200, 401, 404, 422)


def test_a_rule_for_everyone_strikes_nothing_here(make_server):
    server = make_server()
    with httpx.Client(
        base_url=f"{server.url}/_understudy", headers={"x-api-key": "k"}, trust_env=False, verify=False
    ) as http:
        http.post("/faults", json={"reset": "before"}, headers={"x-api-key": ""})
        http.post("/faults", json={"gateway": 503})
        for path in ("/health", "/clock", "/faults", "/ledger", "/journal"):
            answer = http.get(path, headers={"X-Understudy-Fault": "gateway=502"})
            assert (answer.status_code, "x-understudy-fault" in answer.headers) == (200, False)
        assert http.delete("/faults").json() == {"removed": 1}
