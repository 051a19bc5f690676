"""The command line as a person or a script meets it: in a process of its own."""

import json
import os
import re
import signal
import socket
import time

import httpx
import pytest
from click.testing import CliRunner

from program import program
from stage import video_task
from understudy.cli import main
from understudy.server import GRACE


def serving(tmp_path, *arguments, **variables):
    """`understudy serve` on a free port: yields its process and its base address."""
    variables = {"UNDERSTUDY_PORT": "0", "UNDERSTUDY_CACHE_DIR": str(tmp_path / "cache"), **variables}
    return program("serve", *arguments, port_file=tmp_path / "port", env={**os.environ, **variables}, cwd=tmp_path)


def post(url, *tasks, key="k"):
    return httpx.post(
        f"{url}/v1", json=list(tasks), headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60
    )


def test_it_says_where_each_provider_is(tmp_path):
    with serving(tmp_path) as (process, url):
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert f"stands in at {url}" in out
    assert re.search(rf"runware\s+{url}/v1", out)


def test_the_key_that_a_caller_uses_is_not_the_only_one_a_server_accepts(tmp_path):
    with serving(tmp_path, UNDERSTUDY_API_KEY="qa-key") as (process, url):
        assert post(url, video_task(), key="another").status_code == 200
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert "these keys" not in out


def test_it_says_how_many_keys_it_accepts_and_not_which(tmp_path):
    with serving(tmp_path, UNDERSTUDY_API_KEYS="first-key second-key") as (process, url):
        assert post(url, video_task(), key="second-key").status_code == 200
        assert post(url, video_task(), key="third-key").status_code == 401
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert "Only these keys: 2" in out
    assert "first-key" not in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(tmp_path, number):
    with serving(tmp_path) as (process, url):
        assert post(url, video_task()).status_code == 200
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in err


def test_an_answer_in_flight_is_finished_before_it_stops(tmp_path):
    with serving(tmp_path, "--speed", "instant") as (process, url):
        task = video_task(width=1280, height=720, speech={"text": "word " * 400})
        post(url, task)
        item = post(url, {"taskType": "getResponse", "taskUUID": task["taskUUID"]}).json()["data"][0]
        httpx.get(item["videoURL"], trust_env=False, timeout=60)
        with httpx.stream("GET", item["videoURL"], trust_env=False, timeout=60) as response:
            process.send_signal(signal.SIGTERM)
            body = b"".join(response.iter_bytes())
        assert len(body) == int(response.headers["content-length"])
        assert process.wait(timeout=60) == 0


def test_a_flag_beats_a_variable_a_variable_beats_the_file_and_the_file_beats_the_default(tmp_path):
    (tmp_path / "understudy.toml").write_text('api-key = ["from-file"]\npublic-url = "http://from-file"\nbalance = 3\n')
    variables = {"UNDERSTUDY_API_KEYS": "from-variable", "UNDERSTUDY_PUBLIC_URL": "http://from-variable"}
    with serving(tmp_path, "--public-url", "http://from-flag/", "--speed", "instant", **variables) as (_, url):
        task = video_task()
        assert post(url, task, key="from-file").status_code == 401
        assert post(url, task, key="from-variable").status_code == 200
        poll = post(url, {"taskType": "getResponse", "taskUUID": task["taskUUID"]}, key="from-variable")
        assert poll.json()["data"][0]["videoURL"].startswith("http://from-flag/video/")
        ledger = httpx.get(
            f"{url}/_understudy/ledger", headers={"Authorization": "Bearer from-variable"}, trust_env=False, timeout=60
        )
        assert ledger.json()["entries"][0]["amount"] == 3
        assert httpx.get(url, trust_env=False, timeout=60).json()["providers"]["runware"] == "http://from-flag/v1"


def test_switches_come_from_a_table_of_the_file(tmp_path):
    (tmp_path / "understudy.toml").write_text('[switch.runware]\nunknown-task = "error"\n')
    with serving(tmp_path) as (_, url):
        answer = post(url, {"taskType": "getResponse", "taskUUID": video_task()["taskUUID"]})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "taskNotFound")


def test_log_lines_can_be_read_by_programs(tmp_path):
    with serving(tmp_path, "--log-format", "json", "--log-level", "debug") as (process, url):
        post(url, task := video_task())
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    lines = [json.loads(line) for line in err.splitlines()]
    assert any(task["taskUUID"] in line["message"] for line in lines)


def run(*arguments, **keywords):
    return CliRunner().invoke(main, arguments, **keywords)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--speed", "fast"], "speed is brisk, real, instant or a number"),
        (["--port", "99999"], "99999 is not in the range"),
        (["--public-url", "stand-in.example"], "is not a URL such as"),
        (["--balance", "lots"], "is not an amount in US dollars"),
        (["--balance", "NaN"], "is not an amount in US dollars"),
        (["--switch", "runware.nothing=1"], "`understudy switches` lists them"),
        (["--switch", "nobody.resolution=1"], "`understudy switches` lists them"),
        (["--switch", "webhook-body"], "`understudy switches` lists them"),
        (["--switch", "runware.webhook-body=round"], "is one of wrapped, flat, not 'round'"),
        (["--config", "missing.toml"], "does not exist"),
        (["--cache-dir", "/dev/null/x"], "cannot"),
        (["--host", "203.0.113.1"], "cannot listen on 203.0.113.1"),
        (["--host", ""], "cannot be empty"),
        (["--port-file", "/no/such/folder/port"], "there is no folder /no/such/folder"),
    ],
)
def test_a_setting_that_cannot_be_used_is_explained(arguments, said):
    result = run("serve", "--port", "0", *arguments)
    assert result.exit_code in (1, 2)
    assert said in " ".join(result.output.split())


