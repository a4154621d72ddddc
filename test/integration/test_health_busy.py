"""A ComfyUI that encodes a large preview is silent for seconds. Is it left alone?"""
import threading

import pytest

from harness import conf, ws
from harness.comfy import Comfy, worker_of
from harness.wait import stays
from harness.wire import make_request

HEALTH = {"interval": 0.2, "timeout": 0.2, "rise": 2, "fall": 2, "heartbeat_timeout": 1.5}


@pytest.fixture
def two(backend_of):
    made = [Comfy("w1"), Comfy("w2")]
    backend_of.made.extend(made)
    return made


@pytest.fixture
def mux(start, two):
    made = start(conf.config(two, health=HEALTH, timeouts={"read": 15}))
    made.announce()
    made.wait_state("w1", "up")
    return made


def talker(mux, worker, stop):
    """A tunnel to `worker` on which it sends a byte every 100 ms until `stop`."""
    def script(conn):
        request = conn.request()
        if request.target != "/ws":
            return
        conn.send(ws.switching(request.get("sec-websocket-key")))
        while not stop.wait(0.1):
            conn.send(b"p")
        conn.rest()

    old, worker.script = worker.script, script
    other = [w for w in mux.backends_of_test if w is not worker]
    client = mux.client()
    for w in other:
        w.refuse()
    client.send(ws.upgrade_request("/ws"))
    assert client.response().status == 101
    worker.script = old
    for w in other:
        w.listen()
    return client


def test_it_is_busy_while_it_is_heard_elsewhere_and_down_when_it_is_not(mux, two):
    mux.backends_of_test = two
    stop = threading.Event()
    client = talker(mux, two[0], stop)
    two[0].silent_probes = True
    mux.wait_state("w1", "busy")
    stays(lambda: mux.nodes()["w1"]["state"] == "busy", "busy", 2)
    assert {worker_of(mux.ask()) for _ in range(6)} == {"w2"}, "new work goes to those who are fit"
    client.exactly(1)  # its tunnel was kept
    stop.set()
    mux.wait_state("w1", "down")
    two[0].go_on()
    mux.wait_state("w1", "up")


def test_it_still_gets_work_when_nobody_else_is_there(mux, two):
    mux.backends_of_test = two
    stop = threading.Event()
    talker(mux, two[0], stop)
    two[0].silent_probes = True
    two[1].refuse()
    two[1].forget()
    mux.wait_state("w1", "busy")
    mux.wait_state("w2", "down")
    assert worker_of(mux.ask()) == "w1"
    stop.set()
    two[0].go_on()


def test_a_good_probe_makes_it_fit_again(mux, two):
    mux.backends_of_test = two
    stop = threading.Event()
    talker(mux, two[0], stop)
    two[0].silent_probes = True
    mux.wait_state("w1", "busy")
    two[0].go_on()
    mux.wait_state("w1", "up")
    stop.set()


def test_bytes_of_an_ordinary_answer_count_as_well(mux, two):
    """A long download from it is a sign of life."""
    stop = threading.Event()

    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not stop.wait(0.1):
            conn.send(b"d")
        conn.close()

    old = two[0].script, two[1].script
    two[0].script = two[1].script = script
    for worker in two:
        worker.forget()
    client = mux.client()
    client.send(make_request("/view"))
    client.exactly(50)
    two[0].script, two[1].script = old
    talking = next(w for w in two if w.requests and w.requests[-1].target == "/view")
    name = talking.name
    talking.silent_probes = True
    mux.wait_state(name, "busy")
    stop.set()
    talking.go_on()
