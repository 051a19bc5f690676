"""Templates of answers: JSON in which some strings stand for values known only when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_EACH = "$each"


def fill(template: Any, values: Mapping[str, Any], media: Sequence[Mapping[str, Any]] = ()) -> Any:
    """Fill a template: `fill({"url": "$media"}, {"media": "https://…"})`. The template stays as it is.

    A string that is `$` and the name of a value becomes that value, whatever its type; any other string stays.
    A list member `{"$each": item}` becomes one `item` for each of `media`, whose own values (`media`, `width`, …)
    go before the common ones; `$index` is its place, as text: `"0"`. Outside of a list the first of the media
    speaks for all.
    """
    return _filled(template, {**values, **(media[0] if media else {})}, values, media)


def _filled(
    template: Any, known: Mapping[str, Any], values: Mapping[str, Any], media: Sequence[Mapping[str, Any]]
) -> Any:
    if isinstance(template, str):
        return known[template[1:]] if template[:1] == "$" and template[1:] in known else template
    if isinstance(template, Mapping):
        return {key: _filled(value, known, values, media) for key, value in template.items()}
    if isinstance(template, Sequence):
        made: list[Any] = []
        for member in template:
            if isinstance(member, Mapping) and _EACH in member:
                made += [
                    _filled(member[_EACH], {**values, **one, "index": str(index)}, values, media)
                    for index, one in enumerate(media)
                ]
            else:
                made.append(_filled(member, known, values, media))
        return made
    return template
