"""What each provider answers when a limit of an account refuses."""

from __future__ import annotations

import pytest

from understudy_contracts.data import ContractError
from understudy_contracts.limits import limit_answers, limit_case

PROVIDERS = ("runware", "gmi", "segmind")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_both_limits_are_told_by_an_error_of_the_provider_that_strikes_a_submit_and_costs_nothing(
    provider: str,
) -> None:
    answers = limit_answers(provider)
    assert set(answers) == {"spend", "concurrency"}
    for answer in answers.values():
        assert (answer.case.provider, answer.case.strikes, answer.case.billed) == (provider, "submit", False)
    assert limit_case(provider, "spend").kind == "quota"
    assert not limit_case(provider, "spend").retryable
    assert limit_case(provider, "concurrency").kind == "rate_limit"
    assert limit_case(provider, "concurrency").retryable


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_only_this_program_says_is_never_shown_as_known(provider: str) -> None:
    for answer in limit_answers(provider).values():
        assert (answer.confidence == "assumed") == (answer.sources == ("understudy",))


def test_a_documented_spend_limit_is_answered_as_documented() -> None:
    answer = limit_answers("segmind")["spend"]
    assert (answer.case.id, answer.case.status, answer.confidence) == ("spendLimit", 406, "documented")


def test_a_provider_that_takes_no_jobs_has_no_limits() -> None:
    with pytest.raises(ContractError):
        limit_answers("heygen")
