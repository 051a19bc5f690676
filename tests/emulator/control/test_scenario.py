"""A scenario: the faults and accounts that a server starts with, refused whole where anything in it is wrong."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from understudy.accounts import identity
from understudy.cli import main
from understudy.config import BadScenario
from understudy.scenario import Scenario

TOML = """
[[faults]]
provider = "runware"
error = "timeoutProvider"
times = 2

[[faults]]
gateway = 503
probability = 0.1

[[accounts]]
key = "team-a"
balance = 5.5
limits = { concurrency = 2, spend = { amount = 3, period = "daily" } }

[[accounts.faults]]
delay = 3

[[accounts]]
key = "team-b"
"""


def written(tmp_path, content, name="scenario.toml"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_server_starts_with_its_faults_accounts_money_and_limits(tmp_path, make_server, caller):
    server = make_server(scenario=written(tmp_path, TOML))
    everyone, team_a, team_b = caller(server), caller(server, "team-a"), caller(server, "team-b")
    assert [one["id"] for one in everyone.ok("GET", "/accounts")["accounts"]] == [
        identity("team-a"),
        identity("team-b"),
    ]
    assert [one["rule"] for one in everyone.ok("GET", "/faults")["faults"]] == [
        {"provider": "runware", "error": "timeoutProvider", "times": 2},
        {"gateway": 503, "probability": 0.1},
    ]
    assert team_a.ok("GET", "/ledger")["available"] == 5.5
    assert team_a.ok("GET", "/limits") == {"concurrency": 2, "spend": {"amount": 3, "period": "daily"}}
    assert [one["rule"] for one in team_a.ok("GET", "/faults")["faults"]] == [{"delay": 3}]
    assert team_b.ok("GET", "/ledger")["available"] == 100_000
    assert team_b.ok("GET", "/faults")["faults"] == []


def test_toml_and_json_say_the_same(tmp_path):
    import tomllib

    as_json = written(tmp_path, tomllib.loads(TOML), "scenario.json")
    assert Scenario.read(as_json) == Scenario.read(written(tmp_path, TOML))


def test_an_empty_scenario_is_one(tmp_path):
    assert Scenario.read(written(tmp_path, "")) == Scenario.read(written(tmp_path, {})) == Scenario()


WRONG = {
    "fault": [],
    "faults": [{"provider": "runwary", "error": "x"}, 5, {"delay": 1}, {"delay": -1}],
    "accounts": [
        {"balance": 1},
        {"key": "a", "balance": "much"},
        {"key": "a", "limits": {"concurrency": -1, "spend": 4}},
        {"key": "b", "ballance": 1, "faults": [{"drop": True, "status": 404}]},
        "c",
    ],
}


def test_every_mistake_is_told_with_where_it_is(tmp_path):
    with pytest.raises(BadScenario) as bad:
        Scenario.read(written(tmp_path, WRONG))
    problems = bad.value.problems
    for where in (
        "fault:", "faults[0]:", "faults[1]:", "faults[3]:", "accounts[0].key:", "accounts[1].balance:", "accounts[2].key:",
        "accounts[2].limits:", "accounts[3].ballance:", "accounts[3].faults[0]:", "accounts[4]:",
    ):  # fmt: skip
        assert any(problem.startswith(where) for problem in problems), (where, problems)
    assert not any(problem.startswith("faults[2]") for problem in problems)
    assert "did you mean faults?" in str(bad.value)
    assert "did you mean balance?" in str(bad.value)


def test_a_server_does_not_start_with_a_scenario_that_is_wrong(tmp_path):
    done = CliRunner().invoke(main, ["serve", "--port", "0", "--scenario", str(written(tmp_path, WRONG))])
    assert done.exit_code == 2
    said = " ".join(done.output.split())
    assert "faults[0]" in said
    assert "accounts[3].ballance" in said
    done = CliRunner().invoke(main, ["serve", "--scenario", str(tmp_path / "none.toml")])
    assert (done.exit_code, "does not exist" in done.output) == (2, True)


@pytest.mark.parametrize("content", ["[[faults", "{", "\x00", '{"a": ' * 5000, "faults = 3", "accounts = 3", "[]"])
def test_what_is_no_scenario_is_refused(tmp_path, content):
    with pytest.raises(BadScenario):
        Scenario.read(written(tmp_path, content))


@pytest.mark.parametrize("key", ["sp ", "☃", "a\n", "", "k" * 501])
def test_a_key_that_nobody_could_send_is_refused(tmp_path, key):
    with pytest.raises(BadScenario, match="an account needs its API key"):
        Scenario.read(written(tmp_path, {"accounts": [{"key": key}]}, "scenario.json"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"accounts": [{"key": "\\ud800"}]}', "it is not JSON"),
        ('{"faults": [{"account": "\\ud800", "delay": 1}]}', "it is not JSON"),
        ('{"faults": [', "it is not JSON"),
        ('[{"faults": []}]', "not one object or table"),
        (".".join("a" * 3_000) + " = 1", "nested too deeply"),
        ('[[accounts]]\nkey = "a"\nlimits = { concurrency = nan }', "accounts\\[0\\].limits.concurrency: .* not nan"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_its_own_terms(tmp_path, content, words):
    with pytest.raises(BadScenario, match=words):
        Scenario.read(written(tmp_path, content))


def test_a_mark_at_the_beginning_of_a_file_is_no_part_of_it(tmp_path):
    for content in (TOML, '{"accounts": [{"key": "a"}]}'):
        assert Scenario.read(written(tmp_path, "\ufeff" + content)) == Scenario.read(written(tmp_path, content))


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "balance", "limits", "faults", "delay", "error"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(document=st.dictionaries(st.sampled_from(["faults", "accounts", "x"]), values | st.lists(values, max_size=3)))
def test_a_scenario_is_read_or_refused_and_what_is_read_can_be_played(tmp_path_factory, document):
    from understudy.config import Settings
    from understudy.engine import Engine

    folder = tmp_path_factory.mktemp("scenario")
    try:
        scenario = Scenario.read(written(folder, document, "scenario.json"))
    except BadScenario:
        return
    engine = Engine.build(Settings(cache_dir=folder / "cache"))
    scenario.play(engine)
    assert len(list(engine.accounts.all())) == len(scenario.accounts)
    assert len(engine.faults.rules) == len(scenario.faults)
