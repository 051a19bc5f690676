"""The commands that drive a running stand-in, as a person or a script uses them."""

import json
import re
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sink import Sink
from stage import video_task
from understudy.accounts import identity
from understudy.cli import main

COMMANDS = {
    "accounts": ("list", "show", "make", "delete"),
    "clock": ("show", "advance", "until", "rate"),
    "faults": ("list", "add", "remove", "clear", "load"),
    "journal": ("list", "show", "export", "har", "clear"),
    "ledger": ("show", "credit", "opening", "limits"),
    "reset": (),
    "restore": (),
    "snapshot": (),
    "wait": (),
    "webhooks": ("list", "show", "resend"),
}


class Shell:
    """Runs commands for one account of one server."""

    def __init__(self, url, key):
        self.environment = {"UNDERSTUDY_URL": url, "COLUMNS": "200"}
        if key:
            self.environment["UNDERSTUDY_API_KEY"] = key

    def run(self, *arguments, code=0, **keywords):
        done = CliRunner().invoke(main, [*map(str, arguments)], env=self.environment, **keywords)
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json"))


@pytest.fixture
def shell(stage):
    return Shell(stage.server.url, stage.key)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(name):
    for words in ([name], *([name, part] for part in COMMANDS[name])):
        text = " ".join(CliRunner().invoke(main, [*words, "--help"], env={"COLUMNS": "100"}).output.split())
        assert re.search(rf"Example: `understudy {name} ?", text), words
        if words[1:] or not COMMANDS[name]:
            for option in ("--url", "--key", "--token", "--json", "UNDERSTUDY_URL", "UNDERSTUDY_API_KEY"):
                assert option in text, words
    listed = CliRunner().invoke(main, ["--help"]).output
    assert re.search(rf"^  {name}\s+\w", listed, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name, parts in COMMANDS.items() if parts])
def test_a_noun_alone_shows_what_there_is(shell, name):
    assert shell.run(name) == shell.run(name, COMMANDS[name][0])
    assert set(CliRunner().invoke(main, [name, "dance"]).output.split()) >= {"No", "such", "command"}


def test_time_is_shown_and_moved(shell, stage):
    assert "stands still" in shell.run("clock")
    now = shell.json("clock")["now"]
    stage.post(video_task())
    said = shell.run("clock", "advance", 600)
    assert said.index("result.succeeded") < said.index("ledger.charge")
    assert shell.json("clock", "until", now + 1000) == []
    assert shell.run("clock", "advance", 1).strip() == "Nothing happened."
    assert shell.json("clock")["now"] == now + 1001
    assert "1001 s ahead of the server" in shell.run("clock")
    assert shell.json("clock", "show", "--everyone")["account"] is None
    assert "stands still" in shell.run("clock", "rate", 2, code=1)
    shell.run("clock", "advance", -1, code=2)


def test_rules_are_added_shown_and_removed(shell, stage):
    assert shell.run("faults").strip() == "There are no rules."
    said = shell.run("faults", "add", "gateway=503, corrupt", "--operation", "submit", "--times", 1)
    name = re.search(r"rule-\d+", said)[0]
    assert stage.post(video_task()).status_code == 503
    [row] = shell.json("faults", "list")
    assert row["rule"] == {"gateway": 503, "corrupt": True, "operation": "submit", "times": 1}
    assert (row["state"], row["struck"]) == ("spent", 1)
    assert name in shell.run("faults")
    shell.run("faults", "remove", name)
    assert "no rule" in shell.run("faults", "remove", name, code=1)
    assert "there is no 'dealy'" in shell.run("faults", "add", "dealy=2", code=2)
    assert "is in RULE and in an option" in shell.run("faults", "add", "delay=2, times=1", "--times", 2, code=2)
    assert "Error: the rule cannot be used" in shell.run(
        "faults", "add", "timeoutProvidr", "--provider", "runware", code=1
    )
    shell.json("faults", "add", "timeoutProvider", "--provider", "runware")
    assert shell.run("faults", "clear").strip() == "1 rules are removed."