def test_many_stalled_downloads_do_not_keep_it_from_stopping_quietly(tmp_path):
    with serving(tmp_path, "--speed", "instant") as (process, url):
        task = video_task(width=1920, height=1080, speech={"text": "word " * 900})
        post(url, task)
        item = post(url, {"taskType": "getResponse", "taskUUID": task["taskUUID"]}).json()["data"][0]
        httpx.get(item["videoURL"], trust_env=False, timeout=60)
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        path = item["videoURL"].removeprefix(url)
        stalled = []
        for _ in range(50):
            raw = socket.create_connection(address)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            raw.recv(10)
            stalled.append(raw)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        took = time.monotonic() - started
        for raw in stalled:
            raw.close()
    assert process.returncode == 0
    assert "Traceback" not in err
    assert len(err.splitlines()) < 10
    assert took < 20 * GRACE


def test_many_renders_that_wait_do_not_keep_it_from_stopping_quietly(tmp_path):
    with serving(tmp_path, "--speed", "instant") as (process, url):
        tasks = [video_task(width=3840, height=2160, speech={"text": f"number {n}"}) for n in range(10)]
        post(url, *tasks)
        waiting = []
        for task in tasks:
            item = post(url, {"taskType": "getResponse", "taskUUID": task["taskUUID"]}).json()["data"][0]
            raw = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
            raw.sendall(f"GET {item['videoURL'].removeprefix(url)} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            waiting.append(raw)
        time.sleep(0.3)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        took = time.monotonic() - started
        for raw in waiting:
            raw.close()
    assert process.returncode == 0
    assert "Traceback" not in err
    assert took < 20 * GRACE


def test_a_reader_that_goes_away_does_not_stop_it(tmp_path):
    with serving(tmp_path) as (process, url):
        process.stdout.close()
        assert post(url, video_task()).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        process.stdout = None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cache-dir = 5", "sets cache-dir to 5, which is not a text"),
        ("seed = 1.5", "sets seed to 1.5, which is not a whole number"),
        ("port = true", "sets port to True, which is not a whole number"),
        ('allow-link-local = "yes"', "which is not true or false"),
        ('api-key = "single"', "sets api-key to 'single', which is not a list of texts"),
        ("api-key = [5]", "which is not a list of texts"),
        ('switch = "x"', "which is not a list of texts"),
        ("speed = []", "which is not a text or a number"),
        ("speeed = 1", "sets speeed, which no option knows"),
        ("port = ", "cannot read understudy.toml"),
        ('port = "many"', "sets port to 'many', which is not a whole number"),
        ('[switch.runware]\nnothing = "x"', "names no switch"),
    ],
)
def test_a_mistake_in_the_file_is_explained(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "understudy.toml").write_text(text)
    result = run("serve")
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


@pytest.mark.parametrize("key", ["two words", "\udcff", "schlüssel", "k" * 501])
def test_a_key_that_no_header_carries_is_refused_at_the_start(key):
    result = run("serve", "--api-key", key)
    assert result.exit_code == 2
    assert "an API key is 1 to 500 visible ASCII characters" in " ".join(result.output.split())


def test_a_port_that_is_taken_is_explained(server):
    result = run("serve", "--port", str(server.port))
    assert result.exit_code == 1
    assert f"cannot listen on 127.0.0.1:{server.port}" in result.output


def test_the_help_names_every_setting_its_variable_and_the_order_of_precedence():
    text = run("serve", "--help").output
    for setting in (
        "host",
        "port",
        "speed",
        "seed",
        "public-url",
        "port-file",
        "log-format",
        "api-key",
        "balance",
        "switch",
    ):
        assert f"--{setting}" in text
        assert f"UNDERSTUDY_{setting.upper().replace('-', '_')}" in text
    assert "A flag beats a variable, a variable beats the settings file" in " ".join(text.split())


def test_every_command_has_a_help_text_that_says_what_it_does():
    listed = run("--help").output
    for name in ("serve", "demo", "generate", "errors", "switches"):
        assert re.search(rf"^  {name}\s+\w", listed, re.MULTILINE)
        assert len(run(name, "--help").output) > 150
    assert run("dance").exit_code == 2


def test_the_demo_performs_what_it_is_asked_to_and_says_that_it_agrees(tmp_path):
    result = run("demo", "gmi", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "out").glob("*.mp4"))) == 2
    unknown = run("demo", "nobody")
    assert (unknown.exit_code, "there is no demo of nobody" in " ".join(unknown.output.split())) == (2, True)


def test_the_demo_fails_when_its_performance_does(tmp_path, monkeypatch):
    monkeypatch.setattr("understudy_client.demo.gmi.perform", lambda **_: False)
    assert run("demo", "gmi", "--out", str(tmp_path)).exit_code == 1


def test_every_switch_is_listed():
    from understudy_contracts.switches import switches

    text = run("switches", env={"COLUMNS": "200"}).output
    for name in switches("runware"):
        assert f"runware.{name}" in text
