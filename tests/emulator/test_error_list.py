"""What `understudy errors` lists, and the lines it offers to paste."""

import json
import shlex

import httpx
import pytest
from click.testing import CliRunner

from understudy.commands.errors import errors
from understudy.commands.triggers import lines
from understudy.error_list import LISTED, cases
from understudy_contracts.errors import catalogue

ALL = cases()


def run(*arguments, columns="100"):
    return CliRunner().invoke(errors, arguments, env={"COLUMNS": columns, "NO_COLOR": "1"})


def test_every_error_of_every_provider_is_listed_once():
    rows = json.loads(run("--format", "json").output)
    assert [(row["provider"], row["id"]) for row in rows] == [
        (provider, case) for provider in LISTED for case in catalogue(provider)
    ]
    assert {row["provider"] for row in json.loads(run("--provider", "gmi", "--format", "json").output)} == {"gmi"}


def test_every_listed_error_says_what_is_answered_how_sure_that_is_and_three_ways_to_cause_it():
    for row in json.loads(run("--format", "json").output):
        assert row["sources"]
        assert row["confidence"]
        assert row["when"]
        assert row["answer"]["status"] >= 200
        assert row["answer"]["body"]
        assert row["answer"]["found"]
        assert row["triggers"] == {
            "magic": f"[[error:{row['id']}]]",
            "header": f"X-Understudy-Fault: {row['id']}",
            "rule": {"provider": row["provider"], "error": row["id"]},
        }


def test_the_table_fits_a_hundred_columns_and_cuts_no_name():
    printed = run().output
    assert max(map(len, printed.splitlines())) <= 100
    for case in ALL:
        assert case.id in printed


def test_the_markdown_has_a_row_for_every_error_and_names_each_source_by_number():
    lines = run("--format", "markdown").output.splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [case.id for case in ALL]
    assert all(row.replace(r"\|", "").count("|") == 10 for row in rows)
    numbered = [line for line in lines if line.startswith("Sources: 1. ")]
    assert len(numbered) == len(LISTED)


def test_one_error_is_told_in_full_for_each_provider_that_has_it():
    printed = run("--id", "downloadFailed").output
    assert printed.count("\nsource ") >= 2
    assert "runware.downloadFailed" in printed
    assert "gmi.downloadFailed" in printed
    assert "runware" not in run("--id", "downloadFailed", "--provider", "gmi").output
    waited = run("--id", "inferenceFailed").output
    assert "HTTP 422" in waited
    assert "HTTP 400" in waited
    assert "the job itself goes on" in run("--id", "taskExpired").output
    page = run("--id", "badGateway").output
    assert "text/html" in page
    assert catalogue("segmind")["badGateway"].message in page


def test_a_name_that_nobody_knows_is_refused_with_what_comes_close():
    result = run("--id", "timeoutProvidr")
    assert (result.exit_code, "did you mean timeoutProvider?" in result.output) == (2, True)
    assert run("--id", "zzzzzz").exit_code == 2


def request_of(line):
    """What a curl line would send."""
    words = shlex.split(line)
    assert words[:2] == ["curl", "-s"]
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    return httpx.Request("POST", words[2], headers=headers, content=words[words.index("-d") + 1])


@pytest.mark.parametrize("way", ["magic", "header", "rule"])
@pytest.mark.parametrize(
    ("provider", "name"),
    [("runware", "rateLimitExceeded"), ("gmi", "capacityExhausted"), ("segmind", "rateLimited")],
)
def test_a_pasted_line_causes_the_error(server, key, provider, name, way):
    case = catalogue(provider)[name]
    pasted = lines(case, server.url)[way].replace("any-key", key).splitlines()
    with httpx.Client(trust_env=False, verify=False) as http:
        *before, last = [http.send(request_of(line)) for line in pasted]
    assert all(response.is_success for response in before)
    assert last.status_code == case.status
    assert case.message.partition("{")[0] in last.text
