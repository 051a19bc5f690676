"""The JSON files of a contract, read strictly: a mistake fails with a sentence naming file and field."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import orjson

from .schema import Judge


class ContractError(ValueError):
    """A file of a contract is missing or has a mistake in it; the message names the file and the field."""


def folder(provider: str) -> Traversable:
    """Find the files of a provider's contract.

    Raises `ContractError` for a provider this package has none of.
    """
    found = files("understudy_contracts").joinpath(provider)
    if not provider.isidentifier() or not found.joinpath("schemas").is_dir():
        raise ContractError(f"there is no contract for a provider named {provider!r}")
    return found


def read(file: Traversable, form: str | None = None) -> dict[str, Any]:
    """Read one JSON file, judged by one of the forms in `files/`, such as `model` or `errors`.

    Raises `ContractError`.
    """
    try:
        document = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise ContractError(f"{file.name}: cannot be read as JSON: {error}") from error
    if form is not None and (violations := _form(form).violations(document)):
        raise ContractError("; ".join(f"{file.name}: {violation.message}" for violation in violations))
    if not isinstance(document, dict):
        raise ContractError(f"{file.name}: holds no object")
    return document


def read_all(directory: Traversable, form: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read every JSON file of a directory, in the order of the names; each with its name without `.json`.

    A directory that is not there holds none: not every provider has models.
    """
    if not directory.is_dir():
        return
    for file in sorted(directory.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".json"):
            yield file.name.removesuffix(".json"), read(file, form)


@cache
def _form(name: str) -> Judge:
    return Judge(read(files("understudy_contracts").joinpath("files", f"{name}.json")))
