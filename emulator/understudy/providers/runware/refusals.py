"""Says no in Runware's own shape: one error item per violation, naming the parameter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from understudy.faults import UnknownFault
from understudy.jobs import Job, Result
from understudy_contracts.errors import ErrorCase, Words, documentation, in_code
from understudy_contracts.schema import Violation

#: What the provider calls the limits that JSON Schema has words for.
_LIMITS = {"minimum": "min", "maximum": "max", "multipleOf": "multiplier", "default": "default"}

_TYPE_NAMES = {"number": "float"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error item, and the HTTP status it has when nothing else in the request went well."""

    status: int
    item: dict[str, Any]


class Refusals:
    """Makes error items from the catalogue; `stance` settles what the sources disagree on."""

    def __init__(self, catalogue: Mapping[str, ErrorCase], stance: Mapping[str, str]) -> None:
        self._catalogue = catalogue
        self._credit_status = int(stance["credit-status"])

    def make(
        self,
        case: str,
        task: Mapping[str, Any] | None = None,
        *,
        parameter: str | tuple[str, ...] | None = None,
        more: Mapping[str, Any] | None = None,
        **words: object,
    ) -> Refusal:
        """The refusal of a catalogued case; `words` fill its message, `more` are further fields of the item."""
        return self.of_case(self._catalogue[case], task, parameter=parameter, more=more, **words)

    def of_case(
        self,
        case: ErrorCase,
        task: Mapping[str, Any] | None = None,
        *,
        parameter: str | tuple[str, ...] | None = None,
        more: Mapping[str, Any] | None = None,
        **words: object,
    ) -> Refusal:
        """The same for a case in hand."""
        named = parameter if parameter is not None else case.parameter
        names = (named,) if isinstance(named, str) else tuple(named or ())
        first = names[0] if names else ""
        filled = Words({"parameter": first, "parameters": _listed(names), **words})
        item: dict[str, Any] = {
            "code": case.code.replace("{Parameter}", in_code(first)),
            "message": case.message.format_map(filled).rstrip(),
        }
        if names:
            item["parameter"] = first if len(names) == 1 else list(names)
            if (page := documentation(case, first)) is not None:
                item["documentation"] = page
        item.update(more or {})
        item.update(case.extra)
        _name_task(item, task)
        status = self._credit_status if case.kind == "quota" and case.status in (400, 402) else case.status
        return Refusal(status or 400, item)

    def by_name(
        self, case: ErrorCase, task: Mapping[str, Any] | None = None, *, more: Mapping[str, Any] | None = None
    ) -> Refusal:
        """The refusal of a case that was asked for by its name, and has no facts to tell."""
        words = dict(case.typical)
        parameter = words.pop("parameter", None)
        return self.of_case(
            case, task, parameter=tuple(parameter) if isinstance(parameter, list) else parameter, more=more, **words
        )

    def of_violations(self, task: Mapping[str, Any], violations: Iterable[Violation]) -> list[Refusal]:
        """One refusal for each rule of the contract that a task breaks."""
        return [self._of_violation(task, violation) for violation in violations]

    def of_model(self, task: Mapping[str, Any]) -> Refusal:
        """The refusal of a task whose model is missing, no AIR identifier, or one the emulator does not know."""
        if "model" not in task:
            return self.make("missingModel", task)
        name = task["model"]
        if not isinstance(name, str) or not _is_air(name):
            return self.make("invalidModel", task)
        return self.make("modelNotFound", task, value=name)

    def of_failure(self, job: Job, result: Result) -> dict[str, Any]:
        """The error item of a result that failed while it was processed."""
        assert result.error is not None
        task = {"taskType": "videoInference", "taskUUID": job.id}
        return self.by_name(result.error, task, more={"status": "error"}).item

    def invalid(self, task: Mapping[str, Any], parameter: str, expectation: str) -> Refusal:
        """The refusal of a value that the contract's schema lets pass."""
        return self.make("invalidParameter", task, parameter=parameter, expectation=expectation)

    def unknown_fault(self, problem: UnknownFault, task: Mapping[str, Any] | None = None) -> Refusal:
        """The emulator's own error for a magic value that names nothing: no provider says this."""
        item = {"code": "unknownFault", "message": f"understudy: {problem}"}
        _name_task(item, task)
        return Refusal(400, item)

    def _of_violation(self, task: Mapping[str, Any], violation: Violation) -> Refusal:
        names = violation.parameters
        if violation.rule == "unknown":
            return self.make("unsupportedParameter", task, parameter=names)
        if (rule := violation.schema.get("x-rule")) is not None:
            return self.make(rule["error"], task, parameter=names, expectation=violation.message)
        family = "missing" if violation.rule == "required" else "invalid"
        exact = f"{family}{in_code(names[0])}" if names else ""
        schema = violation.schema
        return self.make(
            exact if exact in self._catalogue else f"{family}Parameter",
            task,
            parameter=names,
            more=_limits(schema) if family == "invalid" else None,
            expectation=violation.message,
            minimum=schema.get("minimum", schema.get("minLength")),
            maximum=schema.get("maximum", schema.get("maxLength")),
            multiple=schema.get("multipleOf", 1),
        )


def _limits(schema: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if isinstance(kind := schema.get("type"), str):
        found["type"] = _TYPE_NAMES.get(kind, kind)
    found.update({name: schema[key] for key, name in _LIMITS.items() if key in schema})
    if "enum" in schema:
        found["allowedValues"] = schema["enum"]
    elif "const" in schema:
        found["allowedValues"] = [schema["const"]]
    return found


def _name_task(item: dict[str, Any], task: Mapping[str, Any] | None) -> None:
    """Say which task an error is about, as far as the task says so itself."""
    for key in ("taskType", "taskUUID"):
        value = task.get(key) if task is not None else None
        if isinstance(value, str):
            item[key] = value


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(f"'{name}'" for name in names)


def _is_air(name: str) -> bool:
    """Whether a model name has the form of an AIR identifier, `source:name@version`."""
    source, colon, rest = name.partition(":")
    model, at, version = rest.rpartition("@")
    return bool(source and colon and model and at and version) and not any(char.isspace() for char in name)
