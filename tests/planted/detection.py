"""The detection table of the README: `PYTHONPATH=tests python -m planted.detection` prints it."""

from __future__ import annotations

from collections.abc import Collection

from planted import every
from planted.planting import Planted

_NAMES = {"gmi": "GMI Cloud", "heygen": "HeyGen", "runware": "Runware", "segmind": "Segmind"}


def table(planted: Collection[Planted]) -> list[str]:
    """One row for each violation that is planted, those that nobody finds last."""
    rows = sorted(planted, key=lambda one: (not one.found, one.provider, one.found, one.name))
    found = [one for one in rows if one.found]
    return [
        f"<details><summary>{len(found)} violations of {len(rows)} are found</summary>",
        "",
        "| Provider | What is broken | Found by | At |",
        "|---|---|---|---|",
        *(f"| {_NAMES[one.provider]} | {one.broken} | {_by(one)} | `{one.at[0]}` |" for one in rows),
        "",
        "</details>",
    ]


def _by(one: Planted) -> str:
    return f"`{one.found}`" if one.found else f"not found: {one.unseen}"


if __name__ == "__main__":
    print("\n".join(table(every.PLANTED.values())))
