"""A provider's schemas as files of their own, and as the components of a larger document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urljoin

from understudy_contracts.portable import portable
from understudy_contracts.provider import contract
from understudy_contracts.schema import plain

from .site import NOWHERE, Site

#: Rewrites a reference, given the id of the schema it is in.
_Rewrite: TypeAlias = Callable[[str, str], str]

#: Our annotations that other tools may read; the others are settled by now, or told in the keywords beside them.
_KEPT = frozenset({"x-source", "x-sources", "x-confidence"})

_NAMED = frozenset({"properties", "$defs", "patternProperties"})
_DATA = frozenset({"const", "default", "enum", "examples", "required", "dependentRequired"})


def sources(provider: str) -> dict[str, Mapping[str, Any]]:
    """The annotated schemas of a provider by the names of their files below `<provider>/schemas/`."""
    owner = contract(provider)
    found = [*owner.schemas.values(), *(model.request for model in owner.models.values())]
    return {str(one["$id"]).removeprefix(f"{NOWHERE}/{provider}/"): one for one in found}


def schemas(provider: str, site: Site) -> dict[str, dict[str, Any]]:
    """Write every schema of a provider as a file, by its name below `<provider>/schemas/`; the models' in `models/`.

    Each is plain JSON Schema 2020-12 whose `$id` is its address, and whose references are to its neighbours. Raises
    `ValueError` for a switch or a value that the provider does not have.
    """
    stance = site.stance(provider)
    return {name: _file(provider, name, annotated, site, stance) for name, annotated in sources(provider).items()}


def schema(provider: str, name: str, site: Site) -> dict[str, Any] | None:
    """Write one of these files, by its name; None where there is no such. Raises `ValueError` as `schemas` does."""
    stance = site.stance(provider)
    annotated = sources(provider).get(name)
    return None if annotated is None else _file(provider, name, annotated, site, stance)


def components(provider: str, site: Site) -> dict[str, Any]:
    """Write the same as components, by name; those of the models as `model.` and the slug."""
    owner, stance = contract(provider), site.stance(provider)
    found = {**owner.schemas, **{model_name(model.slug): model.request for model in owner.models.values()}}
    return {
        name: _part(_without_notes(plain(annotated, stance), _inside, str(annotated["$id"])))
        for name, annotated in found.items()
    }


def alone(provider: str, name: str, site: Site) -> dict[str, Any]:
    """Write a schema, by its name or as that of a model, so that it stands alone and draft 7 has words for it."""
    owner, stance = contract(provider), site.stance(provider)
    judge = owner.judge(name, **stance) if name in owner.schemas else owner.model_judge(name, stance)
    return _part(portable(judge.schema, judge.resources))


def model_name(slug: str) -> str:
    """What the schema of a model is called among the components."""
    return f"model.{slug}"


def reference(name: str) -> dict[str, str]:
    """Refer to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def _file(
    provider: str, name: str, annotated: Mapping[str, Any], site: Site, stance: Mapping[str, str]
) -> dict[str, Any]:
    body = _without_notes(plain(annotated, stance), lambda _, reference: reference, "")
    return {**body, "$id": site.place(f"{provider}/schemas/{name}")}


def _part(body: Mapping[str, Any]) -> dict[str, Any]:
    return {keyword: value for keyword, value in body.items() if keyword not in ("$id", "$schema")}


def _inside(base: str, written: str) -> str:
    """Where among the components a reference leads."""
    uri, _, pointer = urljoin(base, written).partition("#")
    return f"#/components/schemas/{uri.rpartition('/')[2].removesuffix('.json')}{pointer}"


def _without_notes(schema: Any, rewrite: _Rewrite, base: str) -> Any:
    if isinstance(schema, list):
        return [_without_notes(member, rewrite, base) for member in schema]
    if not isinstance(schema, Mapping):
        return schema
    written: dict[str, Any] = {}
    for keyword, body in schema.items():
        if keyword in _NAMED:
            written[keyword] = {name: _without_notes(member, rewrite, base) for name, member in body.items()}
        elif keyword == "$ref":
            written[keyword] = rewrite(base, body)
        elif keyword in _KEPT or not keyword.startswith("x-"):
            written[keyword] = body if keyword in _DATA else _without_notes(body, rewrite, base)
    if "pattern" in written:
        # The pattern says it all, and validators differ in what they take a format to mean.
        written.pop("format", None)
    return written
