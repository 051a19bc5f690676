"""The way to a running stand-in: one HTTP connection, and errors that say what to do."""

import math
import reprlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

if TYPE_CHECKING:
    import httpx

Document: TypeAlias = dict[str, Any]

#: Real seconds that an answer may take, where nothing is waited for.
PATIENCE = 60.0

#: Real seconds that the stand-in waits at most.
_LONGEST = 600.0


class ControlError(Exception):
    """The stand-in refused, or is not there; `str()` says why and what to do.

    `status` is the HTTP status, None when nobody answered, and `problems` says what is wrong one by one.
    """

    def __init__(self, message: str, status: int | None = None, problems: tuple[str, ...] = ()) -> None:
        super().__init__("\n  ".join((message, *problems)))
        self.message = message
        self.status = status
        self.problems = problems


class BadQuestion(ControlError):
    """What was to be asked cannot be said, so that nothing was sent; `status` is None."""


class Connection:
    """Asks the control API, for one account or for everyone."""

    def __init__(self, url: str, account: str | None, account_id: str | None, token: str | None) -> None:
        self._url = url.rstrip("/")
        self._account = account
        self._account_id = account_id
        self._token = token
        self._http: httpx.Client | None = None

    def close(self) -> None:
        """Hang up; the next question dials again."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def pages(
        self, path: str, items: str, cursor: str, asked: Mapping[str, str | int], everyone: bool = False
    ) -> Iterator[Document]:
        """The items of every page, fetched as they are asked for; `cursor` is what `next` is asked for as."""
        params = dict(asked)
        while True:
            page = self.ask("GET", path, params=params, everyone=everyone)
            yield from page[items]
            if "next" not in page:
                return
            params[cursor] = page["next"]

    def ask(self, method: str, path: str, **keywords: Any) -> Document:
        """The JSON object that is answered; raises ControlError."""
        answer = self.answer(method, path, **keywords)
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise self._stranger(answer)
        return document

    def answer(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        everyone: bool = False,
        patience: float | None = PATIENCE,
    ) -> "httpx.Response":
        """The answer, whatever it holds; raises ControlError when it is a refusal or there is none."""
        # Imported late: a test run that never asks anything does not pay for the HTTP client.
        import httpx

        if self._http is None:
            # No proxy of the environment leads to a server on this machine; and certificates take long to load.
            self._http = httpx.Client(trust_env=False, verify=self._url.startswith("https:"))
        headers = {}
        if self._token is not None:
            headers["X-Understudy-Token"] = _sent("the token", self._token)
        asked = dict(params or {})
        if not everyone:
            if self._account_id is not None:
                asked["account"] = self._account_id
            elif self._account is not None:
                headers["Authorization"] = f"Bearer {_sent('the API key of the account', self._account)}"
        _judge_numbers(asked)
        _judge_numbers(json)
        try:
            answer = self._http.request(
                method,
                f"{self._url}/_understudy/{path}",
                params=asked,
                json=json,
                headers=headers,
                timeout=httpx.Timeout(PATIENCE, read=patience),
            )
        except (httpx.HTTPError, httpx.InvalidURL) as reason:
            raise ControlError(
                f"no answer from {self._url}: {str(reason).rstrip('.')}. Is it running? `understudy serve` starts it."
            ) from reason
        except (ValueError, TypeError, OverflowError, RecursionError) as reason:
            raise BadQuestion(
                f"this cannot be asked, for it cannot be written as JSON or in an address: {reason}."
            ) from (reason)
        if answer.is_success:
            return answer
        raise self._refusal(answer)

    def _refusal(self, answer: "httpx.Response") -> ControlError:
        try:
            document = answer.json()
            problems = tuple(str(problem) for problem in document.get("problems", ()))
            return ControlError(str(document["error"]), answer.status_code, problems)
        except (ValueError, KeyError, AttributeError):
            return self._stranger(answer)

    def _stranger(self, answer: "httpx.Response") -> ControlError:
        return ControlError(f"{self._url} does not answer as understudy does.", answer.status_code)


def quoted(name: str | int) -> str:
    """A name or a number as a step of a path; raises BadQuestion for what cannot be one."""
    try:
        step = quote(str(name) if isinstance(name, int) else name, safe="")
    except (TypeError, ValueError):
        step = ""
    # A dot alone is taken out of an address again, and what is after it with it.
    if not step.strip("."):
        raise BadQuestion("that is no name or number that anything could have.")
    return step


def mapping(document: object) -> Mapping[str, Any]:
    """A document that has names; raises BadQuestion for any other."""
    if not isinstance(document, Mapping):
        raise BadQuestion(f"what is wanted is a JSON object, and this is of type {type(document).__name__}.")
    return document


def patience(timeout: object) -> float:
    """Real seconds that an answer may take which is waited for; raises BadQuestion."""
    # The one number that is not itself.
    if not isinstance(timeout, int | float) or timeout != timeout:
        raise BadQuestion(f"timeout is a number of seconds, not {reprlib.repr(timeout)}.")
    return min(max(timeout, 0), _LONGEST) + PATIENCE


def _sent(what: str, text: object) -> str:
    """A text as a header carries it."""
    if not isinstance(text, str) or not text.isascii() or not text.isprintable():
        raise BadQuestion(f"{what} goes into a header, so it can only be a text of printable ASCII characters.")
    return text


def _judge_numbers(asked: object) -> None:
    """Raise BadQuestion for a number that is none: JSON has no way to write it."""
    values = asked.items() if isinstance(asked, Mapping) else ()
    for name, value in values:
        if isinstance(value, float) and not math.isfinite(value):
            raise BadQuestion(f"{name} is {value}, which is no number that could be asked for.")
