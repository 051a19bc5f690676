"""Says no as Segmind does: a status and `{"error": "…"}`, or a gateway's page."""

from collections.abc import Mapping

from understudy.answers import Refused
from understudy.clock import Clock
from understudy.faults import UnknownFault
from understudy.moments import iso
from understudy_contracts.errors import ErrorCase, refusal_of
from understudy_contracts.schema import Violation

#: A job that fails behind the gateway is told with this status by whoever waits for it; only polls have their own.
_POLLED_STATUS, _AWAITED_STATUS = 422, 400

#: The window of every published rate limit, in seconds.
WINDOW = 60.0


class Refusals:
    """Makes refusals from the catalogue; `stance` settles what the sources disagree on."""

    def __init__(
        self, provider: str, catalogue: Mapping[str, ErrorCase], stance: Mapping[str, str], clock: Clock
    ) -> None:
        self._provider = provider
        self._clock = clock
        self.catalogue = catalogue
        self._statuses = {
            "insufficientCredits": int(stance["v1-credit-status"]),
            "insufficientCreditsQueued": int(stance["v2-credit-status"]),
        }

    def make(self, case: str, **words: object) -> Refused:
        """The refusal of a catalogued case; `words` fill its message."""
        return self.of_case(self.catalogue[case], words)

    def of_case(
        self, case: ErrorCase, words: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> Refused:
        """The same for a case in hand."""
        status = self._statuses.get(case.id, case.status or 500)
        if case.kind == "rate_limit":
            # How the moment is written is shown by no source: ISO 8601 is assumed.
            until = words.get("until")
            moment = until if isinstance(until, float) else self._clock.now() + WINDOW
            headers = {"x-rate-limit-reset-at-utc": iso(moment)}
        if case.message.startswith("<"):
            # A gateway's page: nothing of the provider's own around it.
            return Refused(status, case.message, headers)
        return Refused(status, {"error": case.text(words)}, headers)

    def by_name(self, case: ErrorCase, **words: object) -> Refused:
        """The refusal of a case that was asked for by its name, and has no facts to tell."""
        return self.of_case(case, {**case.typical, **words})

    def awaited(self, case: ErrorCase, text: str) -> Refused:
        """What the caller who waits for a job hears when it fails."""
        status = case.status or 500
        return Refused(_AWAITED_STATUS if status == _POLLED_STATUS else status, {"error": text})

    def of_violation(self, violation: Violation) -> tuple[ErrorCase, dict[str, object]]:
        """Which case a broken rule of a request is, and the words for it."""
        allowed = violation.allowed
        listed = ", ".join(map(str, allowed)) if isinstance(allowed, list | tuple) else str(allowed)
        listed = violation.schema.get("x-expects", listed)
        words: dict[str, object] = {"parameter": " or ".join(violation.parameters) or "body", "allowed": listed}
        return refusal_of(self._provider, violation), words

    def unknown_fault(self, problem: UnknownFault) -> Refused:
        """The emulator's own error for a magic value that names nothing: no provider says this."""
        return Refused(400, {"error": f"understudy: {problem}"})
