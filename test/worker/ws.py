"""/ws: who is connected under which sid, and what is sent to them.

Two of ComfyUI's habits are kept because a proxy must live with them. All events
go through one queue and one sender, so that a client that stops reading stalls
every other. And a second socket under the same sid takes the first one's place
without closing it; when the first one's handler ends it removes the second.
"""
import asyncio
import json
import struct
import uuid

from aiohttp import WSMsgType, web

PREVIEW_IMAGE = 1
TEXT = 3
PREVIEW_IMAGE_WITH_METADATA = 4
JPEG, PNG = 1, 2


class Hub:
    def __init__(self, worker):
        self.worker = worker
        self.sockets = {}
        self.flags = {}
        self.subscribed = set()  # to the log
        self.total = 0
        # The owner of the running job, and the node it is at.
        self.client_id = None
        self.last_node = None
        self.outgoing = asyncio.Queue()
        self.transports = set()

    def send(self, event, data, sid=None):
        """Queues one event. sid None: to everybody. An unknown sid: to nobody."""
        self.outgoing.put_nowait((event, data, sid))

    def send_status(self):
        self.send("status", {"status": self.worker.queue.info()})

    def send_preview(self, image, kind, ids=None):
        """To the running job's owner, everybody if it has none. ids: the metadata of type 4."""
        sid = self.client_id
        if ids and self.flags.get(sid, {}).get("supports_preview_metadata"):
            mime = "image/jpeg" if kind == JPEG else "image/png"
            meta = json.dumps({**ids, "image_type": mime}).encode()
            frame = struct.pack(">II", PREVIEW_IMAGE_WITH_METADATA, len(meta)) + meta + image
        else:
            frame = struct.pack(">II", PREVIEW_IMAGE, kind) + image
        self.send(None, frame, sid)

    def send_text(self, node_id, text):
        """What API nodes say of their progress: to everybody, whoever's job it is."""
        node = node_id.encode()
        self.send(None, struct.pack(">II", TEXT, len(node)) + node + text.encode())

    def send_asked(self, asked):
        """What a test wants sent. {"text", "node"}: a TEXT frame. {"image": octets}: PNG, or with
        "jpeg": true a preview, to the running job's owner, "times" of them. {"type", "data"}: an event,
        to the owner if "to" is "owner", to those who subscribed to the log if it is "logs", else to all."""
        ids = {"node_id": "3", "prompt_id": self.worker.queue.running.id, "display_node_id": "3",
               "parent_node_id": None, "real_node_id": "3"} if self.worker.queue.running else None
        for number in range(asked.get("times", 1)):
            if "text" in asked:
                self.send_text(asked.get("node", "3"), asked["text"])
            elif "image" in asked:
                kind = JPEG if asked.get("jpeg") else PNG
                head = (b"\xff\xd8" if kind == JPEG else b"\x89PNG\r\n\x1a\n") + struct.pack(">I", number)
                self.send_preview(head + bytes(asked["image"]), kind, ids)
            elif asked.get("to") == "logs":
                for sid in self.subscribed & self.sockets.keys():
                    self.send(asked["type"], asked["data"], sid)
            else:
                self.send(asked["type"], asked["data"], self.client_id if asked.get("to") == "owner" else None)

    def cut(self):
        """Ends every WebSocket as a broken network does: no close frame."""
        for transport in list(self.transports):
            transport.abort()

    async def publish(self):
        while True:
            event, data, sid = await self.outgoing.get()
            await self.deliver(event, data, sid)
            self.outgoing.task_done()

    async def flush(self, seconds):
        """Until all that was queued went out, or the time is over: somebody may not be reading."""
        try:
            await asyncio.wait_for(self.outgoing.join(), seconds)
        except asyncio.TimeoutError:
            pass

    async def deliver(self, event, data, sid):
        message = data if event is None else json.dumps({"type": event, "data": data})
        if sid is None:
            targets = list(self.sockets.values())
        else:
            targets = [self.sockets[sid]] if sid in self.sockets else []
        for ws in targets:
            try:
                await (ws.send_bytes if event is None else ws.send_str)(message)
            except ConnectionError:
                pass  # its own handler finds out

    async def handle(self, request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        sid = request.rel_url.query.get("clientId") or uuid.uuid4().hex
        self.sockets[sid] = ws
        self.flags[sid] = {}
        self.total += 1
        transport = request.transport
        self.transports.add(transport)
        try:
            # Straight to this socket: what stands in the queue must not come first.
            status = {"status": self.worker.queue.info(), "sid": sid}
            await self.deliver("status", status, sid)
            if self.client_id == sid and self.last_node is not None:
                await self.deliver("executing", {"node": self.last_node}, sid)
            first = True
            async for message in ws:
                if message.type == WSMsgType.TEXT:
                    await self.on_text(sid, message.data, first)
                    first = False
        finally:
            self.transports.discard(transport)
            self.sockets.pop(sid, None)
            self.flags.pop(sid, None)
        return ws

    async def on_text(self, sid, text, first):
        """Only feature_flags, and only as the first message, means anything."""
        try:
            message = json.loads(text)
        except ValueError:
            return
        if self.worker.settings.old or not first or not isinstance(message, dict):
            return
        if message.get("type") == "feature_flags":
            self.flags[sid] = message.get("data") or {}
            await self.deliver("feature_flags", features(self.worker), sid)

    def report(self):
        return {"open": len(self.sockets), "total": self.total, "sids": list(self.sockets),
                "flags": self.flags}


def features(worker):
    return {
        "supports_preview_metadata": True,
        "supports_model_type_tags": True,
        "max_upload_size": int(worker.settings.max_upload_size * 1024 * 1024),
        "extension": {"manager": {"supports_v4": True}},
        "node_replacements": True,
        "assets": False,
    }


async def get_ws(request):
    return await request.app["worker"].hub.handle(request)


async def get_features(request):
    return web.json_response(features(request.app["worker"]))


def routes(old):
    return [web.get("/ws", get_ws)] + ([] if old else [web.get("/features", get_features)])
