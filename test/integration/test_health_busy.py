"""A ComfyUI that encodes a large preview is silent for seconds. Is it left alone?"""
import pytest

from harness import conf, ws
from harness.comfy import Comfy, worker_of
from harness.wait import stays, wait_until
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
    for worker in two:
        wait_until(lambda w=worker: len(w.probes()) >= 3, "it is known to be fit")
    return made


def hear_from(mux, worker, how="tunnel"):
    """Something that runs on that worker and sends a byte every 100 ms."""
    for _ in range(4):
        client = mux.client()
        target = f"/{how}-{len(worker.requests)}"
        if how == "tunnel":
            ws.open_socket(client, target)
        else:
            target = "/stream"
            before = len([r for r in worker.requests if r.target == target])
            client.send(make_request(target))
            client.response_head()
            if len([r for r in worker.requests if r.target == target]) > before:
                return client
        if any(r.target == target for r in worker.requests):
            return client
        client.close()
    raise AssertionError("no turn came to this worker")


def test_it_is_busy_while_it_is_heard_elsewhere_and_down_when_it_is_not(mux, two):
    client = hear_from(mux, two[0])
    two[0].silent_probes = True
    mux.wait_state("w1", "busy")
    stays(lambda: mux.nodes()["w1"]["state"] == "busy", "busy", 2)
    assert {worker_of(mux.ask()) for _ in range(6)} == {"w2"}, "new work goes to those who are fit"
    client.exactly(5)  # its tunnel was kept
    two[0].talking = False
    mux.wait_state("w1", "down")
    two[0].go_on()
    mux.wait_state("w1", "up")


def test_it_still_gets_work_when_nobody_else_is_there(mux, two):
    hear_from(mux, two[0])
    two[0].silent_probes = True
    two[1].refuse()
    two[1].forget()
    mux.wait_state("w1", "busy")
    mux.wait_state("w2", "down")
    assert worker_of(mux.ask()) == "w1"
    two[0].go_on()


def test_a_good_probe_makes_it_fit_again(mux, two):
    hear_from(mux, two[0])
    two[0].silent_probes = True
    mux.wait_state("w1", "busy")
    two[0].go_on()
    mux.wait_state("w1", "up")


def test_bytes_of_an_ordinary_answer_count_as_well(mux, two):
    """A long download from it is a sign of life."""
    hear_from(mux, two[0], "stream")
    two[0].silent_probes = True
    mux.wait_state("w1", "busy")
    stays(lambda: mux.nodes()["w1"]["state"] == "busy", "busy", 2)
    two[0].go_on()


def test_a_refused_probe_is_no_silence(mux, two):
    """Busy is for those who do not answer; one that refuses connections is not fit, whatever else it says."""
    hear_from(mux, two[0])
    two[0].refuse()
    wait_until(lambda: mux.nodes()["w1"]["state"] != "up", "it is seen")
    assert {worker_of(mux.ask()) for _ in range(6)} == {"w2"}


def test_the_changes_are_told(mux, two):
    hear_from(mux, two[0])
    two[0].silent_probes = True
    mux.wait_state("w1", "busy")
    two[0].talking = False
    mux.wait_state("w1", "down")
    told = [(line["from"], line["to"]) for line in mux.events("worker_state", worker="w1")]
    assert told == [("up", "busy"), ("busy", "down")]
    two[0].go_on()
