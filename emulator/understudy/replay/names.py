"""The secrets of a replay: the journal knows them by name only, and the replay has others in their places."""

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote_plus

#: What the journal calls a secret, and what the replay calls one of its own.
NAME = re.compile(r"redacted-r?\d+(?:\[\[error:[\w.-]{1,64}\]\])*")

_URL = re.compile(r'://[^\s/?#"\\]+([^\s?#"\\]*)\?([^\s#"\\]*)')


class Names:
    """Which secret of the replay stands for which of the journal's."""

    def __init__(self) -> None:
        #: Secrets of the journal by name, as the replay has them; a key stands for itself.
        self.known: dict[str, str] = {}
        self._meant: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._own: dict[str, str] = {}
        self._addresses: dict[str, dict[str, str]] = {}

    def own(self, secret: str) -> str:
        """A name for a secret of the replay."""
        name = self._names.setdefault(secret, f"redacted-r{len(self._names) + 1}")
        self._own[name] = secret
        return name

    def filled(self, text: str) -> str:
        """A text of the journal with what the replay has in the places of secrets."""
        return NAME.sub(lambda found: self.known.get(found[0], found[0]), text)

    def target(self, target: str) -> tuple[str, list[str]]:
        """An address of the journal as it is in the replay, and the names that nothing is known to stand for."""
        path, mark, query = target.partition("?")
        path = self.filled(path)
        signed = self._addresses.get(path, {})
        pieces, unknown = [], []
        for piece in re.split("([&;])", query):
            name, equals, value = piece.partition("=")
            plain = unquote_plus(value)
            if NAME.search(plain):
                if (own := signed.get(unquote_plus(name))) is not None:
                    value = quote(own, safe="")
                elif NAME.fullmatch(plain) and plain not in self.known:
                    unknown.append(unquote_plus(name))
                else:
                    value = quote(self.filled(plain), safe="[]:")
            pieces.append(f"{name}{equals}{value}")
        return path + mark + "".join(pieces), unknown

    def learn_addresses(self, text: str) -> None:
        """Remember the signatures of addresses that the replay was told."""
        if "?" in text:
            for found in _URL.finditer(text):
                self._addresses[found[1]] = dict(_parameters(found[2]))

    def same(self, recorded: str, replayed: str) -> bool:
        """Whether two texts are the same, whatever secrets are called; from the first meeting of two on they belong."""
        if NAME.split(recorded) != NAME.split(replayed):
            return False
        for theirs, ours in zip(NAME.findall(recorded), NAME.findall(replayed), strict=True):
            meant = self._own.get(ours, ours)
            if self.known.setdefault(theirs, meant) != meant or self._meant.setdefault(meant, theirs) != theirs:
                return False
        return True


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    for piece in re.split("[&;]", query):
        name, _, value = piece.partition("=")
        yield unquote_plus(name), unquote_plus(value)
