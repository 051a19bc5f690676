"""Where a provider's requests and answers say who somebody is: `<provider>/private.json`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from understudy_contracts.data import folder, read
from understudy_contracts.operations import operations

_PARAMETER = re.compile(r"\\\{(\w+)\\\}")


@dataclass(frozen=True, slots=True)
class Privacy:
    """The places of one provider, each with what it holds: `organization`, `user`, `name`, `email` or `session`."""

    bodies: dict[tuple[str, ...], str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    queries: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    _patterns: tuple[re.Pattern[str], ...] = ()

    @staticmethod
    @cache
    def of(provider: str) -> Privacy:
        """Read those of a provider; none for "". Raises `ContractError`."""
        if not provider:
            return Privacy()
        rows = read(folder(provider).joinpath("private.json"), "private")["places"]
        held: dict[str, dict[str, str]] = {place: {} for place in ("body", "header", "query", "path")}
        for row in rows:
            held[row["in"]][row["name"]] = row["holds"]
        return Privacy(
            bodies={tuple(name.split(".")): holds for name, holds in held["body"].items()},
            headers={name.lower(): holds for name, holds in held["header"].items()},
            queries=held["query"],
            paths=held["path"],
            _patterns=tuple(_patterns(provider, held["path"])),
        )

    def in_body(self, names: tuple[str, ...]) -> str | None:
        """What a member of a body holds, by its names from the outside in, without the numbers of lists."""
        for length in range(1, len(names) + 1):
            if (holds := self.bodies.get(names[-length:])) is not None:
                return holds
        return None

    def in_header(self, name: str) -> str | None:
        """What a header holds."""
        return self.headers.get(name.lower())

    def in_query(self, name: str) -> str | None:
        """What a parameter of an address holds."""
        return self.queries.get(name)

    def in_path(self, path: str) -> list[tuple[int, int, str]]:
        """Where in a path somebody is named: begin, end, and what stands there."""
        for pattern in self._patterns:
            if found := pattern.search(path):
                return sorted((*found.span(name), self.paths[name]) for name in found.groupdict())
        return []


def _patterns(provider: str, names: dict[str, str]) -> list[re.Pattern[str]]:
    """The paths with such a parameter, wherever they begin: at a stand-in, after the prefix of their host."""
    templates = dict.fromkeys(str(one.path) for one in operations(provider).values() if one.path is not None)
    made = []
    for template in templates:
        pattern = _PARAMETER.sub(
            lambda found: f"(?P<{found[1]}>[^/]+)" if found[1] in names else "[^/]+", re.escape(template)
        )
        if "(?P<" in pattern:
            made.append(re.compile(pattern + "/?$"))
    return made
