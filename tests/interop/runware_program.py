"""A program that uses what there is of Runware's newest SDK, and knows of nothing but Runware.

Run as `runware_program.py FOLDER`, which holds `face.png`; prints what each call came to, as one JSON document, and
leaves a video of each transport in the folder. Its environment decides whom it reaches: the socket's library reads it by
itself, and aiohttp does in a session that was told to.
"""

import asyncio
import base64
import json
import os
import sys
import uuid
from pathlib import Path

import aiohttp
from runware import Runware, RunwareError
from runware.types.sdk import RuntimeDependencies

FOLDER = Path(sys.argv[1])
AVATAR = "heygen:avatar@4"
KEY = os.environ["RUNWARE_API_KEY"]


def video(**fields):
    return {"model": AVATAR, "inputs": {"avatar": "man_casual_young_adult"}, "speech": {"text": "Hello."}, **fields}


async def attempt(call):
    """What a call returns, or what it raises in words that JSON knows."""
    try:
        return await call
    except RunwareError as error:
        return {"raised": error.code, "parameter": error.parameter, "message": str(error)}


async def generate(session, transport):
    """Make videos by one transport, and use the platform around them."""
    told = {}
    async with Runware(
        api_key=KEY, transport=transport, validate=True, dependencies=RuntimeDependencies(session=session)
    ) as client:
        task = str(uuid.uuid4())
        data_uri = "data:image/png;base64," + base64.b64encode((FOLDER / "face.png").read_bytes()).decode()
        stored = await client.media_storage({"operation": "upload", "media": data_uri})
        told["stored"] = stored
        told["uploaded"] = await client.image_upload({"image": data_uri})
        face = {"inputs": {"image": stored[0]["mediaUUID"]}, "resolution": "720p"}
        told["video"], told["by_name"], told["refused_here"] = await asyncio.gather(
            client.run(video(taskType="videoInference", taskUUID=task, numberResults=3, includeCost=True, **face)),
            client.run(video(model="heygen-avatar-iv")),
            attempt(client.run(video(taskType="videoInference", speech={"text": "Hello.", "speed": 9}))),
        )
        async with session.get(told["video"][0]["videoURL"]) as answer:
            (FOLDER / f"{transport}.mp4").write_bytes(await answer.read())
        told["task"] = task
        told["details"] = await client.get_task_details({"taskUUID": task})
        told["account"] = await client.account_management({"operation": "getDetails"})
        told["found"] = await client.model_search({"search": "avatar", "limit": 2})
        told["deleted"] = await client.media_storage({"operation": "delete", "media": stored[0]["mediaUUID"]})
        told["deleted_again"] = await attempt(
            client.media_storage({"operation": "delete", "media": stored[0]["mediaUUID"]})
        )
    return told


async def look_up(session):
    """What the SDK knows of the models, from the services that say it."""
    told = {}
    async with Runware(api_key=KEY, transport="rest", dependencies=RuntimeDependencies(session=session)) as client:
        await client.refresh_registry()
        told["registry_version"] = client._registry.get_version()
        content = client.content
        told["models"] = await content.list_models()
        told["page"] = await content.list_models({"paginate": True, "limit": 1})
        one = told["models"][0]["model"]
        told["model"] = await content.get_model(one)
        told["no_model"] = await content.get_model("no-such-model")
        told["examples"] = await content.get_model_examples(one)
        told["pricing"] = await content.get_model_pricing(one)
        told["guides"] = await content.get_model_guides(one)
        told["collections"] = await content.list_collections()
        told["no_collection"] = await content.get_collection("no-such-collection")
        told["capabilities"] = await content.list_capabilities()
        told["creators"] = await content.list_creators()
        told["creator"] = await content.get_creator(told["creators"][0]["id"])
    return told


async def main():
    async with aiohttp.ClientSession(trust_env=True) as session:
        told = await asyncio.gather(generate(session, "websocket"), generate(session, "rest"), look_up(session))
    print(json.dumps(dict(zip(("websocket", "rest", "catalogue"), told, strict=True))))


asyncio.run(main())
