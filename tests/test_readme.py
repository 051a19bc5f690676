"""What the README says is so: its blocks are run as printed, only with another port."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.commands.errors import markdown
from understudy.commands.serve import serve
from understudy.error_list import cases
from understudy.faults.vocabulary import FIELDS
from understudy_contracts.provider import contract
from understudy_contracts.switches import switches

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PRINTED = "127.0.0.1:8899"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_PROXY": "127.0.0.1"}


def runnable():
    """Each block that is run, with what is printed below it."""
    for (language, code), (following, text) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        expected = text if following == "text" else ""
        if language in ("python", "sh") and not code.startswith(("make ", "understudy serve\n")):
            yield pytest.param(language, code, expected, id=code.strip().splitlines()[0][:50])


@pytest.mark.parametrize(("language", "code", "expected"), list(runnable()))
def test_a_block_of_the_readme_runs_as_printed(server, tmp_path, language, code, expected):
    here = f"127.0.0.1:{server.port}"
    code = code.replace(PRINTED, here)
    command = ["bash", "-euo", "pipefail", "-c", code]
    if language == "python":
        command = [sys.executable, "-W", "error", "-c", code]
    if language == "python" and "def test_" in code:
        (tmp_path / "test_readme.py").write_text(code)
        command = [sys.executable, "-W", "error", "-m", "pytest", "-p", "no:asyncio", "test_readme.py"]
    done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(expected.strip().rstrip("…").replace(PRINTED, here)), done.stdout


def test_the_server_greets_as_the_readme_shows(server):
    greeting = next(text for language, text in BLOCKS if language == "text")
    process = subprocess.Popen(
        [sys.executable, "-m", "understudy", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    try:
        lines = "".join(process.stdout.readline() for _ in greeting.splitlines())
    finally:
        process.terminate()
        process.communicate(timeout=60)
    address = re.search(r"127\.0\.0\.1:\d+", lines)[0]
    assert lines == greeting.replace(PRINTED, address)


def test_the_two_commands_come_first_and_exist():
    _, first = BLOCKS[0]
    assert [line.split()[1] for line in first.splitlines()] == ["demo", "test"]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("demo", "test", "verify", "check", "bench", "clean", "help"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_every_model_is_in_the_readme():
    rows = re.findall(r"^\| Models \| (.*)$", README, re.MULTILINE)
    named = [set(re.findall(r"`([^`]+)`", row)) for row in rows]
    assert named == [set(contract(provider).models) for provider in ("runware", "gmi", "segmind")]


def test_the_errors_in_the_readme_are_those_of_the_catalogues():
    """When they are not: `understudy errors --format markdown`, between the two marks."""
    printed = README.partition("<!-- errors -->\n")[2].partition("<!-- /errors -->\n")[0]
    assert printed.strip().splitlines() == "\n".join(markdown(cases())).strip().splitlines()


def test_every_setting_is_in_the_readme_with_its_default():
    table = README[README.index("## Settings") : README.index("## What it costs")]
    for option in serve.params:
        [flag] = [name for name in option.opts if name.startswith("--")]
        assert f"`{flag}`" in table
    named = set(re.findall(r"`(--[a-z-]+)", table))
    assert named == {name for option in serve.params for name in option.opts}
    defaults = {option.name: option.default for option in serve.params}
    assert f"| `--balance` | {defaults['balance']} |" in table
    assert f"{defaults['host']}, {defaults['port']}" in table


def test_every_word_of_a_rule_is_in_the_readme():
    table = README[README.index("<!-- rules -->") : README.index("<!-- /rules -->")]
    written = re.findall(r"^\| `(\w+)` \| .*? \| (.*) \|$", table, re.MULTILINE)
    assert written == [(name, field.says) for name, field in FIELDS.items()]


def test_every_switch_that_the_readme_names_exists():
    named = re.findall(r"--switch ([a-z]+)\.([a-z-]+)=([a-z-]+)", README)
    assert named
    for provider, name, value in named:
        assert value in switches(provider)[name].values


def test_every_file_the_readme_links_to_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists()
