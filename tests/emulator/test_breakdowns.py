"""A command that breaks down by itself: whom it judges is not blamed for it."""

import pytest
from click.testing import CliRunner

from understudy.cli import main


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("verify", "--target", "recording:examples"), "understudy_contracts.harness.judge.judge"),
        (("drift", "--provider", "heygen"), "understudy_contracts.drift.compare"),
    ],
    ids=["verify", "drift"],
)
def test_a_breakdown_is_told_with_its_place_and_is_no_verdict(monkeypatch, words, where):
    def break_down(*args, **keywords):
        raise ZeroDivisionError("it was just so")

    monkeypatch.setattr(where, break_down)
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 3
    assert "understudy itself broke down" in done.stderr
    assert "ZeroDivisionError: it was just so" in done.stderr
    assert "in break_down" in done.stderr
