"""A report for programs: `files/report.json` describes it as a JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def render(shown: Mapping[str, Any]) -> str:
    """Write the document itself."""
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
