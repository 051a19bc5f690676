"""What is planted in a deliberately broken emulator is found, each by the check that is there for it."""

import itertools
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from planted.broken import account, settings, stand
from planted.detection import table
from planted.every import PLANTED
from understudy.commands.opened import looked_into
from understudy_contracts.harness import Bench, Plan, Remote, Session, probes, verify
from understudy_contracts.harness.sink import LocalSink

README = Path(__file__).parents[2] / "README.md"
PROVIDERS = sorted({one.provider for one in PLANTED.values()})

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def broken(cache):
    with stand(settings(1_000, cache_dir=cache)) as made:
        made.server.engine.studio.warm = lambda placeholder: None
        yield made


@pytest.fixture(scope="module")
def sink():
    with LocalSink() as made:
        yield made


@cache
def _probes(provider):
    return {one.name: one for one in probes(provider)}


def _chosen(provider, at):
    """The probes of these names, and those that they follow."""
    every = _probes(provider)
    named = [name for name in every if any(fnmatchcase(name, pattern) for pattern in at)]
    return [every[name] for name in dict.fromkeys([*(every[name].follows for name in named), *named]) if name]


@pytest.fixture
def verified(broken, sink):
    """Verify with some probes, under an account of its own."""

    def run(provider, at, planted=None):
        key, url = account(next(_NUMBERS)), broken.server.url
        sink.webhooks.clear()
        with broken.with_(planted, key), Remote.at(url) as target, Bench.find(url, key) as bench:
            session = Session(provider, target, key, bench=bench, sink=sink, inspector=looked_into)
            plan = Plan.of(_chosen(provider, at), means=session.means)
            return verify(plan, session, date="2026-01-01T00:00:00Z")

    return run


UNSEEN = {name: one for name, one in PLANTED.items() if not one.found}


def found():
    """What is found; of what takes a film of its own to be made, one for each check is in the quick suite."""
    filmed = set()
    for name, one in PLANTED.items():
        again = ".files." in one.at[0] and one.found in filmed
        if ".files." in one.at[0]:
            filmed.add(one.found)
        if one.found:
            yield pytest.param(one, id=name, marks=[pytest.mark.slow] if again else [])


@pytest.mark.parametrize("planted", list(found()))
def test_what_is_planted_is_found_by_the_check_that_is_there_for_it(verified, planted):
    report = verified(planted.provider, planted.at, planted)
    assert planted.found in {finding.rule for finding in report.findings}
    assert report.verdict == "violated"


@pytest.mark.parametrize("planted", UNSEEN.values(), ids=UNSEEN)
def test_what_is_told_not_to_be_found_is_not(verified, planted):
    """When it is: say by which check."""
    assert verified(planted.provider, planted.at, planted).findings == ()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_where_nothing_is_planted_the_same_probes_find_nothing(verified, provider):
    at = {pattern for one in PLANTED.values() if one.provider == provider for pattern in one.at}
    report = verified(provider, at)
    assert report.findings == ()
    assert {result.state for result in report.results} == {"passed"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_probe_that_is_named_where_something_is_planted_is_one_probe(provider):
    for one in PLANTED.values():
        if one.provider == provider:
            assert set(one.at) <= _probes(provider).keys()


def test_the_detection_table_of_the_readme_is_that_of_what_is_planted():
    """When it is not: `PYTHONPATH=tests python -m planted.detection`, between the two marks."""
    printed = README.read_text("utf-8").partition("<!-- planted -->\n")[2].partition("<!-- /planted -->\n")[0]
    assert printed.strip().splitlines() == table(PLANTED.values())
