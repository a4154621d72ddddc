"""A fleet: simulated workers behind one comfymux, and a script that is its client.

    fleet = Fleet(folder, 2)
    page = fleet.page("me")                  a WebSocket, its events in order
    job = fleet.submit(graph(), client_id="me").id
    page.wait_done(job); fleet.outputs(job)
"""
import json
import socket
import threading
import uuid

from . import conf, ws
from .client import RawClient
from .mux import Mux
from .wait import PATIENCE, Deadline, TooLate, wait_until
from .wire import Cut
from .workers import SimulatedWorker, sampler_graph, small_graph

HEALTH = {"interval": 0.2, "timeout": 2, "rise": 1, "fall": 2, "heartbeat_timeout": 1}
LONG = PATIENCE * 3


def graph(seed=1, model="sd15.safetensors", prefix="ComfyUI", **sampler):
    """A user's usual graph. Workers play its four steps with a preview each."""
    made = sampler_graph(seed)
    made["3"]["inputs"].update(sampler)
    made["4"]["inputs"]["ckpt_name"] = model
    made["9"]["inputs"]["filename_prefix"] = prefix
    return made


def plain(seed=1, prefix="ComfyUI"):
    """A graph without a model, so that no worker is nearer to it than another. Its steps are played by node 1."""
    return small_graph(seed, prefix)


def with_node(name, seed=1):
    """A graph that needs the class `name` (a worker's --extra-nodes)."""
    made = small_graph(seed)
    made["7"] = {"class_type": name, "inputs": {"images": ["1", 0]}}
    made["2"]["inputs"]["images"] = ["7", 0]
    return made


class Answer:
    def __init__(self, response):
        self.status, self.body, self.response = response.status, response.body, response

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def id(self):
        assert self.status == 200, (self.status, self.body[:2000])
        return self.json["prompt_id"]

    @property
    def error(self):
        """What a refused prompt says, in ComfyUI's shape."""
        told = self.json
        assert set(told["error"]) >= {"type", "message", "details", "extra_info"} and "node_errors" in told, told
        return told["error"]


class Event:
    """A text message, or a frame (type None, body the whole frame)."""

    def __init__(self, opcode, payload):
        self.body = payload
        self.type = self.data = None
        if opcode == ws.TEXT:
            told = json.loads(payload.decode("utf-8"))
            self.type, self.data = told["type"], told["data"]

    @property
    def kind(self):
        return int.from_bytes(self.body[:4], "big") if self.type is None else None

    @property
    def image(self):
        """A frame's picture, whichever kind it has."""
        if self.kind == 4:
            return self.body[8 + int.from_bytes(self.body[4:8], "big"):]
        return self.body[8:]

    @property
    def meta(self):
        return json.loads(self.body[8:8 + int.from_bytes(self.body[4:8], "big")]) if self.kind == 4 else {}

    @property
    def prompt_id(self):
        if self.type is None:
            return self.meta.get("prompt_id")
        return self.data.get("prompt_id") if isinstance(self.data, dict) else None

    @property
    def queue_remaining(self):
        return self.data["status"]["exec_info"]["queue_remaining"] if self.type == "status" else None

    def is_end(self, prompt_id=None):
        return self.type == "executing" and self.data["node"] is None and prompt_id in (None, self.prompt_id)

    def __repr__(self):
        return f"<{self.type or 'frame %s' % self.kind} {str(self.data or self.body[:20])[:150]}>"


