"""A worker says what no ComfyUI says. Does the proxy live, do others' jobs run, and is none lost when that worker goes?"""
import json
import struct
import uuid

import pytest

from harness import conf, ws
from harness.backend import Backend
from harness.fleet import Event, plain
from harness.wait import wait_until
from harness.wire import make_response
from test_fleet_files import config_of

pytestmark = pytest.mark.seconds(90)


def json_answer(value, status=200):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return make_response(body, status, "Told", [("Content-Type", "application/json")])


def event(kind, **told):
    return ws.frame(json.dumps({"type": kind, "data": told}))


def long_head(octets, opcode=ws.TEXT, fin=True):
    return bytes([(0x80 if fin else 0) | opcode, 127]) + struct.pack("!Q", octets)


DEEP = b"[" * 300000 + b"]" * 300000
ODD_IDS = ["", None, 5, "x" * 100000, str(uuid.uuid4()), "\0", '"', {"a": 1}, [1], True]
# What it says on each WebSocket, after its status.
SAID = {
    "masked": ws.frame('{"type":"x","data":{}}', mask=True),
    "reserved bits": b"\xf1\x02hi",
    "a reserved opcode": b"\x83\x02hi",
    "a frame of 1 GiB": long_head(1 << 30) + b"x" * 100000,
    "a frame of 2^63 octets": long_head((1 << 63) | 5) + b"x" * 1000,
    "no UTF-8": b"\x81\x04\xff\xfe\xfd\xfc",
    "endless fragments": b"\x01\x01a" + b"\x00\x00" * 500000,
    "a nest": ws.frame(b'{"type":"executed","data":' + DEEP + b"}"),
    "8 MB": ws.frame(json.dumps({"type": "executed", "data": {"prompt_id": "x", "output": "y" * 8000000}})),
    "odd prompt_ids": b"".join(event(kind, prompt_id=one, node=None) for one in ODD_IDS for kind in (
        "execution_start", "executing", "executed", "execution_success", "execution_error", "progress")),
    "broken binary frames": b"".join(ws.frame(data, ws.BINARY) for data in (
        b"", b"\0", b"\0\0\0\1", b"\0\0\0\4\xff\xff\xff\xff", b"\0\0\0\4\0\0\0\5{", b"\0\0\0\3\xff\xff\xff\xffx",
        b"\0\0\0\x63abc", b'\0\0\0\4\0\0\0\x0c{"prompt_id":')),
    "half a close": b"\x88\x01x",
    "half a frame": b"\x81\x7e\x10",
    "statuses": event("status", status={"exec_info": {"queue_remaining": 7}}) * 50000,
    "pings": ws.frame(b"p" * 125, ws.PING) * 5000,
}
ANSWERS = {  # path: what it answers there, method and all
    "a short prompt_id": ("POST", "/prompt", json_answer({"prompt_id": "x"})),
    "an odd prompt_id": ("POST", "/prompt", json_answer({"prompt_id": "a b/../../queue#"})),
    "half an answer to a prompt": ("POST", "/prompt", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"prompt"),
    "half a head": ("POST", "/prompt", b"HTTP/1.1 20"),
    "a page for /object_info": ("GET", "/object_info", make_response(b"<html>", fields=[("Content-Type", "text/html")])),
    "a nest for /object_info": ("GET", "/object_info", json_answer(b'{"KSampler":' + DEEP + b"}")),
    "odd classes": ("GET", "/object_info", json_answer({
        "KSampler": 5, "SaveImage": {"input": []}, "": {}, "a\0": {"input": {}}, "X": {"input": {"required": {
            "a": ["q"], "b": [[1, 2, {"a": 1}], {}], "c": [], "d": 5, "e": ["COMBO", {"options": 5}]}},
            "output": 5, "output_node": "yes", "input_order": 7}})),
    "endless chunks": ("GET", "/object_info", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                       + b"1\r\n \r\n" * 100000),
    "a history of another": ("GET", "/history", json_answer({str(uuid.uuid4()): {"prompt": [], "outputs": {}}})),
    "a history that is none": ("GET", "/history", json_answer(DEEP)),
    "a queue that is none": ("GET", "/queue", json_answer({"queue_running": 5, "queue_pending": [[], [1], ["x", {}]]})),
    "odd devices": ("GET", "/system_stats", json_answer(
        b'{"system":5,"devices":[5,{"vram_total":-1},{"vram_total":1e400},{"vram_total":"x"},null]}')),
}


