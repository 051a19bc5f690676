"""Connections over WebSocket, played again: what is said on one, and what is heard, in the order of the journal."""

import asyncio

from .compare import first_frame_difference
from .lines import Line
from .scene import PATIENCE, Recorded, Scene


class Talks:
    """The connections of one replay."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._lines: dict[int, Line] = {}
        self._last: dict[int, Recorded] = {}

    async def again(self, recorded: Recorded) -> None:
        """Play one exchange of a connection."""
        if recorded["request"]["method"] == "GET":
            await self._open(recorded)
            return
        line = self._lines.get(recorded["connection"])
        if line is None:
            self._scene.skip(recorded, "the opening of its connection is not in the journal")
            return
        self._last[recorded["connection"]] = recorded
        match recorded["request"]["method"]:
            case "SEND":
                body = self._scene.body(recorded)
                if body is None:
                    return
                self._scene.let_in(recorded)
                line.say(body.decode())
                await line.until(lambda: line.listening, PATIENCE)
            case "CLOSE" if recorded["ended"] == "hung up":
                line.leave(recorded["response"]["status"])
                await asyncio.wait({line.task}, timeout=PATIENCE)
            case "CLOSE":
                if not await line.until(lambda: line.closed, PATIENCE):
                    raise self._scene.differs(recorded, "the connection", "it was closed", "it was left open")
                await asyncio.wait({line.task}, timeout=PATIENCE)
        await self._hear(recorded, line)
        self._scene.report.same += 1

    def finish(self) -> None:
        """Nothing may have come that is not on the record."""
        for number, line in self._lines.items():
            if line.frames:
                raise self._scene.differs(self._last[number], "what follows it", "nothing", line.frames[0])

    async def end(self) -> None:
        """Break off what is still open."""
        for line in self._lines.values():
            line.task.cancel()
        await asyncio.gather(*(line.task for line in self._lines.values()), return_exceptions=True)

    async def _open(self, recorded: Recorded) -> None:
        target, _ = self._scene.names.target(recorded["request"]["target"])
        line = Line(self._scene.app, recorded["scheme"], target, self._scene.headers(recorded))
        self._lines[recorded["connection"]] = line
        self._last[recorded["connection"]] = recorded
        if not await line.until(lambda: line.accepted and line.listening, PATIENCE):
            raise self._scene.differs(recorded, "the handshake", "it was accepted", "it was not")
        self._scene.report.same += 1

    async def _hear(self, recorded: Recorded, line: Line) -> None:
        """Compare the frames that were said with those that come; of a long answer not all are on the record whole."""
        response = recorded["response"]
        said = response.get("body", "").split("\n")
        count = response.get("frames", len(said) if response.get("body") else 0)
        whole = min(response.get("whole_frames", count), len(said))
        for number in range(count):
            if not line.frames:
                await line.until(lambda: bool(line.frames), PATIENCE)
            if not line.frames and number >= whole:
                raise self._scene.differs(
                    recorded, "a frame", f"number {number + 1} of {count} came", "it did not come"
                )
            came = line.frames.pop(0) if line.frames else ""
            if number >= whole:
                continue
            if (found := first_frame_difference(said[number], came, recorded, self._scene.names)) is not None:
                raise self._scene.differs(recorded, *found)
