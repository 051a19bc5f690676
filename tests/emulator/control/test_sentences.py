"""No query and no body makes the control API stumble, and every refusal is a sentence."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from control_caller import Caller
from understudy.control.operations import Operation
from understudy.control.table import OPERATIONS
from understudy.server import Server

_NUMBERS = ["0", "1", "-1", "1e2", "1e22", "1e308", "1e400", "9999999999999999999999", str(2**53), str(2**63), str(2**64), "-0", "0.5", "5e-324", "1e-320"]  # fmt: skip
_WORDS = ["", "nan", "true", "null", "[]", "{}", '"1"', "é", "\x00", "a" * 3_000, "%", "none", "5xx", "0x1", "١"]
_TEXTS = st.sampled_from([*_NUMBERS, *_WORDS])
_BODIES = st.sampled_from(
    [*(json.loads(number) for number in _NUMBERS if number != "1e400"), *_WORDS, True, None, [], {}, [1], {"a": 1},
     "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2030-01-01", "2030-13-01", {"amount": 1e22, "period": "daily"}]
)  # fmt: skip


def _asked(draw: st.DrawFn, operation: Operation) -> tuple[str, dict[str, str], Any]:
    path, query = operation.path, {}
    for parameter in operation.parameters:
        if f"{{{parameter.name}}}" in path:
            path = path.replace(f"{{{parameter.name}}}", quote(draw(_TEXTS), safe=""))
        elif draw(st.booleans()):
            query[parameter.name] = draw(_TEXTS | st.sampled_from([*map(str, parameter.schema.get("enum", ["x"]))]))
    schema = operation.body or {}
    if "$ref" in schema:
        from understudy.control.schemas import SCHEMAS

        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    names = [*schema.get("properties", {}), "strange"]
    body = draw(st.dictionaries(st.sampled_from(names), _BODIES, max_size=3) | _BODIES) if operation.body else None
    return path, query, body


@given(st.data())
def test_no_query_and_no_body_makes_the_server_stumble(server: Server, data: st.DataObject) -> None:
    caller = Caller(server, "an-account-that-is-asked-amiss")
    try:
        for operation in OPERATIONS:
            path, query, body = data.draw(st.composite(_asked)(operation), operation.id)  # type: ignore[arg-type]
            # What moves everybody's time, or waits for as long as it is told to, is not for a server that others use.
            assume(operation.id != "change_clock" or not isinstance(body, dict) or "rate" not in body)
            keywords: dict[str, Any] = {"params": query}
            if operation.body is not None:
                keywords["content"] = json.dumps(body).encode()
                keywords["headers"] = {"Content-Type": "application/json"}
            answer = caller.ask(operation.method, path, **keywords)
            assert answer.status_code < 500, (operation.id, query, body, answer.text)
            # What is answered may quote what others were told.
            assert answer.status_code < 400 or "keep the rule" not in answer.text
    finally:
        caller.ask("POST", "/reset/all")
        caller.http.close()


def test_whole_numbers_can_be_written_as_any_number_of_json(api: Caller) -> None:
    assert api.ok("GET", "/ledger", params={"after": "1e0", "limit": "1e2"})["entries"] == []
    assert api.ok("GET", "/accounts", params={"limit": "1.0"})["accounts"]
    assert api.ok("POST", "/clock/advance", json={"seconds": 0, "limit": 1e1})["happenings"] == []
    assert api.refused(422, "GET", "/ledger", params={"after": "9999999999999999999999"})["problems"]


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "/clock/advance", {}, "The body must have either seconds or to."),
        ("POST", "/clock/advance", {"seconds": 1, "to": 5}, "The body must have either seconds or to."),
        (
            "POST",
            "/clock",
            {"now": []},
            "now must be a number from 0 up to 2.53402e+11 or a text of at most 40 characters.",
        ),
        ("POST", "/ledger/credit", {"amount": 0}, "amount must not be 0."),
    ],
)
def test_what_a_body_lacks_is_said_in_a_sentence(
    api: Caller, method: str, path: str, body: dict[str, Any], told: str
) -> None:
    assert api.refused(422, method, path, json=body)["problems"] == [told]


def test_a_state_that_no_webhook_can_be_in_is_refused_with_those_that_there_are(api: Caller) -> None:
    [told] = api.refused(422, "GET", "/webhooks?state=nonsense")["problems"]
    assert re.search("waiting.*delivered.*given up.*refused.*withdrawn.*dropped", told)
    assert api.ok("GET", "/webhooks?state=given%20up")["deliveries"] == []
