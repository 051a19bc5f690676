"""Says no as GMI Cloud does: a status and `{"error": "…"}`, or a gateway's page."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from understudy.answers import Refused
from understudy.faults import UnknownFault
from understudy_contracts.errors import ErrorCase, Reason, Words
from understudy_contracts.schema import Violation


class Refusals:
    """Makes refusals from the catalogue; `stance` settles what the sources disagree on."""

    def __init__(
        self, catalogue: Mapping[str, ErrorCase], reasons: Mapping[str, Reason], stance: Mapping[str, str]
    ) -> None:
        self.catalogue = catalogue
        self._reasons = reasons
        self._key_status = int(stance["key-refusal"])
        self._nested_is_upstream = stance["nested-validation"] == "upstream"

    def make(self, case: str, **words: object) -> Refused:
        """The refusal of a catalogued case; `words` fill its message and its further fields."""
        return self.of_case(self.catalogue[case], **words)

    def of_case(self, case: ErrorCase, **words: object) -> Refused:
        """The same for a case in hand."""
        status = self._key_status if case.id == "unauthorized" else case.status or 500
        if case.message.startswith("<"):
            # A gateway's page, or the storage's XML: nothing of the provider's own around it.
            return Refused(status, case.message)
        filled = Words(words)
        return Refused(status, {"error": case.message.format_map(filled), **_filled(case.extra, filled)})

    def by_name(self, case: ErrorCase, *, model: str | None, wait: float | None = None) -> Refused:
        """The refusal of a case that was asked for by its name, and has no facts to tell but these."""
        known: dict[str, object] = {} if model is None else {"model": model}
        if wait is not None:
            known["retry_after_ms"] = math.ceil(wait * 1000)
        return self.of_case(case, **{**case.typical, **known})

    def is_for_upstream(self, violations: Sequence[Violation]) -> bool:
        """Whether the queue lets this pass to the vendor behind it, who will refuse: by switch, what is nested."""
        return self._nested_is_upstream and all(len(one.path) > _depth_of(one) for one in violations)

    def of_payload(self, violations: Iterable[Violation]) -> Refused:
        """The one refusal that lists everything wrong with a payload."""
        listed = ", ".join(f"{_name(violation)} ({self._reason(violation)})" for violation in violations)
        return self.make("invalidPayload", parameters=listed)

    def unknown_fault(self, problem: UnknownFault) -> Refused:
        """The emulator's own error for a magic value that names nothing: no provider says this."""
        return Refused(400, {"error": f"understudy: {problem}"})

    def _reason(self, violation: Violation) -> str:
        reason = self._reasons.get(violation.rule)
        if reason is None:
            return violation.message.rstrip(".")
        allowed = violation.allowed
        listed = ", ".join(map(str, allowed)) if isinstance(allowed, list | tuple) else str(allowed)
        return reason.text.format_map(Words({"allowed": listed}))


def _filled(value: Any, words: Words) -> Any:
    """The further fields of an error with their words put in; a field that is one word takes its value as it is."""
    if isinstance(value, Mapping):
        return {key: _filled(item, words) for key, item in value.items()}
    if isinstance(value, str) and "{" in value:
        alone = value.removeprefix("{").removesuffix("}")
        return words[alone] if f"{{{alone}}}" == value else value.format_map(words)
    return value


def _name(violation: Violation) -> str:
    return violation.parameters[0] if violation.parameters else "payload"


def _depth_of(violation: Violation) -> int:
    """How deep a violation may be and still be about a top-level parameter: a missing key is told of its parent."""
    return 0 if violation.rule in ("required", "dependentRequired") else 1
