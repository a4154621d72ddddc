"""A ComfyUI that does what a test says: health, load and jobs are plain attributes.

A Backend whose answers carry its name. Set .healthy, .queue, .probe_script at any time.
"""
import json
import threading

from .backend import Backend
from .wire import make_response
from .ws import switching


def make_json(value, status=200, reason="OK"):
    return make_response(json.dumps(value).encode(), status, reason, [("Content-Type", "application/json; charset=utf-8")])


class Comfy(Backend):
    def __init__(self, name="w1", prompt_id=None):
        self.name = name
        self.healthy = True   # /system_stats: 200, or else 500
        self.stalled = False  # every answer waits until this is False again
        self.silent_probes = False  # /system_stats alone gets no answer
        self.talking = True   # tunnels and /stream send a byte every 100 ms
        self.gone = False
        self.queue = 0        # what GET /prompt tells
        self.own_ids = prompt_id
        self.count = 0
        self.gone_on = threading.Event()
        super().__init__(self.serve)

    def serve(self, conn):
        while (request := conn.request()) is not None:
            path = request.target.partition("?")[0].removeprefix("/api")
            if request.has("upgrade"):
                conn.send(switching(request.get("sec-websocket-key")))
                return self._talk(conn)
            if path == "/stream":
                conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                return self._talk(conn)
            if self.stalled or (self.silent_probes and path == "/system_stats"):
                self.gone_on.wait(30)
            conn.send(self.reply(request, path))

    def _talk(self, conn):
        """A byte now and then, as long as talking is set; reads until the other side ends."""
        while not self.gone:
            if self.talking:
                conn.send(b"p")
            conn.sock.settimeout(0.1)
            try:
                if not conn.sock.recv(1000):
                    return
            except TimeoutError:
                pass

    def reply(self, request, path):
        if path == "/system_stats":
            if not self.healthy:
                return make_response(b"broken", 500, "Internal Server Error")
            return make_json({"system": {"comfyui_version": "0.33.0", "ram_total": 1000, "ram_free": 500},
                              "devices": [{"name": "cuda:0", "type": "cuda", "index": 0,
                                           "vram_total": 24 << 30, "vram_free": 20 << 30}]})
        if path == "/prompt" and request.method == "GET":
            return make_json({"exec_info": {"queue_remaining": self.queue}})
        if path == "/prompt" and request.method == "POST":
            self.count += 1
            told = self.own_ids(self.count) if self.own_ids else f"{self.name}-{self.count}"
            return make_json({"prompt_id": told, "number": self.count, "node_errors": {}})
        return make_response(self.name.encode(), fields=[("X-Worker", self.name)])

    def go_on(self):
        """Ends a stall."""
        self.stalled = self.silent_probes = False
        self.gone_on.set()
        self.gone_on = threading.Event()

    def close(self):
        self.gone = True
        self.gone_on.set()
        super().close()

    def served(self):
        """Requests of clients: without probes and load questions."""
        return [r for r in self.requests if r.target not in ("/system_stats",)
                and not (r.target == "/prompt" and r.method == "GET")]

    def jobs(self):
        return [r for r in self.requests if r.method == "POST" and r.target.endswith("/prompt")]

    def probes(self):
        return [r for r in self.requests if r.target == "/system_stats"]


def worker_of(response):
    """Which Comfy answered."""
    return response.body.decode()
