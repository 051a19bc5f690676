"""A WebSocket to a stand-in for Runware, in whole frames."""

import asyncio
import json

from websockets.asyncio.client import connect


class Line:
    """One connection, in whole frames."""

    def __init__(self, socket):
        self.socket = socket

    async def say(self, *tasks):
        await self.socket.send(json.dumps(list(tasks)))

    async def hear(self, timeout=10):
        return json.loads(await asyncio.wait_for(self.socket.recv(), timeout))

    async def ask(self, *tasks):
        await self.say(*tasks)
        return await self.hear()

    async def authenticate(self, key, **more):
        answer = await self.ask({"taskType": "authentication", "apiKey": key, **more})
        [item] = answer["data"]
        assert item["taskType"] == "authentication"
        return item["connectionSessionUUID"]

    def drop(self):
        """End it as a network does: without a word."""
        self.socket.transport.abort()


def line(server, query=""):
    return connect(f"{server.url.replace('http', 'ws')}/v1{query}", proxy=None, max_size=None)
