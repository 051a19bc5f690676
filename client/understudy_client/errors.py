"""What can go wrong, drawn before it is written.

    UnderstudyError                   everything this package raises on purpose
    ├── ProviderError                 the provider answered, and the answer is no
    │   ├── ValidationError           a field is wrong; .parameter names it
    │   │   └── TaskConflict          this taskUUID belongs to an earlier task
    │   ├── AuthError                 no key, or a key the provider does not know
    │   │   └── PermissionDenied      a known key that may not do this
    │   ├── InsufficientCredits       the account cannot pay for it
    │   ├── RateLimited               too much at once; .retry_after when the provider says how long
    │   ├── ContentRefused            moderation refused the script, the picture or the result
    │   ├── NotFound                  no such thing
    │   │   └── TaskNotFound          no such task, or no longer
    │   ├── ProviderFailed            the engine broke while making the video
    │   ├── ProviderTimeout           the engine took too long
    │   ├── TaskCancelled             somebody called the job off
    │   └── ServerError               the provider's own server broke, or a gateway before it
    ├── ConnectionFailed              nobody answered, or not to the end
    ├── InvalidAnswer                 somebody answered, but not in the provider's words
    ├── DownloadFailed                the video exists, its file did not arrive
    ├── UploadFailed                  a file could not be left with the provider
    ├── DeadlineExceeded              the wait was over before the job was
    └── Cancelled                     you asked to stop waiting

Every error carries what its catcher needs, as far as it is known: `.provider`, `.status` (HTTP), `.code`
and `.message` (the provider's own), `.parameter`, `.request` (the task that was sent, never the key),
`.response`, `.job`, `.results` (siblings that did finish), `.retryable`, `.billed` and `.errors` (all of the
provider's errors when it gave several). `.billed` has three values: True, False, and None for "nobody knows".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

    from .flow import Answer
    from .jobs import Job, MediaResult


@dataclass(frozen=True, slots=True)
class Problem:
    """One error as the provider wrote it."""

    code: str
    message: str
    #: Dotted names of the request fields concerned; the provider sends a string or a list.
    parameters: tuple[str, ...] = ()
    #: The taskUUID it speaks of, when it says so.
    task: str | None = None
    documentation: str | None = None
    #: The whole object, with every key the provider added.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


class UnderstudyError(Exception):
    """Something this package could not do; catch this to catch all of it."""

    #: What the reader can do about it, as one sentence.
    advice: ClassVar[str] = ""
    #: Whether the same call may work later when nothing said otherwise.
    usually_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        status: int | None = None,
        code: str = "",
        parameter: str | None = None,
        request: Mapping[str, Any] | None = None,
        response: Answer | None = None,
        job: Job | None = None,
        retryable: bool | None = None,
        billed: bool | None = None,
        errors: Sequence[Problem] = (),
        results: Sequence[MediaResult] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.status = status
        self.code = code
        self.parameter = parameter
        self.request = request
        self.response = response
        self.job = job
        self.retryable = self.usually_retryable if retryable is None else retryable
        self.billed = billed
        self.errors = tuple(errors)
        self.results = tuple(results)

    def __str__(self) -> str:
        facts = []
        if self.parameter and self.parameter not in self.message:
            facts.append(f"parameter {self.parameter}")
        if self.code:
            facts.append(f"code {self.code}")
        if self.status is not None:
            facts.append(f"HTTP {self.status}")
        said = self.message.rstrip(". ")
        if facts:
            said += f" ({', '.join(facts)})"
        others = [problem.message.rstrip(". ") for problem in self.errors[1:]]
        if others:
            said += f"; also: {'; '.join(others)}"
        sentences = [said, _money(self.billed, len(self.results)), self.advice]
        return " ".join(sentence.rstrip(".") + "." for sentence in sentences if sentence)


def _money(billed: bool | None, finished: int) -> str:
    siblings = f"{finished} finished before it and {'was' if finished == 1 else 'were'} billed"
    if billed is None:
        return siblings if finished else ""
    said = "It was billed" if billed else "It was not billed"
    return f"{said}; {siblings}" if finished else said


class ProviderError(UnderstudyError):
    """The provider answered, and the answer is no."""

    #: What the provider measured of a job that failed, such as Segmind's `inference_time`, in seconds.
    metrics: Mapping[str, Any] = MappingProxyType({})


class ValidationError(ProviderError):
    """A field of the request is missing, wrong, or not known to the provider; `.parameter` names it."""

    advice = "Correct the request; sending it again unchanged will fail again."


class TaskConflict(ValidationError):
    """This taskUUID was used before, so the provider will not make a second task of it."""

    advice = "Leave taskUUID out to get a fresh one, or wait for the task that has it."


class AuthError(ProviderError):
    """The provider does not accept the API key."""

    advice = "Use a key that is valid."


class PermissionDenied(AuthError):
    """The key is known but may not do this."""

    advice = "Use a key that has the permission."


class InsufficientCredits(ProviderError):
    """The account cannot pay for this."""

    advice = "Add credit to the account and send it again."


class RateLimited(ProviderError):
    """The provider has too much to do; the same request can work later."""

    advice = "Send it again in a while, with fewer requests in flight."
    usually_retryable = True
    #: Seconds the provider asked to wait, or None.
    retry_after: float | None = None


class ContentRefused(ProviderError):
    """Moderation refused the script, the picture or the finished video."""

    advice = "Change the script or the picture."


class NotFound(ProviderError):
    """The provider knows no such thing."""


class TaskNotFound(NotFound):
    """The provider knows no such task, or no longer."""

    advice = "Check its id and the key it was submitted with."


class ProviderFailed(ProviderError):
    """The engine failed while it made the video."""

    advice = "Submit it again as a new one."
    usually_retryable = True


class ProviderTimeout(ProviderError):
    """The engine behind the provider took too long and was given up."""

    advice = "Submit it again as a new one; a shorter script may help."
    usually_retryable = True


class TaskCancelled(ProviderError):
    """The job was called off, by you or by somebody with the same account."""

    advice = "Submit it again if you want it after all."


class ServerError(ProviderError):
    """The provider's server, or a gateway before it, could not answer."""

    advice = "Send it again in a while."
    usually_retryable = True


class ConnectionFailed(UnderstudyError):
    """Nobody answered, or the answer broke off.

    After a submit, `.billed` is False when no attempt reached the server and None when one may have.
    Runware: submit `error.job.request` again; either it is accepted now, or TaskConflict says that the job
    exists, and `wait(error.job)` brings its videos. Neither pays twice.
    GMI: look for the payload of `error.request` in `client.requests(model)` before you submit it again.
    Segmind: look for it in `client.history(model_name=model)` before you send it again.
    """

    advice = "Check the base URL and the network."
    usually_retryable = True


class InvalidAnswer(UnderstudyError):
    """Somebody answered, but not as this provider does: no JSON, or JSON of another shape."""

    advice = "Check that the base URL is the provider's API."


class DownloadFailed(UnderstudyError):
    """The file of a finished video could not be fetched whole."""

    #: Where the bytes that did arrive are, for a download that goes on from there; None without any.
    part: Path | None = None


class UploadFailed(UnderstudyError):
    """A picture, recording or video could not be left with the provider."""


class DeadlineExceeded(UnderstudyError):
    """The wait was over before the job was: it goes on at the provider, and is billed when it ends."""

    advice = "Wait again with the same job: `client.wait(error.job)`."
    usually_retryable = True


class Cancelled(UnderstudyError):
    """You asked to stop waiting; that stops no job, so it goes on and is billed when it ends."""

    advice = "Wait again with the same job if you want its videos after all."
