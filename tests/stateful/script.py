"""What a machine does, as plain Python: each step is a piece of source that is carried out and kept as it is.

So the script of a failure is no retelling: it is what was run. Pasted into a file, it brings its own server along.
"""

import ast
import builtins
import importlib
import inspect
import textwrap
import traceback
from collections.abc import Mapping
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
        self._carry_out(step)
        self.steps.append(step)

    def check(self, step: str) -> None:
        """Carry out a step that changes nothing, and keep it only if it fails."""
        self._carry_out(step)

    def tell(self, expression: str) -> Any:
        """What an expression is now."""
        return eval(expression, self.names)

    def _carry_out(self, step: str) -> None:
        name = f"<step {len(self.steps)}>"
        try:
            exec(compile(step, name, "exec"), self.names)
        except BaseException as problem:
            self.failed = True
            self.steps.append(_up_to(step, name, problem))
            problem.add_note(f"{ADVICE}\n\n{self}")
            raise

    def __str__(self) -> str:
        body = "\n".join(self.steps)
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


def _up_to(step: str, name: str, problem: BaseException) -> str:
    """A step without the statements after the one that failed."""
    frames = [number for frame, number in traceback.walk_tb(problem.__traceback__) if frame.f_code.co_filename == name]
    ends = [statement.end_lineno or 0 for statement in ast.parse(step).body]
    last = min((end for end in ends if frames and end >= frames[0]), default=None)
    return "\n".join(step.splitlines()[:last])


def _named(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)} - set(dir(builtins))


def _imports(used: set[str]) -> list[str]:
    plain = [f"import {name}" for name in _MODULES if name in used]
    found: dict[str, list[str]] = {}
    for name in sorted(used & set(_SOURCE)):
        found.setdefault(_SOURCE[name], []).append(name)
    return [*plain, *(f"from {module} import {', '.join(names)}" for module, names in sorted(found.items()))]
