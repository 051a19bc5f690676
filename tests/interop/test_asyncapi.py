"""The AsyncAPI document of Runware's socket, judged by AsyncAPI's own parser on Node.js."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from understudy_contracts.documents import Site, asyncapi

pytestmark = pytest.mark.interop

_HERE = Path(__file__).parent
_PARSER = _HERE.parent.parent / ".venv/interop/node/node_modules/@asyncapi/parser/cjs/index.js"

#: That there is a newer AsyncAPI is known.
_KNOWN = "asyncapi-latest-version"


def complaints(document: Any, folder: Path) -> list[dict[str, str]]:
    """What the parser has against a document."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("AsyncAPI's parser needs Node.js, and there is no `node` here")
    if not _PARSER.exists():
        pytest.skip(f"AsyncAPI's parser is not at {_PARSER}: `make test` puts it there")
    path = folder / "asyncapi.json"
    path.write_text(json.dumps(document))
    command = [node, str(_HERE / "asyncapi_program.mjs"), _PARSER.as_uri(), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return [one for one in told["complaints"] if one["code"] != _KNOWN]


def test_the_official_parser_has_nothing_against_the_document(tmp_path: Path) -> None:
    assert complaints(asyncapi("runware", Site()), tmp_path) == []


@pytest.mark.slow
def test_the_official_parser_notices_what_is_wrong(tmp_path: Path) -> None:
    document = asyncapi("runware", Site())
    assert document is not None
    document["operations"]["ping"]["action"] = "shout"
    document["components"]["messages"]["ping"]["payload"]["type"] = "nonsense"
    assert complaints(document, tmp_path)
