"""Every word a rule can use, with what may stand behind it, where it has a meaning, and what it says to a reader."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from understudy.wire import is_text

from .facts import CALLS, OPERATIONS

_EVERY: Final = frozenset(OPERATIONS)
_SUBMIT: Final = frozenset({"submit"})
_DOWNLOAD: Final = frozenset({"download"})
_WEBHOOK: Final = frozenset({"webhook"})

#: Emulator seconds that a rule may speak of: a century, so that nobody can make time overflow.
_LONGEST: Final = 100 * 366 * 86_400.0


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds; `least` itself counts unless it is `above`."""

    least: float
    most: float
    whole: bool = False
    above: bool = False

    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema."""
        low = "exclusiveMinimum" if self.above else "minimum"
        return {"type": "integer" if self.whole else "number", low: self.least, "maximum": self.most}

    def problem(self, value: object) -> str | None:
        """What is wrong with a value, to be read after its name."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"is a number, not {value!r}"
        if not self.least <= value <= self.most or (self.above and value == self.least):
            return f"is a number {'above' if self.above else 'from'} {self.least:g} up to {self.most:g}, not {value!r}"
        if self.whole and value != int(value):
            return f"is a whole number, not {value!r}"
        return None

    def tidy(self, value: Any) -> Any:
        """The value as it is kept."""
        return int(value) if self.whole else value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values."""

    values: tuple[Any, ...]

    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema."""
        return {"type": "boolean"} if set(self.values) == {True, False} else {"enum": list(self.values)}

    def problem(self, value: object) -> str | None:
        """What is wrong with a value, to be read after its name."""
        # 1 equals True here, but not in JSON.
        if any(type(value) is type(one) and value == one for one in self.values):
            return None
        return f"is {listed(self.values)}, not {value!r}"

    def tidy(self, value: Any) -> Any:
        """The value as it is kept."""
        return value


@dataclass(frozen=True, slots=True)
class Words:
    """Text of a certain form; `form` tells a person what is wanted."""

    form: str
    pattern: str = r"^[\s\S]+$"
    longest: int = 1_000

    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema."""
        return {"type": "string", "minLength": 1, "maxLength": self.longest, "pattern": self.pattern}

    def problem(self, value: object) -> str | None:
        """What is wrong with a value, to be read after its name."""
        if (
            isinstance(value, str)
            and len(value) <= self.longest
            and re.fullmatch(self.pattern, value)
            and is_text(value)
        ):
            return None
        return f"is {self.form}, not {value!r:.100}"

    def tidy(self, value: Any) -> Any:
        """The value as it is kept."""
        return value


_FLAG: Final = Choice((True, False))

#: Text without control characters: no key that anybody could show has them.
_SHOWABLE: Final = r"^[^\x00-\x1f\x7f-\x9f]+$"
_ENDING: Final = Choice((True, False, "before", "after"))


@dataclass(frozen=True, slots=True)
class Field:
    """One word of a rule. An effect says at which operations it can strike, and which of a request's fates it takes."""

    part: Literal["match", "when", "effect"]
    form: Number | Choice | Words
    #: To be read as a sentence of its own.
    says: str
    where: frozenset[str] = frozenset()
    #: Where it strikes when the rule names no operation.
    usual: frozenset[str] = frozenset()
    #: What only one rule can have of a request; None where what several rules do adds up.
    slot: str | None = None


def _effect(
    form: Number | Choice | Words,
    says: str,
    where: frozenset[str],
    usual: frozenset[str] | None = None,
    slot: str | None = None,
) -> Field:
    return Field("effect", form, says, where, where if usual is None else usual, slot)


_SPOILING: Final = (_EVERY, CALLS)