class Page:
    """One WebSocket of a client; a thread keeps reading it, as browsers do."""

    def __init__(self, fleet, client_id=None, flags=None, target=None, fields=(), **more):
        self.fleet, self.client_id = fleet, client_id
        self.client = RawClient(fleet.mux.address, patience=PATIENCE * 20, **more)
        fleet.mux.clients.append(self)
        target = target or ("/ws" if client_id is None else f"/ws?clientId={client_id}")
        self.response = ws.open_socket(self.client, target, fields)
        self.events, self.pings, self.pongs, self.close_code = [], 0, 0, None
        self.over = False
        self.changed = threading.Condition()
        self.wrong = None
        if flags is not None:
            self.say({"type": "feature_flags", "data": flags})
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        self.sid = self.wait(lambda e: e.type == "status" and "sid" in e.data, "the first status").data["sid"]

    def _read(self):
        parts, kind = b"", None
        try:
            while True:
                opcode, fin, payload = self._frame()
                if opcode == ws.PING:
                    self.client.send(ws.frame(payload, ws.PONG, mask=True))
                    self.pings += 1
                    continue
                if opcode == ws.CLOSE:
                    self.close_code = int.from_bytes(payload[:2], "big") if payload else 1005
                    break
                if opcode == ws.PONG:
                    with self.changed:
                        self.pongs += 1
                        self.changed.notify_all()
                    continue
                assert (opcode == 0) == (kind is not None), "a piece out of turn"
                kind, parts = kind or opcode, parts + payload
                if fin:
                    with self.changed:
                        self.events.append(Event(kind, parts))
                        self.changed.notify_all()
                    parts, kind = b"", None
        except (Cut, OSError, TooLate, ValueError) as why:
            if isinstance(why, ValueError) and not isinstance(why, OSError):
                self.wrong = why
        except AssertionError as why:
            self.wrong = why
        with self.changed:
            self.over = True
            self.changed.notify_all()

    def _frame(self):
        first, second = self.client.exactly(2, "a frame")
        assert not first & 0x70 and not second & 0x80, f"a server's frame begins with {first:02x} {second:02x}"
        length = second & 127
        if length > 125:
            length = int.from_bytes(self.client.exactly(2 if length == 126 else 8, "a frame"), "big")
        return first & 15, first & 0x80, self.client.exactly(length, "a frame")

    def say(self, message):
        self.client.send(ws.frame(json.dumps(message), mask=True))

    def mark(self):
        with self.changed:
            return len(self.events)

    def wait(self, wanted, what="an event", since=0, seconds=None):
        """The first event from `since` on that is `wanted`, now or later."""
        deadline = Deadline(LONG if seconds is None else seconds)
        position = since
        with self.changed:
            while True:
                while position < len(self.events):
                    if wanted(self.events[position]):
                        return self.events[position]
                    position += 1
                if self.wrong:
                    raise self.wrong
                if self.over:
                    raise AssertionError(f"{what}: the socket ended ({self.close_code}); {self.events[-15:]}")
                if deadline.left() == 0:
                    raise TooLate(f"{what}: not within {deadline.seconds} s; {self.events[-15:]}\n"
                                  + self.fleet.mux.log_tail(25))
                self.changed.wait(deadline.left() + 0.001)

    def wait_type(self, kind, prompt_id=None, since=0, **data):
        return self.wait(lambda e: e.type == kind and (prompt_id is None or e.prompt_id == prompt_id)
                         and all(e.data.get(k) == v for k, v in data.items()), f"{kind} of {prompt_id} {data}", since)

    def wait_done(self, *prompt_ids, since=0):
        """The end marker of each: executing with no node. Then the history has it."""
        for one in prompt_ids:
            self.wait(lambda e, one=one: e.is_end(one), f"the end of {one}", since)

    def wait_status(self, remaining, since=0):
        return self.wait(lambda e: e.queue_remaining == remaining, f"a status with {remaining}", since)

    def wait_over(self, seconds=None):
        """Until the other side ends it; the close code, None without one."""
        deadline = Deadline(LONG if seconds is None else seconds)
        with self.changed:
            while not self.over:
                assert deadline.left() > 0, f"the socket stands; {self.events[-10:]}"
                self.changed.wait(deadline.left() + 0.001)
        if self.wrong:
            raise self.wrong
        return self.close_code

    def of(self, prompt_id, since=0):
        """Its events in order."""
        with self.changed:
            return [e for e in self.events[since:] if e.prompt_id == prompt_id]

    def kinds(self, prompt_id, since=0):
        return [e.type for e in self.of(prompt_id, since) if e.type]

    def frames(self, since=0):
        with self.changed:
            return [e for e in self.events[since:] if e.type is None]

    def ends(self, prompt_id=None):
        with self.changed:
            return [e.prompt_id for e in self.events if e.is_end(prompt_id)]

    def heard_of(self):
        """Ids of all the jobs that it was told anything of."""
        with self.changed:
            return {e.prompt_id for e in self.events if e.prompt_id}

    def settle(self):
        """Until all that was sent to it so far has come: a ping's answer comes behind it."""
        self.fleet.call("GET", "/prompt")  # a turn of the loop
        with self.changed:
            wanted = self.pongs + 1
        self.client.send(ws.frame(b"settle", ws.PING, mask=True))
        deadline = Deadline(LONG)
        with self.changed:
            while self.pongs < wanted:
                assert not self.over and deadline.left() > 0, f"no pong; {self.events[-10:]}"
                self.changed.wait(deadline.left() + 0.001)
        return self

    def leave(self, code=1000):
        """Closes it as RFC 6455 wants it."""
        self.client.send(ws.frame(code.to_bytes(2, "big"), ws.CLOSE, mask=True))
        told = self.wait_over()
        self.close()
        return told

    def close(self):
        """Just ends the connection, as a broken network does."""
        try:
            self.client.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(PATIENCE)
        self.client.close()


