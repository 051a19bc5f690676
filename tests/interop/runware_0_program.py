"""A program that uses Runware's older Python SDK, `runware` 0.5, which shares its import name with the newer one.

Run as `runware_0_program.py RUNS` with that SDK first on the path. RUNS is a JSON list of `{"name", "key", "url",
"task"}`; all are performed at once, each on a client of its own, and what came of each is printed as one JSON document
by its name.
"""

import asyncio
import dataclasses
import json
import sys

from runware import IVideoInference, Runware, RunwareAPIError, __version__


async def perform(run):
    """Submit, then wait for the results, as the SDK has it done in two calls."""
    client = Runware(api_key=run["key"], url=run["url"])
    told = {}
    try:
        await client.connect()
        fields = {name: value for name, value in run["task"].items() if name != "taskType"}
        submitted = await client.videoInference(IVideoInference(**fields))
        told["submitted"] = dataclasses.asdict(submitted)
        videos = await client.getResponse(submitted.taskUUID, numberResults=fields.get("numberResults"))
        told["videos"] = [dataclasses.asdict(video) for video in videos]
    except (RunwareAPIError, ConnectionError) as error:
        told["raised"] = {"type": type(error).__name__, "text": str(error), "code": getattr(error, "code", None)}
    finally:
        await client.disconnect()
    return told


async def main():
    runs = json.loads(sys.argv[1])
    told = await asyncio.gather(*(perform(run) for run in runs))
    print(json.dumps({"version": __version__, **{run["name"]: one for run, one in zip(runs, told, strict=True)}}))


asyncio.run(main())
