"""What can go wrong at each provider, and what its client makes of it: by operation."""

from collections.abc import Mapping

from client.meanings import EXPECTED
from stateful.model import Trouble
from understudy_contracts.errors import catalogue

#: With what a question that any number of times may be asked is lost, and what is raised when it always is.
_LOST = {
    "ServerError": {"gateway": 503},
    "ConnectionFailed": {"reset": "before"},
    "InvalidAnswer": {"corrupt": True},
}
_LOST_LATE = {"ConnectionFailed": {"reset": "after"}, "InvalidAnswer": {"empty": True}}


def _named(provider: str, name: str, *, again: bool = False, raises: str = "") -> Trouble:
    """An error of the catalogue that refuses what it strikes."""
    case = catalogue(provider)[name]
    raised = raises or EXPECTED[case.kind].__name__
    said = case.text(case.typical) if "{" not in case.message else ""
    return Trouble({"error": name}, raised, case.code, said, again=again)


def _failing(provider: str, *names: str) -> list[Trouble]:
    """Errors of the catalogue that a job ends with which they struck as it was handed in."""
    cases = [catalogue(provider)[name] for name in names]
    return [Trouble({"error": case.id}, made=True, fails=case) for case in cases]


def _asking(*more: Trouble) -> list[Trouble]:
    lost = [(name, rule) for table in (_LOST, _LOST_LATE) for name, rule in table.items()]
    return [
        *(Trouble(rule, name, again=True) for name, rule in lost),
        Trouble({"truncate": 10}, "ConnectionFailed", again=True),
        Trouble({"delay": 3}, late=3),
        *more,
    ]


_GOES_ANOTHER_WAY = [
    Trouble({"slow": 3}, made=True, pace=3.0),
    Trouble({"early": True}, made=True, pace=0.0),
    Trouble({"delay": 3}, made=True, late=3),
]

#: At Runware the task has a name of its own, so a submit whose answer is lost is sent again as it is.
_RUNWARE_SUBMIT = [
    Trouble({"gateway": 503}, "ServerError", again=True),
    Trouble({"reset": "before"}, "ConnectionFailed", again=True),
    Trouble({"reset": "after"}, "ConnectionFailed", again=True, made=True),
    _named("runware", "rateLimitExceeded", again=True),
    _named("runware", "internalServerError", again=True),
    _named("runware", "insufficientCredits"),
    _named("runware", "promptBlocked"),
    *_failing("runware", "timeoutProvider", "invalidProviderContent", "inferenceError"),
    *_GOES_ANOTHER_WAY,
]

#: Where nothing marks a request as the same one, the client looks into the list for what became of it.
_LISTED_SUBMIT = [
    Trouble({"gateway": 503}, "ServerError", again=True),
    Trouble({"gateway": 504}, "ConnectionFailed"),
    Trouble({"reset": "before"}, "ConnectionFailed", again=True),
    *(Trouble(rule, made=True, found=True) for rule in ({"reset": "after"}, {"truncate": 10}, {"corrupt": True})),
    *_GOES_ANOTHER_WAY,
]

TROUBLES: Mapping[str, Mapping[str, list[Trouble]]] = {
    "runware": {
        "submit": [
            *_RUNWARE_SUBMIT,
            Trouble({"truncate": 10}, "ConnectionFailed", again=True, made=True),
            # The last answer is that the task exists, and cannot be read.
            Trouble({"corrupt": True}, "ValidationError", again=True, made=True),
        ],
        "poll": _asking(
            _named("runware", "rateLimitExceeded", again=True), _named("runware", "taskNotFound", raises="TaskNotFound")
        ),
    },
    # On a socket nothing is half an answer, and what got lost may be told once more after the line is there again.
    "runware-socket": {
        "submit": [
            *(one for one in _RUNWARE_SUBMIT if "gateway" not in one.rule),
            Trouble({"gateway": 502}, "ServerError", "unrecognizedResponse", again=True),
        ],
        "poll": [
            Trouble({"gateway": 502}, "ServerError", "unrecognizedResponse", again=True),
            Trouble({"reset": "before"}, "ConnectionFailed", again=True),
            Trouble({"reset": "after"}, "ConnectionFailed", again=True),
            Trouble({"delay": 3}, late=3),
            _named("runware", "rateLimitExceeded", again=True),
            _named("runware", "taskNotFound", raises="TaskNotFound"),
        ],
    },
    "gmi": {
        "submit": [
            *_LISTED_SUBMIT,
            _named("gmi", "insufficientCredits"),
            _named("gmi", "contentPolicy"),
            # The vendor behind it refuses, and a failed record is left.
            Trouble(
                {"error": "backendError400"},
                "ProviderFailed",
                said=catalogue("gmi")["backendError400"].message,
                made=True,
                fails=catalogue("gmi")["backendError400"],
                pace=0.0,
            ),
            *_failing("gmi", "generationFailed", "generationTimeout", "generationUnsafe"),
        ],
        "poll": _asking(
            _named("gmi", "unauthorized"), _named("gmi", "requestNotFound", raises="TaskNotFound")
        ),
    },
    "segmind": {
        "submit": [
            *_LISTED_SUBMIT,
            _named("segmind", "rateLimited", again=True),
            _named("segmind", "serverError", again=True),
            _named("segmind", "insufficientCreditsQueued"),
            *_failing("segmind", "inferenceFailed", "promptRequired", "providerTaskFailed"),
        ],
        "poll": _asking(
            _named("segmind", "rateLimited", again=True), _named("segmind", "requestNotFound", raises="TaskNotFound")
        ),
    },
}  # fmt: skip

#: What can go wrong with webhooks, as a rule has it, and how many of each arrive then.
WEBHOOK_TROUBLES = (({"drop": True}, 0), ({"duplicate": 1}, 2))
