"""A worker that runs jobs only when a test says so, and whose answers wait where a test holds them.

    fleet = ScriptedFleet(folder, 1, max_concurrent=2)
    job = fleet.submit(GRAPH, client_id="me").id
    worker.wait_taken(job); worker.begin(job)
    with worker.hold("GET", "/queue") as held:
        held.wait_asked()
        worker.succeed(job)
"""
import json
import threading

from . import ws
from .backend import Backend
from .fleet import LONG, Fleet
from .wire import make_response

INFO = {
    "Make": {"input": {"required": {}}, "output": ["IMAGE"], "output_is_list": [False], "output_name": ["IMAGE"],
             "name": "Make", "output_node": False},
    "Show": {"input": {"required": {"images": ["IMAGE"]}}, "output": [], "output_is_list": [], "output_name": [],
             "name": "Show", "output_node": True}}
GRAPH = {"1": {"class_type": "Make", "inputs": {}}, "2": {"class_type": "Show", "inputs": {"images": ["1", 0]}}}
REFUSAL = {"error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation",
                     "details": "", "extra_info": {}},
           "node_errors": {"1": {"errors": [{"type": "value_not_in_list", "message": "Value not in list", "details": "",
                                             "extra_info": {}}], "dependent_outputs": ["2"], "class_type": "Make"}}}
QUIET = ("/system_stats", "/features", "/object_info")  # asked at any time


def json_answer(value, status=200):
    return make_response(json.dumps(value).encode(), status, "X", [("Content-Type", "application/json")])


class Held:
    """Requests that wait for their answers."""

    def __init__(self, worker, method, path, after=False):
        self.worker, self.method, self.path, self.after = worker, method, path, after
        self.asked = 0
        self.opened = threading.Event()

    def fits(self, request, path):
        return not self.opened.is_set() and request.method == self.method and path.startswith(self.path)

    def wait_asked(self, count=1):
        self.worker.wait_for(lambda: self.asked >= count, f"{self.method} {self.path} at {self.worker.name}", LONG)

    def go_on(self):
        self.opened.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go_on()


