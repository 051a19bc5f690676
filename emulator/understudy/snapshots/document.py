"""What stands in a snapshot, and how values are written in it.

Everything is told by plain values of known kinds, and nothing in it names code: whoever reads one can be led to
build no other objects than these.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar, get_origin

import orjson
from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError, transform_error
from cattrs.gen import make_dict_structure_fn, override

from understudy.books import Books, Part
from understudy.deliveries import Attempt, Kind, State
from understudy.faults import Strike
from understudy.jobs import Job, Result
from understudy_contracts.data import ContractError
from understudy_contracts.errors import ErrorCase, catalogue

FORMAT: Literal["understudy account"] = "understudy account"
VERSION: Literal[1] = 1

#: How a moment that never comes is written: JSON has no word for it.
NEVER = "never"

#: What no number of seconds, unix or not, is beyond: the end of the year 9999.
_LARGEST = 253_402_300_799.0

#: What whole numbers are below, and not below the negative of.
_WHOLE = 2**63

#: What is written as a list.
_LISTS: tuple[Any, ...] = (list, tuple, deque, set, frozenset)

#: How many problems are told of a document at most.
_MOST_PROBLEMS = 100

T = TypeVar("T")


class BadSnapshot(ValueError):
    """This is no snapshot that can be restored: `problems` names everything that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems[:_MOST_PROBLEMS]


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """A fault rule, what it has done, and where its stream of random numbers is."""

    id: str
    rule: Mapping[str, Any]
    added: float
    matched: int
    struck: int
    missed: str | None
    chance: list[Any] | None
    buckets: Mapping[str, list[float]] | None
    #: Whether it is still asked about requests: of one that is dead, until somebody has seen that it is.
    judged: bool = True


@dataclass(frozen=True, slots=True)
class FaultsRecord:
    """The fault rules of an account."""

    added: int
    chance: list[Any]
    rules: list[RuleRecord]


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A webhook or an upload; what it says is the provider's to make again. `then` is the id of what follows it."""

    id: str
    kind: Kind
    provider: str
    model: str | None
    job: str
    result: str
    method: Literal["POST", "PUT"]
    url: str
    content_type: str
    about: Mapping[str, str]
    due: float
    state: State
    tries: int
    begun: bool
    then: str | None
    strike: Strike | None
    faults: tuple[str, ...]
    considered: tuple[tuple[str, str], ...]
    attempts: list[Attempt]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that was handed in, in base64; without its content where that was too much, or is gone."""

    name: str
    content_type: str
    size: int
    content: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An account."""

    format: Literal["understudy account"]
    version: Literal[1]
    #: The id of the account it was taken of. Its key is a secret, and is not here.
    account: str
    #: What time it was for the account.
    now: float
    #: Where its stream of random numbers is.
    random: list[Any]
    limits: Mapping[str, Any]
    ledger: Books
    faults: FaultsRecord
    #: By provider and the name they are filed under.
    jobs: Mapping[str, Mapping[str, Job]]
    #: What providers keep beside their jobs, by provider and kind.
    kept: Mapping[str, Mapping[str, Any]]
    deliveries: list[DeliveryRecord]
    files: list[FileRecord]
    #: The names of the files whose content is not here.
    left_out: list[str]


def written(value: Any) -> Any:
    """A value as JSON."""
    return _converter().unstructure(value)


def read(kind: type[T], document: Any, place: str = "snapshot") -> T:
    """A value of a kind from JSON; raises BadSnapshot."""
    try:
        return _converter().structure(document, kind)
    except (BaseValidationError, AttributeError, LookupError, TypeError, ValueError) as problem:
        raise BadSnapshot(transform_error(problem, place, _sentence)) from None


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, unstruct_collection_overrides={tuple: list, deque: list, set: sorted})
    for kind, hook in ((str, _text), (int, _whole), (bool, _flag), (float, _number), (bytes, _bytes)):
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook(ErrorCase, _case)
    _take_lists_only(converter)
    converter.register_structure_hook_func(lambda kind: kind == Mapping[str, Any], _object)
    # A class is compiled with the hooks that its fields have by then.
    endless = override(struct_hook=_number_or_never)
    converter.register_structure_hook(Result, make_dict_structure_fn(Result, converter, finishes_at=endless))
    converter.register_structure_hook(Job, make_dict_structure_fn(Job, converter, expires_after=endless))
    converter.register_structure_hook(Part, make_dict_structure_fn(Part, converter, at=endless))
    converter.register_structure_hook(DeliveryRecord, make_dict_structure_fn(DeliveryRecord, converter, due=endless))
    converter.register_unstructure_hook(float, lambda value: value if value < math.inf else NEVER)
    converter.register_unstructure_hook(bytes, _as_text)
    converter.register_unstructure_hook(ErrorCase, lambda case: f"{case.provider}:{case.id}")
    converter.register_unstructure_hook_func(lambda kind: kind == Mapping[str, Any], dict)
    return converter


def _take_lists_only(converter: Converter) -> None:
    """Build nothing from the letters of a text or the names in an object, which could be gone through like a list."""
    asked: set[Any] = set()

    def strict(kind: Any) -> Callable[[Any, Any], Any]:
        asked.add(kind)
        lenient = converter.get_structure_hook(kind, cache_result=False)
        asked.discard(kind)

        def structured(value: Any, kind: Any) -> Any:
            if not isinstance(value, list):
                raise ValueError(f"must be a list, not {value!r:.100}")
            return lenient(value, kind)

        return structured

    converter.register_structure_hook_factory(lambda kind: get_origin(kind) in _LISTS and kind not in asked, strict)


def _text(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {value!r:.100}")
    return value


def _whole(value: Any, _: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_WHOLE <= value < _WHOLE:
        raise ValueError(f"must be a whole number of 64 bits, not {value!r:.100}")
    return value


def _flag(value: Any, _: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r:.100}")
    return value


def _number(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise ValueError(f"must be a number, and none beyond the seconds until the year 9999, not {value!r:.100}")
    return float(value)


def _number_or_never(value: Any, _: Any) -> float:
    return math.inf if value == NEVER else _number(value, _)


def _object(value: Any, _: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"must be an object, not {value!r:.100}")
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError as problem:
        raise ValueError(f"is no JSON: {problem}") from None
    return dict(value)


def _bytes(value: Any, _: Any) -> bytes:
    if isinstance(value, dict) and value.keys() == {"hex"} and isinstance(value["hex"], str):
        return bytes.fromhex(value["hex"])
    return _text(value, _).encode()


def _as_text(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"hex": value.hex()}


def _case(value: Any, _: Any) -> ErrorCase:
    provider, _, name = _text(value, _).partition(":")
    try:
        return catalogue(provider)[name]
    except (ContractError, KeyError):
        raise ValueError(f"there is no error {value!r:.100}") from None


def _sentence(problem: BaseException, kind: Any) -> str:
    """What is wrong, to be read before the place where it is."""
    if isinstance(problem, ForbiddenExtraKeysError):
        return f"there is nothing that is called {' or '.join(sorted(problem.extra_fields))}"
    if isinstance(problem, KeyError):
        return "a field is missing"
    if type(problem) is ValueError:
        return str(problem)
    return f"this is no {getattr(kind, '__name__', 'value')} as it should be"
