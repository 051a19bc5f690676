from __future__ import annotations

import pickle

import pytest

import understudy_client as client
from client.meanings import EXPECTED
from understudy_client import Job, MediaResult, Problem, UnderstudyError
from understudy_client.flow import Answer
from understudy_client.refusals import refusal
from understudy_contracts.errors import catalogue

CASES = list(catalogue("runware").values())


def problem(code: str, message: str = "It will not do.", **more) -> Problem:
    return Problem(code, message, **more)


def answer(status: int) -> Answer:
    return Answer(status, {}, b"")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_error_of_the_catalogue_is_raised_as_what_it_means(case):
    # A gateway's page has a status and no code.
    told = [] if case.strikes == "transport" else [problem(case.code)]
    error = refusal("runware", told, answer(case.status) if case.status else None)
    if told:
        assert isinstance(error, EXPECTED[case.kind])
        assert error.code == case.code
    assert error.status == case.status
    assert str(error).endswith(".")


#: What its failed record says with these words is told by another case of the catalogue, too.
_SAME_WORDS = "generationRejected"


@pytest.mark.parametrize(
    "case",
    [case for case in catalogue("gmi").values() if case.strikes == "upstream" and case.id != _SAME_WORDS],
    ids=lambda case: case.id,
)
def test_a_record_that_its_vendor_refused_fails_as_the_submit_did(case):
    words = problem("", case.text(case.typical))
    submitted, looked_at = refusal("gmi", [words], answer(case.status)), refusal("gmi", [words], None)
    assert type(looked_at) is type(submitted) is EXPECTED[case.kind]
    assert looked_at.retryable is submitted.retryable is case.retryable
    assert looked_at.billed is False


def test_the_text_of_an_error_reads_well_and_says_the_fix():
    error = refusal(
        "runware",
        [problem("invalidSpeechSpeed", "Invalid value for 'speed' parameter.", parameters=("speech.speed",)),
         problem("missingModel", "Missing 'model'.")],
        answer(400),
        about="submit",
    )  # fmt: skip
    assert str(error) == (
        "Invalid value for 'speed' parameter (parameter speech.speed, code invalidSpeechSpeed, HTTP 400); "
        "also: Missing 'model'. It was not billed. "
        "Correct the request; sending it again unchanged will fail again."
    )
    assert error.parameter == "speech.speed"
    assert len(error.errors) == 2


def test_an_error_says_what_finished_before_it():
    done = MediaResult("v", "j", "http://provider/v.mp4")
    error = refusal("runware", [problem("inferenceError")], None, results=[done])
    assert "1 finished before it and was billed" in str(error)
    assert UnderstudyError("No.", billed=True).billed is True
    assert "It was billed." in str(UnderstudyError("No.", billed=True))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, client.ValidationError),
        (401, client.AuthError),
        (402, client.InsufficientCredits),
        (403, client.PermissionDenied),
        (404, client.NotFound),
        (429, client.RateLimited),
        (500, client.ServerError),
        (504, client.ServerError),
        (418, client.ProviderError),
    ],
)
def test_without_words_the_status_speaks(status, kind):
    error = refusal("runware", [], answer(status), about="submit")
    assert type(error) is kind
    assert error.billed is None


def test_codes_nobody_has_seen_are_classified_by_their_form():
    assert isinstance(refusal("runware", [problem("invalidShoeSize")], answer(400)), client.ValidationError)
    assert type(refusal("runware", [problem("qwertz")], None)) is client.ProviderError


def test_a_forbidden_key_is_told_from_an_unknown_one():
    assert type(refusal("runware", [problem("invalidApiKey")], answer(401))) is client.AuthError
    assert type(refusal("runware", [problem("invalidApiKey")], answer(403))) is client.PermissionDenied
    assert type(refusal("runware", [problem("forbidden")], None)) is client.PermissionDenied


def test_a_missing_task_is_told_from_a_missing_model():
    assert type(refusal("runware", [problem("taskNotFound")], None)) is client.TaskNotFound
    assert type(refusal("runware", [problem("modelNotFound")], None)) is client.NotFound


def test_a_refused_question_says_nothing_of_the_bill():
    assert refusal("runware", [problem("invalidApiKey")], answer(401), about="question").billed is None


def test_retry_after_reaches_the_catcher():
    error = refusal("runware", [problem("rateLimitExceeded")], answer(429), retry_after=7.0)
    assert isinstance(error, client.RateLimited)
    assert (error.retry_after, error.retryable) == (7.0, True)


def test_an_error_survives_a_process_border():
    error = refusal("runware", [problem("inferenceError")], None, job=Job("j"))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.job) == (type(error), str(error), Job("j"))


def test_every_error_of_the_package_is_in_the_picture():
    from understudy_client import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 15
    for kind in kinds:
        assert kind.__name__ in (errors.__doc__ or "")