class Scripted(Backend):
    """has_socket: whether /ws is answered. next_posts: what becomes of the next prompts: "lost" (taken, then the
    connection ends), "reset" (not taken), an answer's octets, or a function of the worker that says which."""

    def __init__(self, name, has_socket=True):
        self.name, self.has_socket = name, has_socket
        self.healthy, self.next_posts, self.helds = True, [], []
        self.running, self.pending, self.history = [], [], {}
        self.sockets = {}     # sid -> its connection
        self.bodies = {}      # prompt_id -> what was posted last
        self.queue_errors = 0  # GET /queue that are answered 500
        self.told = []        # (method, path, JSON) in order of arrival, probes left out
        super().__init__(self._serve)

    # -- what it is asked

    def _serve(self, conn):
        while (request := conn.request()) is not None:
            path = request.target.partition("?")[0].removeprefix("/api")
            if request.has("upgrade") and self.has_socket:
                self._talk(conn, request)
                return
            held = self._arrived(request, path)
            if held and not held.after:
                held.opened.wait(LONG * 4)
            with self.changed:
                answer = self._answer(request, path)
                self.changed.notify_all()
            if held and held.after:
                held.opened.wait(LONG * 4)
            if answer is None:
                return
            conn.send(answer)

    def _arrived(self, request, path):
        with self.changed:
            if path not in QUIET and (request.method, path) != ("GET", "/prompt"):
                try:
                    asked = json.loads(request.raw_body or b"null")
                except ValueError:
                    asked = request.raw_body
                self.told.append((request.method, path, asked))
            found = next((one for one in self.helds if one.fits(request, path)), None)
            if found:
                found.asked += 1
            self.changed.notify_all()
            return found

    def _talk(self, conn, request):
        sid = request.target.partition("clientId=")[2]
        with self.changed:  # a job can come as soon as this has gone out, and its events need the socket
            conn.send(ws.switching(request.get("sec-websocket-key")))
            conn.send(ws.frame(json.dumps({"type": "status", "data": {
                "status": {"exec_info": {"queue_remaining": 0}}, "sid": sid}})))
            self.sockets[sid] = conn
            self.changed.notify_all()
        while conn.some():
            pass

    def _answer(self, request, path):
        if path == "/system_stats":
            return json_answer({"system": {}, "devices": []}, 200 if self.healthy else 500)
        if path == "/object_info":
            return json_answer(INFO)
        if path.startswith("/history"):
            wanted = path.removeprefix("/history").strip("/")
            return json_answer({k: v for k, v in self.history.items() if wanted in ("", k)})
        if path == "/queue" and request.method == "GET":
            if self.queue_errors > 0:
                self.queue_errors -= 1
                return json_answer({}, 500)
            return json_answer({"queue_running": [self._item(i) for i in self.running],
                                "queue_pending": [self._item(i) for i in self.pending]})
        if path == "/queue":
            gone = json.loads(request.raw_body).get("delete", [])
            self.pending = [one for one in self.pending if one not in gone]
            return json_answer({})
        if path == "/prompt" and request.method == "POST":
            return self._posted(json.loads(request.raw_body))
        if path == "/prompt":
            return json_answer({"exec_info": {"queue_remaining": len(self.running) + len(self.pending)}},
                               200 if self.healthy else 500)
        if path == "/ws":
            return json_answer({}, 404)
        return json_answer({})

    def _posted(self, body):
        fate = self.next_posts.pop(0) if self.next_posts else None
        if callable(fate):
            fate = fate(self)
        if fate == "reset":
            return None
        if isinstance(fate, bytes):
            return fate
        self.bodies[body["prompt_id"]] = body
        self.pending.append(body["prompt_id"])
        if fate == "lost":
            return None
        return json_answer({"prompt_id": body["prompt_id"], "number": body.get("number", 1), "node_errors": {}})

    def _item(self, prompt_id):
        body = self.bodies[prompt_id]
        return [body.get("number", 1), prompt_id, body["prompt"], {}, ["2"]]

    # -- what a test has it do

    def hold(self, method, path, after=False):
        """Such requests wait. after: what they ask for is done first, and only the answer waits."""
        held = Held(self, method, path, after)
        with self.changed:
            self.helds.append(held)
        return held

    def say(self, prompt_id, kind, **data):
        self.send_frame(prompt_id, ws.frame(json.dumps({"type": kind, "data": {**data, "prompt_id": prompt_id}})))

    def send_frame(self, prompt_id, frame):
        conn = self.sockets.get(self.bodies[prompt_id].get("client_id"))
        if conn is not None:
            conn.send(frame)

    def cut(self, prompt_id):
        """Ends the WebSocket that its events go to."""
        self.sockets.pop(self.bodies[prompt_id]["client_id"]).end()

    def begin(self, prompt_id):
        with self.changed:
            self.pending.remove(prompt_id)
            self.running.append(prompt_id)
        self.say(prompt_id, "execution_start")
        self.say(prompt_id, "executing", node="1")

    def keep(self, prompt_id, end="execution_success", output=None):
        """It has ended: it is in the history."""
        good = end == "execution_success"
        with self.changed:
            self.running.remove(prompt_id)
            self.history[prompt_id] = {
                "prompt": self._item(prompt_id), "outputs": {"2": output or {"text": ["x"]}}, "meta": {},
                "status": {"status_str": "success" if good else "error", "completed": good, "messages": [
                    ["execution_start", {"prompt_id": prompt_id}], [end, {"prompt_id": prompt_id}]]}}

    def succeed(self, prompt_id, marker=True, output=None):
        self.say(prompt_id, "executed", node="2", display_node="2", output=output or {"text": ["x"]})
        self.say(prompt_id, "execution_success")
        self.keep(prompt_id, output=output)
        if marker:
            self.say(prompt_id, "executing", node=None)

    def stop(self, prompt_id):
        self.say(prompt_id, "execution_interrupted", node_id="1", node_type="Make", executed=[])
        self.keep(prompt_id, "execution_interrupted")
        self.say(prompt_id, "executing", node=None)

    def die(self):
        self.refuse()
        for conn in list(self.connections):
            conn.end()

    def times(self, method, path, asked=None):
        """How often it was asked this."""
        return sum(one == (method, path, asked) if asked is not None else one[:2] == (method, path)
                   for one in list(self.told))

    def wait_told(self, method, path, asked=None, count=1):
        self.wait_for(lambda: self.times(method, path, asked) >= count,
                      f"{count} {method} {path} {asked} at {self.name}; {self.told[-12:]}", LONG)

    def wait_taken(self, prompt_id):
        self.wait_for(lambda: prompt_id in self.pending, f"{prompt_id} at {self.name}; {self.told[-12:]}", LONG)
        return self

    # -- as harness/fleet.py wants a worker

    def is_running(self):
        return self.listener is not None

    def test(self, **_):
        """What simulated workers are told at the end: let everything go."""
        for held in self.helds:
            held.go_on()

    def report(self):
        asked = [(r.method, r.target) for r in list(self.requests)]
        return {"counts": {"GET /object_info": asked.count(("GET", "/object_info"))},
                "jobs": {"running": self.running[0] if self.running else None, "starts": []}}

    def close(self):
        self.test()
        super().close()


class ScriptedFleet(Fleet):
    """workers: how many. has_socket: False for ones whose jobs are polled. member: keys of each."""

    def __init__(self, folder, workers=1, has_socket=True, member=None, **nodes):
        self.made = [Scripted(f"w{number + 1}", has_socket) for number in range(workers)]
        super().__init__(folder, workers, each=[member or {}] * workers, **nodes)

    def make_worker(self, number, spec):
        return self.made[number]