def test_a_file_of_rules_is_loaded_whole_or_not_at_all(shell, tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text('[[faults]]\ndelay = 1\n[[faults]]\nprovider = "runware"\nerror = "timeoutProvider"\n')
    assert len(shell.json("faults", "load", file)) == 2
    assert len(shell.json("faults")) == 2
    file.write_text("[[faults]]\ndelay = 1\n[[faults]]\naccount = 'x'\ndelay = 1\n")
    assert "account" in shell.run("faults", "load", file, code=1)
    assert len(shell.json("faults")) == 2
    file.write_text("[[faults]]\ndelay = 1\n[[faults]]\ndelay = -1\n")
    assert "faults[1]" in shell.run("faults", "load", file, code=1)
    file.write_text('[[accounts]]\nkey = "a"\n')
    assert "understudy serve --scenario" in shell.run("faults", "load", file, code=1)


def test_money_is_shown_and_changed(shell):
    shell.run("ledger", "opening", 10)
    assert shell.json("ledger", "credit", 2.5, "--why", "a present") == {"balance": 12.5, "available": 12.5}
    assert shell.run("ledger", "credit", -2).strip() == "balance $10.5, of which $10.5 can be spent"
    assert "that is more than can be taken away" in shell.run("ledger", "credit", "-20", code=1)
    said = shell.run("ledger")
    assert said.index("opening") < said.index("credit") < said.index("debit")
    assert shell.json("ledger", "limits", "concurrency=2", 'spend={"amount": 5, "period": "daily"}')["concurrency"] == 2
    assert shell.json("ledger", "limits") == {"concurrency": 2, "spend": {"amount": 5, "period": "daily"}}
    assert shell.json("ledger", "limits", "spend=null")["spend"] is None
    shell.run("ledger", "limits", "concurrency", code=2)
    shell.run("ledger", "limits", "concurrency=many", code=1)


def test_webhooks_are_shown_and_sent_again(shell, stage):
    assert shell.run("webhooks").strip() == "Nothing was to be sent."
    with Sink() as sink:
        stage.post(video_task(webhookURL=f"{sink.url}/hook"))
        shell.run("clock", "advance", 600)
        [one] = shell.json("webhooks", "list", "--state", "delivered")
        assert one["id"] in shell.run("webhooks")
        assert "HTTP 200" in shell.run("webhooks", "resend", one["id"])
        assert len(sink.wait(2)) == 2
        assert "videoInference" in shell.run("webhooks", "show", one["id"])
    assert "no delivery" in shell.run("webhooks", "show", "none", code=1)


def test_the_record_is_shown_written_and_emptied(shell, stage, tmp_path):
    stage.post(video_task())
    stage.post(video_task(speech=None))
    assert "POST /v1" in shell.run("journal", "--operation", "submit")
    narrow = Shell(stage.server.url, stage.key)
    narrow.environment["COLUMNS"] = "80"
    assert len(narrow.run("journal", "--operation", "submit").splitlines()) == 1 + 2
    [refused] = shell.json("journal", "list", "--status", "4xx")
    assert json.loads(shell.run("journal", "show", refused["number"])) == refused
    assert len(shell.json("journal", "--limit", 1, "--oldest-first")) == 1
    har = tmp_path / "run.har"
    shell.run("journal", "har", "--output", har, "--provider", "runware")
    assert len(json.loads(har.read_text())["log"]["entries"]) == 2
    assert json.loads(shell.run("journal", "export").splitlines()[0])
    shell.run("journal", "export", "--output", tmp_path / "run.jsonl")
    assert stage.key not in (tmp_path / "run.jsonl").read_text()
    assert "cannot write" in shell.run("journal", "har", "--output", tmp_path / "no" / "file", code=1)
    shell.run("journal", "clear")
    assert shell.run("journal", "--provider", "runware").strip() == "Nothing was asked."


def test_accounts_are_made_shown_and_forgotten(shell, stage):
    assert shell.json("accounts", "show")["id"] == identity(stage.key)
    key = shell.run("accounts", "make", "--balance", 0.5).split()[0]
    poor = Shell(stage.server.url, key)
    assert "balance $0.5," in poor.run("ledger")
    made = identity(key)
    assert made in shell.run("accounts")
    assert shell.json("ledger", "show", "--account", made)["balance"] == 0.5
    shell.run("accounts", "delete", made)
    assert made not in shell.run("accounts")
    assert "already" in shell.run("accounts", "make", stage.key, code=1)


def test_a_part_is_reset(shell, stage):
    stage.post(video_task())
    shell.run("reset", "jobs")
    assert shell.json("accounts", "show")["jobs"] == {}
    shell.run("reset", "everything", code=2)


def test_an_account_is_taken_down_and_put_back(shell, stage, tmp_path):
    stage.post(video_task())
    file = tmp_path / "before.json"
    shell.run("snapshot", file)
    shell.run("reset", "all")
    shell.run("restore", file)
    assert shell.json("accounts", "show")["jobs"] == {"runware": 1}
    file.write_text("{}")
    assert "nothing was changed" in shell.run("restore", file, code=1)
    file.write_text("[")
    assert "cannot read" in shell.run("restore", file, code=1)
    assert "cannot write" in shell.run("snapshot", tmp_path / "no" / "file", code=1)


def test_waiting_tells_by_its_exit_code_whether_it_came_to_be(shell, stage):
    assert shell.run("wait").strip() == "Done."
    stage.post(video_task())
    assert shell.run("wait", "--jobs", code=1).strip() == "Not done."
    assert shell.run("wait", "--webhooks").strip() == "Done."


def test_a_key_is_taken_from_where_the_server_takes_its_own(stage):
    shell = Shell(stage.server.url, f"{stage.key} another-key")
    assert shell.json("accounts", "show")["id"] == identity(stage.key)
    nobody = Shell(stage.server.url, None)
    assert "Authorization: Bearer" in nobody.run("ledger", code=1)


def test_nobody_there_is_one_sentence_and_an_exit_code_of_its_own():
    said = CliRunner().invoke(main, ["clock", "--url", "http://127.0.0.1:1"])
    assert (said.exit_code, len(said.output.splitlines())) == (3, 1)
    assert "understudy serve" in said.output


def test_a_server_off_loopback_says_its_token_once_and_commands_take_it(tmp_path):
    from urllib.parse import urlsplit

    process = subprocess.Popen(
        [sys.executable, "-m", "understudy", "serve", "--host", "0.0.0.0", "--port", "0", "--clock", "manual",
         "--cache-dir", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        lines = []
        while "Ctrl-C" not in "".join(lines[-1:]):
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()
        port = urlsplit(lines[0].split()[-1]).port
        [token] = re.findall(r"X-Understudy-Token: (\S+)", "".join(lines))
        assert any("The clock stands still at 2025-06-15T15:06:40.000Z" in line for line in lines)
        url = f"http://127.0.0.1:{port}"
        assert "stands still" in Shell(url, None).run("clock", "--token", token)
        assert "X-Understudy-Token" in Shell(url, None).run("clock", code=1)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_reader_that_had_enough_ends_a_command_quietly(stage):
    command = f"{sys.executable} -m understudy clock --url {stage.server.url} --json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
