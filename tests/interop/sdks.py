"""The official SDKs that cannot live beside the others: where `make` puts them, and how a program that uses one is run."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from interop.lines import billed
from stage import video_task
from understudy.server import Server

_HERE = Path(__file__).parent
_INSTALLED = _HERE.parent.parent / ".venv" / "interop"
_RUNWARE_0 = _INSTALLED / "runware-0"
_SDK_JS = _INSTALLED / "node" / "node_modules" / "@runware" / "sdk-js" / "dist" / "index.js"

#: The older SDK waits for each answer, and between two polls, so many milliseconds: 30,000 and 3,000 unless told.
_HASTE = {"RUNWARE_VIDEO_INITIAL_TIMEOUT": "2000", "RUNWARE_VIDEO_POLLING_DELAY": "200"}


@dataclass
class Run:
    """One run of an SDK: its task and how its server is reached; what came of it is in `told`, as its program says."""

    server: Server
    port: int
    task: dict[str, Any] = field(default_factory=video_task)
    key: str = field(default_factory=lambda: f"sdk-{uuid.uuid4()}")
    options: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def billed(self) -> list[str]:
        return billed(self.server, self.key)

    @property
    def videos(self) -> list[dict[str, Any]]:
        assert "videos" in self.told, self.told
        return self.told["videos"]


def runware_0(runs: dict[str, Run]) -> None:
    """Perform runs with `runware` 0.5, the one before the newer SDK took over its import name."""
    if not _RUNWARE_0.exists():
        pytest.skip(f"runware 0.5 is not in {_RUNWARE_0}: `make test` puts it there")
    command = [sys.executable, str(_HERE / "runware_0_program.py")]
    _perform(command, runs, {**os.environ, **_HASTE, "PYTHONPATH": str(_RUNWARE_0)})


def sdk_js(runs: dict[str, Run]) -> None:
    """Perform runs with `@runware/sdk-js`."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("@runware/sdk-js needs Node.js, and there is no `node` here")
    if not _SDK_JS.exists():
        pytest.skip(f"@runware/sdk-js is not at {_SDK_JS}: `make test` puts it there")
    _perform([node, str(_HERE / "sdk_js_program.mjs"), _SDK_JS.as_uri()], runs, dict(os.environ))


def _perform(command: Sequence[str], runs: dict[str, Run], environment: dict[str, str]) -> None:
    asked = [
        {"name": name, "key": run.key, "url": f"ws://127.0.0.1:{run.port}/v1", "task": run.task, "options": run.options}
        for name, run in runs.items()
    ]
    # Neither SDK knows what a proxy is, nor that this machine needs none.
    quiet = {name: value for name, value in environment.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [*command, json.dumps(asked)], env=quiet, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for name, run in runs.items():
        run.told = told[name]
