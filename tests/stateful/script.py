"""What a machine does, as plain Python: each step is a piece of source that is carried out and kept as it is.

So the script of a failure is no retelling: it is what was run. Pasted into a file, it brings its own server along.
"""

import ast
import builtins
import importlib
import inspect
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import understudy_client
from stateful import aids

#: Where the names come from that steps, openings and aids use.
_FROM = {
    "understudy": ("Control",),
    "understudy.server": ("Server",),
    "understudy.config": ("Settings", "Speed"),
    "understudy_contracts": ("checks",),
    "understudy_contracts.checks": ("Exchange", "Webhook"),
    "understudy_client": tuple(understudy_client.__all__),
    "collections.abc": ("Callable", "Iterable", "Iterator"),
    "concurrent.futures": ("ThreadPoolExecutor",),
    "contextlib": ("ExitStack", "suppress"),
    "decimal": ("Decimal",),
    "http.server": ("BaseHTTPRequestHandler", "ThreadingHTTPServer"),
    "pathlib": ("Path",),
    "tempfile": ("TemporaryDirectory",),
    "typing": ("Any", "Self"),
}
_MODULES = ("base64", "httpx", "json", "socket", "threading", "time", "uuid")
_SOURCE = {name: module for module, names in _FROM.items() for name in names}

ADVICE = "What was done, as a script: paste it into a file and run it with Python where understudy is installed."


def known() -> dict[str, Any]:
    """Everything a step can name without having made it."""
    names: dict[str, Any] = {name: getattr(importlib.import_module(module), name) for name, module in _SOURCE.items()}
    names.update((name, importlib.import_module(name)) for name in _MODULES)
    names.update((name, getattr(aids, name)) for name in aids.__all__)
    return names


class Script:
    """Steps that were carried out, in order; `str()` is a program that does the same."""

    def __init__(self, opening: Mapping[str, str], names: Mapping[str, Any]) -> None:
        #: The statement that makes each name a script begins with, in this order.
        self._opening = opening
        self.names = {**known(), **names}
        self.steps: list[str] = []
        self.failed = False

    def run(self, step: str) -> None:
        """Carry out a step and keep it."""
        self.steps.append(step)
        self._carry_out(step)

    def check(self, step: str) -> None:
        """Carry out a step that changes nothing, and keep it only if it fails."""
        try:
            self._carry_out(step, of=[*self.steps, step])
        except BaseException:
            self.steps.append(step)
            raise

    def tell(self, expression: str) -> Any:
        """What an expression is now."""
        return eval(expression, self.names)

    def _carry_out(self, step: str, of: list[str] | None = None) -> None:
        try:
            exec(compile(step, f"<step {len(self.steps)}>", "exec"), self.names)
        except BaseException as problem:
            self.failed = True
            problem.add_note(f"{ADVICE}\n\n{self._written(of or self.steps)}")
            raise

    def __str__(self) -> str:
        return self._written(self.steps)

    def _written(self, steps: Iterable[str]) -> str:
        body = "\n".join(steps)
        opened, used = self._opened(body)
        brought = [name for name in aids.__all__ if name in used]
        body = "\n".join([*opened, body])
        sources = [inspect.getsource(getattr(aids, name)).rstrip() for name in brought]
        program = "\n\n\n".join([*sources, f"with ExitStack() as stack:\n{textwrap.indent(body, '    ')}"])
        return "\n".join([*_imports(_named(program)), "\n", program]) + "\n"

    def _opened(self, body: str) -> tuple[list[str], set[str]]:
        """The statements that make what the steps name, and all names that are used."""
        used, wanted = _named(body), set[str]()
        opening = dict(self._opening)
        if "line" not in used:
            # Nothing ever broke on the way, so none is needed.
            opening["base"] = opening["base"].replace("line.", "server.")
        while wanted != (wanted := {name for name in opening if name in used}):
            used |= _named("\n".join(opening[name] for name in wanted))
            for name in aids.__all__:
                if name in used:
                    used |= _named(inspect.getsource(getattr(aids, name)))
        return [opening[name] for name in opening if name in wanted], used


def _named(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)} - set(dir(builtins))


def _imports(used: set[str]) -> list[str]:
    plain = [f"import {name}" for name in _MODULES if name in used]
    found: dict[str, list[str]] = {}
    for name in sorted(used & set(_SOURCE)):
        found.setdefault(_SOURCE[name], []).append(name)
    return [*plain, *(f"from {module} import {', '.join(names)}" for module, names in sorted(found.items()))]