class Hostile(Backend):
    """Looks like a worker, but for what it says on a WebSocket and for one answer. Takes jobs and never runs them."""

    def __init__(self, info, said=b"", answer=None):
        super().__init__(self._serve)
        self.info, self.said, self.odd = info, said, answer

    def _serve(self, conn):
        while (request := conn.request()) is not None:
            if request.has("upgrade"):
                conn.send(ws.switching(request.get("sec-websocket-key")))
                conn.send(event("status", status={"exec_info": {"queue_remaining": 0}}, sid="x") + self.said)
                while conn.some():
                    pass
                return
            answer = self._answer(request)
            conn.send(answer)
            if self.odd and answer is self.odd[2]:
                return

    def _answer(self, request):
        path = request.target.partition("?")[0]
        if self.odd and request.method == self.odd[0] and path.startswith(self.odd[1]):
            return self.odd[2]
        if path == "/object_info":
            return json_answer(self.info)
        if path == "/queue" and request.method == "GET":
            return json_answer({"queue_running": [], "queue_pending": []})
        if path == "/prompt":
            told = {"exec_info": {"queue_remaining": 0}}
            if request.method == "POST":
                told = {"prompt_id": json.loads(request.body)["prompt_id"], "number": 1, "node_errors": {}}
            return json_answer(told)
        return json_answer({})


@pytest.fixture
def check(start, workers, backend_of):
    def run(**more):
        worker = workers[0]
        info = json.dumps(worker.call("GET", "/object_info")[1]).encode()
        hostile = Hostile(info, **more)
        backend_of.made.append(hostile)
        config = config_of(workers[:1])
        config["pools"][0]["static_nodes"].append(conf.node(hostile, "hostile", max_concurrent=1))
        mux = start(config)
        for level in ("warn", "error"):
            mux.announce(level=level)
        mux.worker_ports |= {worker.port, hostile.port}
        mux.wait_state(worker.name, "up")
        wait_until(lambda: mux.ask("/object_info").status == 200, "definitions are known", 20)
        client = mux.client(patience=20)
        ws.open_socket(client, "/ws?clientId=me")
        jobs = [submit(mux, number) for number in range(4)]
        for target in ("/queue", "/history", "/api/jobs", "/system_stats", "/object_info"):
            response = mux.ask(target)
            assert response.status == 200 and isinstance(json.loads(response.body), dict), (target, response.status)
        hostile.close()
        for job in jobs:
            wait_until(lambda one=job: json.loads(mux.ask(f"/history/{one}").body), f"{job} has ended", 40)
        ends = set()
        while len(ends) < len(jobs):
            opcode, payload = ws.read_frame(client)
            if opcode == ws.TEXT and (one := Event(opcode, payload)).is_end():
                ends.add(one.prompt_id)
        assert ends == set(jobs)
        client.close()
    return run


def submit(mux, number):
    """A worker that takes a job without giving it an id is no ComfyUI; its answer is the client's. Then another one."""
    body = json.dumps({"prompt": plain(number), "client_id": "me"}).encode()
    for _ in range(5):
        response = mux.ask("/prompt", "POST", [("Content-Type", "application/json")], body)
        if response.status == 200:
            return json.loads(response.body)["prompt_id"]
        assert response.status in (302, 400, 502, 503), response.status
    raise AssertionError("nobody took the job")


@pytest.mark.parametrize("what", SAID)
def test_on_a_socket(check, what):
    check(said=SAID[what])


@pytest.mark.parametrize("what", ANSWERS)
def test_as_an_answer(check, what):
    check(answer=ANSWERS[what])