class Fleet:
    """workers: a number, or a list with the flags of each. nodes: keys of the pool."""

    def __init__(self, folder, workers=2, each=(), flags=(), timeouts=None, switches=(), env=None, top=None, **nodes):
        specs = [()] * workers if isinstance(workers, int) else workers
        self.folder = folder
        self.each = list(each) + [{}] * (len(specs) - len(each))
        self.settings, self.timeouts, self.top = nodes, {**conf.SHORT, "tunnel": 60, **(timeouts or {})}, top or {}
        self.workers, self.mux, self.runs = [], None, []
        self.switches, self.env = switches, env
        self.spec = [tuple(flags) + tuple(s) for s in specs]
        try:
            for number, spec in enumerate(self.spec):
                self.workers.append(self.make_worker(number, spec))
            self.start()
        except BaseException:
            self.kill()
            raise

    def make_worker(self, number, spec):
        return SimulatedWorker(f"w{number + 1}", *spec)

    def config(self, without=(), **more):
        """The file. without: numbers of workers that are not in it; drain=[numbers]."""
        drained = more.pop("drain", ())
        members = [{**conf.node(w, f"w{i + 1}"), **self.each[i], **({"drain": True} if i in drained else {})}
                   for i, w in enumerate(self.workers) if i not in without]
        nodes = {"static_nodes": members, "health_check": HEALTH, "page_ping": 20, **self.settings, **more}
        return {"listen": ["127.0.0.1:0"], "timeouts": self.timeouts, "admin": {"listen": "127.0.0.1:0"},
                "error_log": {"level": "debug"}, **self.top, "nodes": nodes}

    def start(self, ready=True):
        place = self.folder / f"mux{len(self.runs)}"
        place.mkdir()
        self.mux = Mux(self.config(), place, self.switches, env=self.env)
        self.runs.append(self.mux)
        self.mux.worker_ports = {w.port for w in self.workers}
        self.mux.started()
        if ready:
            self.wait_known()
        return self

    def wait_known(self, *names):
        """Until these (all) are up, and the proxy knows what they can."""
        for number, worker in enumerate(self.workers):
            if (names and worker.name not in names) or not worker.is_running():
                continue
            self.mux.wait_state(f"w{number + 1}", "up", LONG)
        alive = [w for w in self.workers if w.is_running() and (not names or w.name in names)]
        wait_until(lambda: all(w.report()["counts"].get("GET /object_info") for w in alive), "definitions are read", LONG)
        wait_until(lambda: self.call("GET", "/object_info").status == 200, "definitions are known", LONG)

    def wait_features(self):
        """Until all have told theirs: that is the last they are asked for at a start."""
        wait_until(lambda: all(w.report()["counts"].get("GET /features") for w in self.workers), "features", LONG)
        return self

    def restart_worker(self, number):
        """A worker of the same address, its memory empty."""
        old = self.workers[number]
        if old.is_running():
            old.kill()
        old.process.stdout.close()
        self.workers[number] = SimulatedWorker(old.name, *self.spec[number], "--port", old.port)
        return self.workers[number]

    # -- the API

    def call(self, method, target, body=None, headers=None, raw=None):
        fields = [("Content-Type", "application/json"), *(headers or {}).items()]
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        return Answer(self.mux.ask(target, method, fields, data))

    def get(self, target):
        answer = self.call("GET", target)
        assert answer.status == 200, (target, answer.status, answer.body[:500])
        return answer.json

    def post(self, target, body):
        answer = self.call("POST", target, body)
        assert answer.status == 200, (target, answer.status, answer.body[:500])
        return answer

    def submit(self, prompt=None, headers=None, **fields):
        """POST /prompt; .id if it was taken, .error if not. fields: client_id, prompt_id, number, front, extra_data."""
        return self.call("POST", "/prompt", {"prompt": graph() if prompt is None else prompt, **fields}, headers)

    def page(self, client_id=None, **more):
        return Page(self, client_id or str(uuid.uuid4()), **more)

    def history(self, prompt_id):
        return self.get(f"/history/{prompt_id}").get(prompt_id)

    def wait_history(self, prompt_id, seconds=None):
        return wait_until(lambda: self.history(prompt_id), f"the history has {prompt_id}", seconds or LONG)

    def outputs(self, prompt_id):
        """Images of all its nodes."""
        entry = self.history(prompt_id)
        assert entry, f"no history of {prompt_id}"
        return [image for output in entry["outputs"].values() for image in output.get("images", [])]

    def view(self, image):
        query = "&".join(f"{key}={image[key]}" for key in ("filename", "subfolder", "type"))
        return self.call("GET", "/view?" + query)

    def queue(self):
        """(running ids, pending ids by number)"""
        told = self.get("/queue")
        return ([item[1] for item in told["queue_running"]],
                [item[1] for item in sorted(told["queue_pending"], key=lambda item: item[0])])

    def remaining(self):
        return self.get("/prompt")["exec_info"]["queue_remaining"]

    # -- the workers, past the proxy

    def hold(self, *numbers, **fault):
        """Jobs stay in the middle, on all workers or on these, until go_on."""
        for number in numbers or range(len(self.workers)):
            self.workers[number].test(fault="hold", **fault)

    def go_on(self, *numbers):
        for number in numbers or range(len(self.workers)):
            if self.workers[number].is_running():
                self.workers[number].test(fault="none")

    def report(self, number):
        return self.workers[number].report()["jobs"]

    def running(self):
        """What each live worker runs, by its own id."""
        return [w.report()["jobs"]["running"] if w.is_running() else None for w in self.workers]

    def wait_running(self, *prompt_ids):
        """Until these run; the number of the worker of each."""
        wait_until(lambda: set(prompt_ids) <= set(self.running()), f"{prompt_ids} run", LONG)
        now = self.running()
        return [now.index(one) for one in prompt_ids]

    def ran_on(self, prompt_id):
        """Numbers of the workers that began it, in order of the workers."""
        return [i for i, w in enumerate(self.workers) if w.is_running()
                and prompt_id in w.report()["jobs"]["starts"]]

    def starts_of(self, number):
        return self.report(number)["starts"]

    def starts(self):
        """All ids that were begun, per worker."""
        return [w.report()["jobs"]["starts"] if w.is_running() else [] for w in self.workers]

    def wait_idle(self):
        wait_until(lambda: self.remaining() == 0, "no job is left", LONG)

    # -- between tests, and the end

    def begin(self):
        if self.remaining():  # of a test that failed
            self.post("/queue", {"clear": True})
            self.go_on()
        for worker in self.workers:
            worker.test(fault="none", reset=True, set={"job_ms": 200, "steps": 4})
        self.mux.announced.clear()
        self.seen = self.mux.mark()

    def end(self):
        """The test is over: jobs too, sockets closed, and nothing unexpected in the log."""
        for client in self.mux.clients:
            client.close()
        self.mux.clients.clear()
        self.go_on()
        self.wait_idle()
        assert self.mux.is_running(), f"it has ended:\n{self.mux.log_tail()}"
        wrong = self.mux.unannounced(self.seen)
        assert not wrong, "lines nobody announced:\n" + "\n".join(wrong[:30])

    def finish(self, settle=True):
        try:
            if getattr(self.mux, "ended_by_test", False):
                self.mux.kill()
                self.mux.check_log()
            else:
                self.mux.finish(settle)
        finally:
            self.kill()

    def kill(self):
        for mux in self.runs:
            mux.kill()
        for worker in self.workers:
            worker.close()
