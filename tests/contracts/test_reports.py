"""What a report shows, in each of its forms, and what it never shows."""

import json
import re
from datetime import datetime
from decimal import Decimal
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from understudy_contracts import checks
from understudy_contracts.checks import Exchange, Finding, Webhook
from understudy_contracts.harness import Probe, Report, Result, Spending, Tally
from understudy_contracts.harness.leaks import Keys
from understudy_contracts.harness.report import INTERRUPTED
from understudy_contracts.harness.reports import FORMS, annotated, document, render, step_summary, verdict, write
from understudy_contracts.harness.reports.document import MOST_CHARACTERS, MOST_FINDINGS

KEY = "SG_4f1c9d27be80a365"
SCHEMA = json.loads(files("understudy_contracts").joinpath("files/report.json").read_bytes())
JUNIT = xmlschema.XMLSchema(Path(__file__).parent / "data" / "junit-10.xsd")

#: What a target may put anywhere: whatever ends a fence, a tag, a cell, a line or a command.
NASTY = "</script><b>&]]>```|\n::error::%0A\x00\x1b[31m\ud800 [x](http://127.0.0.1:1)"


def exchange(**values):
    given = {
        "request": {"model": "m"}, "status": 200, "body": {"status": "success"}, "at": 1.0, "method": "GET",
        "path": "https://console.gmicloud.ai/api/v1/ie/requestqueue/apikey/models", "provider": "gmi",
        "operation": "listModels", "headers": {"content-type": "application/json"},
        "sent": {"authorization": f"Bearer {KEY}"},
    }  # fmt: skip
    return Exchange(**{**given, **values})


def probe(name="gmi.listModels.typical", **values):
    given = {
        "provider": "gmi", "operation": "listModels", "checks": ("accepted",), "tier": "free", "why": "it lists",
        "perform": lambda session: (),
    }  # fmt: skip
    return Probe(name, **{**given, **values})


def report(findings=(), results=None, **values):
    """A report of a run that looked at everything, and found this."""
    tallies = []
    for check in checks.of("gmi"):
        found = tuple(one for one in findings if one.rule == check.name)
        tallies.append(Tally(check, "violated" if found else "passed", 3, found))
    done = Result(probe(), "violated" if findings else "passed", "", tuple(findings), 1, 0.25)
    given = {
        "provider": "gmi", "target": "emulator", "date": "2026-11-21T12:00:00Z", "seed": 7, "seconds": 1.5,
        "results": (done,) if results is None else results, "tallies": tuple(tallies),
        "spending": Spending.nothing(), "exchanges": 5,
    }  # fmt: skip
    return Report(**{**given, **values})


def covered(text):
    """What of a contract was seen, named by what somebody else wrote."""
    item = {"operation": text, "transport": "http", "status": 200, "what": text}
    counted = {"items": [{**item, "count": 0}], "undeclared": [{**item, "count": 2}]}
    return {"provider": "gmi", "declared": 1, "seen": 0, "beyond": [{**item, "why": text}], **counted}


def broken(message="it is not so", told=None, rule="accepted"):
    return Finding(rule, message, told or exchange())


def unseen():
    """A report of a run that saw nothing."""
    results = (
        Result(probe(), "could-not-check", "nothing answers"),
        Result(probe("gmi.cancelRequest.typical"), "not-run", "it may have to be paid for"),
    )
    tallies = tuple(Tally(check, "not-run", 0, reason="nothing of the kind was seen") for check in checks.of("gmi"))
    return report(results=results, tallies=tallies, exchanges=0)


EVERY = {
    "clean": [report()],
    "violated": [report([broken(), broken(rule="gmi.only-forward")])],
    "a webhook": [report([broken(told=Webhook({"status": "done"}, 1.0, "gmi", {"content-type": "x"}))])],
    "nothing seen": [unseen()],
    "interrupted": [report(stopped=INTERRUPTED, broken_off=True)],
    "coverage": [report(coverage=covered("listModels"))],
    "two": [report(), report([broken()], provider="segmind", tallies=())],
    "none": [],
    "real money": [
        report(spending=Spending(True, Decimal("1.50"), Decimal(3), Decimal("0.1"), Decimal("0.4"), Decimal("0.10")))
    ],
}


