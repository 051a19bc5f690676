"""The control API describes itself: validly, and as it is."""

import json
import re
import warnings
from pathlib import Path

import httpx
import pytest

from sink import Sink
from stage import video_task
from understudy import cli
from understudy.control.schemas import SCHEMAS
from understudy.control.table import OPERATIONS
from understudy.scenario import Scenario


@pytest.fixture(scope="module")
def described(server):
    return httpx.get(f"{server.url}/_understudy/openapi.json", trust_env=False).json()


def test_the_description_is_valid_openapi(described):
    with warnings.catch_warnings():
        # The validator's own dependencies, not ours, use what is deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        from openapi_spec_validator import validate
    validate(described)
    assert described["openapi"] == "3.1.0"


def test_the_description_says_where_it_is(server):
    described = httpx.get(f"{server.url}/_understudy/openapi.json", trust_env=False).json()
    assert described["servers"] == [{"url": f"{server.url}/_understudy"}]


def test_every_operation_says_what_it_does_and_has_a_name_of_its_own(described):
    operations = [operation for at in described["paths"].values() for operation in at.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) == len(OPERATIONS)
    for operation in operations:
        assert operation["summary"]
        assert not operation["summary"].endswith(".")
        assert all(one["description"] for one in operation["parameters"])


def test_every_named_schema_is_used_and_no_other(described):
    text = json.dumps({**described["paths"], "all": SCHEMAS})
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) == set(SCHEMAS)


def test_every_parameter_of_a_path_is_described():
    for operation in OPERATIONS:
        in_path = {one.name for one in operation.parameters if one.required}
        assert set(re.findall(r"\{(\w+)\}", operation.path)) == in_path


def test_every_operation_answers_as_it_is_described(patient, stage):
    """Each is asked once; the caller holds every answer to its schema."""
    ok = patient.ok
    for path in ("/health", "/openapi.json", "/errors", "/errors?provider=gmi", "/clock", "/account", "/accounts"):
        ok("GET", path)
    for path in ("/", "/runware/openapi.json", "/runware/asyncapi.json", "/gmi/schemas/error.json"):
        ok("GET", f"/contracts{path}")
    ok("GET", "/contracts/gmi/schemas/models/heygen-avatar-4.json")
    for path in ("/gmi/asyncapi.json", "/nobody/openapi.json", "/gmi/schemas/none.json"):
        patient.refused(404, "GET", f"/contracts{path}")
    for path in ("/ledger", "/limits", "/faults", "/webhooks", "/journal", "/journal.har", "/snapshot"):
        ok("GET", path)
    ok("PATCH", "/limits", json={"concurrency": 3, "spend": {"amount": 50, "period": "daily"}})
    ok("PUT", "/ledger/opening", json={"amount": 40})
    with Sink() as sink:
        task = video_task(webhookURL=f"{sink.url}/hook")
        assert stage.post(task).status_code == 200
        ok("POST", "/clock/advance", json={"seconds": 600})
        [delivery] = ok("GET", "/webhooks")["deliveries"]
        ok("GET", f"/webhooks/{delivery['id']}")
        ok("POST", f"/webhooks/{delivery['id']}/resend")
        assert len(sink.wait(2)) == 2
    ok("POST", "/clock", json={"now": ok("GET", "/clock")["now"] + 60})
    ok("GET", "/wait?jobs=done&timeout=1")
    rule = ok("POST", "/faults", json={"provider": "runware", "error": "timeoutProvider", "times": 1})
    stage.post(video_task())
    ok("GET", f"/faults/{rule['id']}")
    ok("GET", "/faults")
    ok("GET", "/journal?fault=any")
    [exchange, *_] = ok("GET", "/journal?order=oldest")["exchanges"]
    ok("GET", f"/journal/{exchange['number']}")
    assert patient.ask("GET", "/journal/export").is_success
    ok("DELETE", f"/faults/{rule['id']}")
    ok("DELETE", "/faults")
    ok("POST", "/ledger/credit", json={"amount": 5, "why": "a present"})
    ok("GET", "/ledger?after=1&limit=2")
    snapshot = ok("GET", "/snapshot")
    ok("PUT", "/snapshot", json=snapshot)
    ok("DELETE", "/journal")
    made = ok("POST", "/accounts", json={"balance": 2.5})
    ok("GET", f"/accounts/{made['id']}")
    ok("DELETE", f"/accounts/{made['id']}")
    for operation in OPERATIONS:
        if operation.id.startswith("reset_"):
            ok("POST", operation.path)
    # A clock that stands still has no rate to change; another test changes one.
    patient.refused(409, "PATCH", "/clock", json={"rate": 2})
    assert {operation.id for operation in OPERATIONS} - patient.succeeded == {"change_clock"}


README = (Path(__file__).parents[3] / "README.md").read_text("utf-8")


def test_the_readme_names_every_route_and_every_command():
    table = README[README.index("| under `/_understudy` |") : README.index("No fault strikes there.")]
    assert set(re.findall(r"`(/[\w./{}]+)`", table)) == {one.path for one in OPERATIONS} | {"/_understudy"}
    commands = {name for row in table.split("\n|")[2:] for name in re.findall(r"`(\w+)`", row.split("|")[2])}
    driving = {
        path.stem
        for path in (Path(cli.__file__).parent / "commands").glob("*.py")
        if "from .remote" in path.read_text()
    }
    assert commands - {"errors"} == driving
    assert commands <= set(cli._OWN)


def test_the_scenario_of_the_readme_is_one(tmp_path):
    [text] = re.findall(r"^```toml\n(\[\[faults.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "bad-day.toml").write_text(text)
    scenario = Scenario.read(tmp_path / "bad-day.toml")
    assert (len(scenario.faults), len(scenario.accounts)) == (1, 1)