_FIELDS: dict[str, Field] = {
    "provider": Field("match", Words("a provider's name", r"^[a-z]+$", 30), "Only requests to this provider."),
    "model": Field(
        "match", Words("a model's id or a glob"), "Only requests for this model; a glob, such as `heygen*`."
    ),
    "operation": Field(
        "match", Choice(OPERATIONS), "Only requests for this; what it is otherwise, the effects decide."
    ),
    "account": Field(
        "match", Words("an API key or an account's id", _SHOWABLE), "Only requests of this account, by its key or id."
    ),
    "text": Field("match", Words("a piece of text"), "Only requests that say this somewhere in a prompt or a script."),
    "times": Field("when", Number(1, 1e9, whole=True), "Strikes at most so many times; then the rule is spent."),
    "after": Field("when", Number(0, 1e9, whole=True), "Lets the first so many requests that match pass."),
    "nth": Field("when", Number(1, 1e9, whole=True), "Strikes every so manieth request that matches."),
    "probability": Field(
        "when", Number(0, 1, above=True), "Strikes with this probability, drawn from a seeded stream."
    ),
    "ttl": Field("when", Number(0, _LONGEST, above=True), "Expires so many emulator seconds after it was added."),
    "error": _effect(
        Words("the id of an error in the provider's catalogue", r"^[\w.-]+$", 100),
        "The provider answers, or later fails, with this error of its catalogue. Needs `provider`.",
        CALLS,
        _SUBMIT,
        "error",
    ),
    "delay": _effect(
        Number(0, _LONGEST, above=True),
        "The answer, or the webhook, comes so many emulator seconds later. Under a clock that stands still, only an "
        "advance brings it.",
        _EVERY,
        CALLS,
    ),
    "reset": _effect(
        _ENDING,
        "The connection is reset instead of an answer: `after` (or true) when the request was worked on, `before` when "
        "it is not to reach the provider.",
        _EVERY - _WEBHOOK,
        CALLS,
        "connection",
    ),
    "silent": _effect(
        _ENDING,
        "There is never an answer: `after` (or true) when the request was worked on, `before` when it is not to reach "
        "the provider.",
        _EVERY - _WEBHOOK,
        CALLS,
        "connection",
    ),
    "gateway": _effect(
        Choice((502, 503, 504)),
        "A gateway answers with this status and a page of HTML; the request does not reach the provider.",
        _EVERY - _WEBHOOK,
        CALLS,
        "gateway",
    ),
    "limit": _effect(
        Words(
            "a number of requests and of seconds, such as 5/60",
            r"^[1-9][0-9]{0,5}/(?!0+(\.0*)?$)[0-9]{1,7}(\.[0-9]{1,3})?$",
        ),
        "So many requests in so many emulator seconds, such as `5/60`: a bucket for each account that refills all "
        "the time; more get the provider's own 429.",
        CALLS,
        slot="error",
    ),
    "truncate": _effect(
        Number(0, 1e12, whole=True), "The connection ends after so many bytes of the body.", *_SPOILING, "truncate"
    ),
    "corrupt": _effect(_FLAG, "The body is damaged: JSON does not parse, media do not decode.", *_SPOILING, "corrupt"),
    "empty": _effect(_FLAG, "The body has no bytes.", *_SPOILING, "empty"),
    "content_type": _effect(
        Words("the value of a header", r"^[!-~]([ -~]*[!-~])?$", 200),
        "The content type is said to be this.",
        *_SPOILING,
        "content_type",
    ),
    "trickle": _effect(
        Number(0, 1e12, above=True), "The body comes at so many bytes a second of real time.", *_SPOILING, "trickle"
    ),
    "stuck": _effect(_FLAG, "The job never finishes.", _SUBMIT, slot="stuck"),
    "slow": _effect(Number(0, 1e6, above=True), "The job takes so many times as long.", _SUBMIT),
    "early": _effect(
        _FLAG, "The job is done at once, and its webhook goes out before the submit is answered.", _SUBMIT, slot="early"
    ),
    "status": _effect(
        Choice((403, 404, 410)), "The result's file is answered with this status.", _DOWNLOAD, slot="status"
    ),
    "expire": _effect(
        Number(0, _LONGEST),
        "The result's file is gone so many emulator seconds after it was made.",
        _DOWNLOAD,
        slot="expire",
    ),
    "drop": _effect(_FLAG, "The webhook is never sent.", _WEBHOOK, slot="drop"),
    "duplicate": _effect(
        Number(1, 100, whole=True),
        "The webhook is sent so many more times, one after the other.",
        _WEBHOOK,
        slot="duplicate",
    ),
    "storm": _effect(
        Number(2, 1_000, whole=True), "So many copies of the webhook are sent at once.", _WEBHOOK, slot="storm"
    ),
    "reorder": _effect(
        _FLAG,
        "The webhook goes out after the next one to the same receiver, or by itself when none comes within 60 emulator "
        "seconds; a `delay` comes on top.",
        _WEBHOOK,
        slot="reorder",
    ),
}

#: Every word of a rule by its name, in the order in which it is told.
FIELDS: Final[Mapping[str, Field]] = MappingProxyType(_FIELDS)

#: The words that say what goes wrong.
EFFECTS: Final[Mapping[str, Field]] = MappingProxyType(
    {name: field for name, field in _FIELDS.items() if field.part == "effect"}
)

#: Effects of which a rule can have one, with why.
ALONE: Final = (
    (("reset", "silent"), "a connection ends in one way"),
    (("gateway", "error", "limit"), "a request is refused in one way"),
    (("empty", "truncate", "corrupt"), "a body is spoilt in one way"),
    (("stuck", "early"), "a job that never finishes is not done at once"),
    (("stuck", "slow"), "a job that never finishes takes no time"),
    (("stuck", "error"), "a job that never finishes does not fail"),
    (("early", "slow"), "a job that is done at once takes no time"),
    (("status", "expire"), "a file that is refused at once cannot expire"),
    (("drop", "duplicate", "storm"), "a webhook is sent one number of times"),
    (("drop", "reorder"), "a webhook that is not sent has no place"),
)


def listed(values: Any) -> str:
    """Some values as a person would list them: `a, b or c`."""
    texts = [repr(value) if isinstance(value, str) else str(value).lower() for value in values]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"
