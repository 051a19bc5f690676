"""The way to a running stand-in: one HTTP connection, and errors that say what to do."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

if TYPE_CHECKING:
    import httpx

Document: TypeAlias = dict[str, Any]

#: Real seconds that an answer may take, where nothing is waited for.
PATIENCE = 60.0


class ControlError(Exception):
    """The stand-in refused, or is not there; `str()` says why and what to do.

    `status` is the HTTP status, None when nobody answered, and `problems` says what is wrong one by one.
    """

    def __init__(self, message: str, status: int | None = None, problems: tuple[str, ...] = ()) -> None:
        super().__init__("\n  ".join((message, *problems)))
        self.message = message
        self.status = status
        self.problems = problems


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
            document: Document = answer.json()
        except ValueError:
            raise self._stranger(answer) from None
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
        headers = {} if self._token is None else {"X-Understudy-Token": self._token}
        asked = dict(params or {})
        if not everyone:
            if self._account_id is not None:
                asked["account"] = self._account_id
            elif self._account is not None:
                headers["Authorization"] = f"Bearer {self._account}"
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
                f"no answer from {self._url}: {reason}. Is it running? `understudy serve` starts it."
            ) from reason
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


def quoted(name: str) -> str:
    """A name as a step of a path."""
    return quote(name, safe="")
