"""Whatever somebody asks amiss, they are told in a sentence: never a traceback, never a 5xx."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from understudy import Control, ControlError
from understudy.cli import main
from understudy.faults import BadRule, parse_compact
from understudy.server import Server

_DEEP: Any = []
for _ in range(5_000):
    _DEEP = [_DEEP]

AMISS = [math.nan, math.inf, -math.inf, 10**400, 10**5_000, -1, 1e308, True, None, "é", "\ud800", "\x00", "", ".", "..", b"x",
     object(), [], {}, {"a": math.nan}, _DEEP, [math.nan], {1: 2}, {"\ud800": 1}, 2**63, 2**64, 1e22]  # fmt: skip


def _refused_at_most(ask: Callable[[], object]) -> None:
    refused = None
    try:
        ask()
    except ControlError as problem:
        refused = problem
    assert refused is None or (str(refused) and (refused.status or 400) < 500), refused


@pytest.mark.parametrize("amiss", AMISS, ids=lambda amiss: f"{type(amiss).__name__}")
def test_whatever_a_caller_gives_control_says_what_is_wrong(server: Server, key: str, amiss: Any) -> None:
    with Control(server.url, account=key) as control:
        for ask in (
            control.advance, control.advance_to, control.set_clock, control.set_rate, control.add_fault, control.fault,
            control.remove_fault, control.webhook, control.resend, control.credit, control.set_opening,
            control.exchange, control.account_by_id, control.delete_account, control.reset, control.restore,
            lambda value: control.wait(timeout=value, jobs=False), lambda value: control.add_fault(delay=value),
            lambda value: control.add_fault(text=value), lambda value: control.credit(1, value),
            lambda value: control.advance(1, limit=value), lambda value: control.make_account(balance=value),
            lambda value: control.make_account(key=value), lambda value: control.set_limits(concurrency=value),
            lambda value: control.webhooks(state=value, job=value), lambda value: list(control.journal(status=value)),
            lambda value: list(control.journal(since=value, limit=value)), lambda value: control.har(before=value),
            lambda value: control.errors(value),
        ):  # fmt: skip
            _refused_at_most(lambda ask=ask: ask(amiss))
        control.clear_faults()
    for named in ({"account": amiss}, {"account_id": amiss}, {"account": key, "token": amiss}):
        with Control(server.url, **named) as control:
            _refused_at_most(control.own_account)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("clock", "advance", "nan"), "not a number"),
        (("clock", "advance", "1e400"), "1e400"),
        (("clock", "advance", "1_0"), "not a number"),
        (("clock", "advance", "٣"), "not a number"),
        (("clock", "until", "nan"), "is no moment"),
        (("clock", "until", "1e400"), "is no number"),
        (("clock", "rate", "nan"), "not a number"),
        (("faults", "add", "delay=nan"), "delay=nan cannot be read"),
        (("faults", "add", "delay=1e400"), "delay=1e400 cannot be read"),
        (("faults", "add", "delay=1_0"), "delay=1_0 cannot be read"),
        (("faults", "add", "delay=1", "--times", "1_0"), "not a whole number"),
        (("faults", "add", "delay=1", "--times", "9" * 25), "is not in the range"),
        (("faults", "add", "corrupt", "--ttl", "nan"), "not a number"),
        (("faults", "add", "corrupt", "--text", "\udc80"), "cannot be"),
        (("faults", "remove", ""), "no name or number"),
        (("ledger", "credit", "nan"), "not a number"),
        (("ledger", "credit", "-inf"), "not a number"),
        (("ledger", "opening", "nan"), "not a number"),
        (("ledger", "limits", "concurrency=NaN"), "concurrency is nan"),
        (("ledger", "limits", f"spend={'[' * 50_000}"), "spend"),
        (("wait", "--timeout", "nan"), "not a number"),
        (("serve", "--balance", "1_0"), "is not an amount"),
        (("accounts", "make", "--balance", "nan"), "not a number"),
        (("journal", "--limit", "9" * 25), "is not in the range"),
        (("journal", "show", "9" * 25), "is not in the range"),
        (("clock", "--key", "é"), "printable ASCII"),
        (("clock", "--key", "\udc80"), "printable ASCII"),
        (("clock", "--token", "é"), "printable ASCII"),
    ],
)
def test_a_command_that_is_asked_amiss_says_so_and_ends_with_1_or_2(
    server: Server, key: str, words: tuple[str, ...], told: str
) -> None:
    environment = {"UNDERSTUDY_URL": server.url, "UNDERSTUDY_API_KEY": key, "COLUMNS": "200"}
    done = CliRunner().invoke(main, [*words], env=environment)
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (1, 2)
    assert "Traceback" not in done.output
    assert told in done.output


@given(
    st.sampled_from(["1_0", "nan", "inf", "٣", "1e400", "0x10", " ", "+-1"]),
    st.sampled_from(["delay", "times", "slow"]),
)
def test_what_is_no_number_is_none_in_a_rule_on_one_line(written: str, word: str) -> None:
    with pytest.raises(BadRule):
        parse_compact(f'{word}="{written}"')