class Page(HTMLParser):
    """A page's tags, each of which has to be closed, and its text."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def page(text):
    read = Page()
    read.feed(text)
    read.close()
    assert read.open == []
    return read


@pytest.mark.parametrize("reports", EVERY.values(), ids=EVERY)
def test_json_is_as_its_schema_says(reports):
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(render(document(reports), "json")))


@pytest.mark.parametrize("reports", EVERY.values(), ids=EVERY)
def test_junit_is_as_its_schema_says_and_counts_what_is_in_it(reports):
    text = render(document(reports), "junit")
    JUNIT.validate(text)
    root = ElementTree.fromstring(text)
    assert [suite.get("name").split()[-1] for suite in root] == [one.provider for one in reports]
    for suite in root:
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        for name, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(name)) == len(suite.findall(f"testcase/{child}"))
        datetime.fromisoformat(suite.get("timestamp"))
        names = [(case.get("classname"), case.get("name")) for case in suite.iter("testcase")]
        assert len(names) == len(set(names))
    assert int(root.get("failures")) == sum(int(suite.get("failures")) for suite in root)


def test_junit_tells_what_failed_from_what_could_not_be_checked_and_what_was_not_run():
    [suite] = ElementTree.fromstring(render(document([unseen()]), "junit"))
    assert {case.get("name") for case in suite if case.find("error") is not None} == {"gmi.listModels.typical", "run"}
    skipped = {case.get("name") for case in suite if case.find("skipped") is not None}
    assert skipped == {"gmi.cancelRequest.typical", *(check.name for check in checks.of("gmi"))}
    [suite] = ElementTree.fromstring(render(document([report([broken("no such thing")])]), "junit"))
    failed = {case.get("name"): case.find("failure") for case in suite if case.find("failure") is not None}
    assert set(failed) == {"accepted", "gmi.listModels.typical"}
    assert failed["accepted"].get("message") == "no such thing"
    for shown in ("https://console.gmicloud.ai/api/v1", '"status": "success"', checks.CHECKS["accepted"].why):
        assert shown in failed["accepted"].text


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_the_verdict_and_of_a_finding_its_check_why_and_what_was_said(form):
    told = broken("it says otherwise", exchange(request={"asked": "this"}, body={"answered": "that"}, status=418))
    shown = render(document([report([told])]), form)
    for words in ("violated", "accepted", "it says otherwise", "418", "/requestqueue/apikey/models"):
        assert words in shown.replace("VIOLATED", "violated").replace("\\", "")
    if form != "text":
        for words in ("asked", "answered", "A client that does everything right is turned away"):
            assert words in shown
    assert "emulator" in render(document([report()]), form)


@pytest.mark.parametrize("form", FORMS)
def test_what_was_not_tried_and_what_could_not_be_checked_is_told_with_its_reason(form):
    shown = render(document([unseen()]), form)
    for words in ("nothing answers", "it may have to be paid for", "gmi.cancelRequest.typical"):
        assert words in shown


def test_nothing_that_a_target_says_ends_a_fence_a_tag_or_a_line():
    nasty = exchange(request={NASTY: NASTY}, body=[NASTY], path=f"/{NASTY}", headers={"x": NASTY}, content=b"")
    finding = broken(NASTY, nasty)
    reports = [report([finding], coverage=covered(NASTY))]
    reports += [report(results=(Result(probe(), "could-not-check", NASTY),), stopped=NASTY, target=NASTY)]
    shown = document(reports)
    JUNIT.validate(render(shown, "junit"))
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(render(shown, "json")))
    read = page(render(shown, "html"))
    assert {tag for tag, _ in read.tags} <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "span", "section", "p", "dl", "dt", "dd",
        "details", "summary", "div", "pre", "strong", "code", "table", "tr", "th", "td", "br", "ul", "li",
    }  # fmt: skip
    lines = render(shown, "markdown").splitlines()
    fences = [line for line in lines if re.match("````+", line)]
    assert len(fences) == 2
    for line in annotated(shown):
        assert line.startswith("::")
        assert len(line.splitlines()) == 1
        assert "\n" not in line


def test_a_page_needs_nothing_from_anywhere():
    read = page(render(document(EVERY["violated"]), "html"))
    assert not [attrs for _, attrs in read.tags if {"src", "href", "onclick"} & set(attrs)]
    assert not [tag for tag, _ in read.tags if tag in ("script", "link", "img", "iframe")]
    policy = next(attrs["content"] for _, attrs in read.tags if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none'")
    style = files("understudy_contracts.harness.reports").joinpath("page.css").read_text("utf-8")
    assert "prefers-color-scheme: dark" in style
    assert not re.search(r"url\(|@import", style)


def test_long_answers_and_many_findings_are_bounded():
    long = [broken(f"number {number}", exchange(body={"data": "x" * 10**5})) for number in range(MOST_FINDINGS + 5)]
    shown = document([report(long)])
    [run] = shown["runs"]
    assert (len(run["findings"]), run["findings_left_out"]) == (MOST_FINDINGS, 5)
    for form in FORMS:
        assert len(render(shown, form)) < 10 * MOST_FINDINGS * MOST_CHARACTERS
    assert "more characters" in run["findings"][0]["answer"]


def placed(key):
    """A report with the key in any place where it could have come from."""
    forms = st.sampled_from(
        [key, f"Bearer {key}", quote(key), key[:14], f"https://x/?k={key}&y", f'{{"a": "{key}"}}', f"…{key}…"]
    )
    text = st.one_of(st.just("plain"), forms)
    json_value = st.recursive(
        text, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2), max_leaves=4
    )
    told = st.builds(
        exchange, request=json_value, body=json_value, path=st.builds("https://api/{}".format, text),
        headers=st.dictionaries(text, text, max_size=2), sent=st.dictionaries(text, text, max_size=2), method=text,
        content=text.map(str.encode), operation=text,
    ) | st.builds(Webhook, json_value, st.just(1.0), st.just("gmi"), st.dictionaries(text, text, max_size=2))  # fmt: skip
    finding = st.builds(broken, text, told, st.sampled_from(["accepted", "gmi.only-forward"]))
    result = st.builds(Result, st.builds(probe, why=text), st.sampled_from(["could-not-check", "not-run"]), text)
    return st.builds(
        report, st.lists(finding, max_size=2), st.lists(result, max_size=2).map(tuple), target=text, stopped=text,
        coverage=st.builds(covered, text),
    )  # fmt: skip


@given(placed(KEY))
def test_no_form_ever_has_a_part_of_a_key_wherever_it_came_from(made):
    shown = document([made], [KEY])
    written = [*(render(shown, form) for form in FORMS), *annotated(shown), step_summary(shown)]
    assert not [text for text in written if Keys([KEY]).leak(text)]


def test_a_form_that_there_is_not_is_refused_and_folders_are_made(tmp_path):
    with pytest.raises(ValueError, match="junit, json, markdown, html"):
        write([report()], "pdf", tmp_path / "x")
    place = tmp_path / "new" / "folder" / "report.html"
    write([report([broken("é…")])], "html", place, keys=[KEY])
    assert "é…" in place.read_text("utf-8")


def test_the_worst_of_several_is_the_verdict_and_of_none_nothing_is_known():
    assert verdict([report(), unseen()]) == "could-not-check"
    assert verdict([report(), unseen(), report([broken()])]) == "violated"
    assert verdict([report()]) == "clean"
    assert verdict([]) == "could-not-check"


def test_github_is_told_each_finding_up_to_ten_and_the_rest_as_a_number():
    found = [
        broken(f"50%, {number}\r\nnext: line", rule=name) for name in ("accepted", "refused") for number in range(9)
    ]
    lines = list(annotated(document([report(found)])))
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 10
    assert errors[0].startswith("::error title=gmi accepted::50%25, 0%0D%0Anext: line%0A")
    assert errors[-1] == "::error title=understudy verify::9 more findings: see the report"
    assert lines[-1].startswith("::notice title=understudy verify gmi%3A violated::")


def test_a_step_summary_is_no_longer_than_github_takes():
    shown = document([report([broken("x" * 4000, exchange(body="é" * 4000))] * 10)])
    assert step_summary(shown) == render(shown, "markdown")
    written = step_summary({**shown, "runs": shown["runs"] * 100})
    assert len(written.encode()) < 1024 * 1024
    assert written.endswith("The report is longer than this.\n")


def test_the_summary_says_what_was_spent_where_it_was_real():
    shown = render(document(EVERY["real money"]), "text")
    assert "at most $0.4, of which $0.1 was told; the limit was $1.5; the balance fell by $0.1" in shown
    assert "nothing: the target is not the provider itself" in render(document([report()]), "text")
    limited = report(spending=Spending(False, Decimal(2), Decimal(3), Decimal("0.1"), Decimal("0.4")))
    assert "at most $0.4 of whoever pays for the target" in render(document([limited]), "text")
    assert render(document([unseen()]), "text").startswith("gmi: COULD-NOT-CHECK: nothing could be seen")
