"""The baseline under load: a Starlette route that reads JSON and answers JSON, under the emulator's server settings.

`python -m bench.bare PORT_FILE ANSWERS` serves `POST /v1` on a free port, with the documents of the JSON array in the
file ANSWERS in turn.
"""

import itertools
import json
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from understudy.server import GRACE


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, port_file: Path) -> None:
        super().__init__(config)
        self._port_file = port_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets
        draft = self._port_file.with_suffix(".draft")
        draft.write_text(f"{sockets[0].getsockname()[1]}\n")
        draft.replace(self._port_file)


def main(port_file: Path, answers: Path) -> None:
    """Serve until a signal ends it."""
    documents = itertools.cycle(json.loads(answers.read_text()))

    async def answer(request: Request) -> JSONResponse:
        await request.json()
        return JSONResponse(next(documents))

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        Starlette(routes=[Route("/v1", answer, methods=["POST"])]),
        access_log=False,
        log_config=None,
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=GRACE,  # type: ignore[arg-type]  # asyncio takes fractions
    )
    _Server(config, port_file).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
