"""Does a drained worker get nothing new, and does what runs there finish?"""
import pytest

from harness import conf, ws
from harness.comfy import Comfy, worker_of
from harness.wait import Stopwatch, wait_until
from harness.wire import make_request


@pytest.fixture
def two(backend_of):
    made = [Comfy("w1"), Comfy("w2")]
    backend_of.made.extend(made)
    return made


def config_of(workers, drained=(), timeouts=None, keys=()):
    return conf.config(timeouts=timeouts, pools=[conf.pool(
        [conf.node(w, w.name, drain=w.name in drained) for w in workers],
        load_balancing={"strategy": "round_robin", "sticky": {"keys": list(keys)}})])


def tunnel_to(mux, worker, workers):
    """A tunnel that ends at that worker."""
    for one in workers:
        one.script = ws.echo_script
        one.forget()
    while True:
        client = mux.client()
        ws.open_socket(client)
        if worker.requests:
            break
        client.close()
    return client


def echoes(client):
    client.send(b"still here?")
    return client.exactly(11) == b"still here?"


def test_a_drained_worker_gets_nothing_new(start, two):
    mux = start(config_of(two, {"w1"}))
    assert {worker_of(mux.ask()) for _ in range(6)} == {"w2"}
    state = mux.nodes()["w1"]["state"]
    assert "drain" in state


def test_sticky_clients_of_a_drained_worker_move(start, two):
    mux = start(config_of(two, keys=["ip"]))
    first = worker_of(mux.ask())
    mux.reload_ok(config_of(two, {first}, keys=["ip"]))
    assert worker_of(mux.ask()) != first


@pytest.mark.parametrize("how", ["drain", "removal"])
def test_a_running_tunnel_goes_on(start, two, how):
    mux = start(config_of(two))
    client = tunnel_to(mux, two[0], two)
    mux.reload_ok(config_of(two, {"w1"}) if how == "drain" else config_of(two[1:]))
    assert echoes(client)
    for worker in two:
        worker.script = Comfy.serve.__get__(worker)
    assert {worker_of(mux.ask()) for _ in range(4)} == {"w2"}
    assert echoes(client)


@pytest.mark.parametrize("how", ["drain", "removal"])
def test_a_running_request_finishes(start, two, how):
    mux = start(config_of(two))
    for worker in two:
        worker.stalled = True
    clients = [mux.client(), mux.client()]
    for client in clients:
        client.send(make_request("/slow"))
    wait_until(lambda: all(w.requests for w in two), "both run")
    mux.reload_ok(config_of(two, {"w1"}) if how == "drain" else config_of(two[1:]))
    for worker in two:
        worker.go_on()
    assert {worker_of(c.response()) for c in clients} == {"w1", "w2"}


def test_what_does_not_end_is_ended_after_timeouts_drain(start, two):
    mux = start(config_of(two, timeouts={"drain": 0.5}))
    mux.announce()
    client = tunnel_to(mux, two[0], two)
    watch = Stopwatch()
    mux.reload_ok(config_of(two[1:], timeouts={"drain": 0.5}))
    client.rest()
    assert 0.3 < watch.seconds() < 6


def test_a_removed_workers_idle_connections_are_closed(start, two):
    mux = start(config_of(two))
    for _ in range(4):
        mux.ask()
    mux.reload_ok(config_of(two[1:]))
    two[0].wait_over(6)


def test_a_drained_worker_can_come_back(start, two):
    mux = start(config_of(two, {"w1"}))
    mux.reload_ok(config_of(two))
    assert {worker_of(mux.ask()) for _ in range(4)} == {"w1", "w2"}
