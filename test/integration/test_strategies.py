"""Does each strategy, seen from outside, send requests where it says?"""
import collections

import pytest

from harness import conf
from harness.comfy import Comfy, worker_of
from harness.wait import wait_until
from harness.wire import make_request

NAMES = ["least_loaded", "least_conn", "round_robin", "weighted", "priority_based", "ip_hash", "hash", "random_two",
         "least_time"]


@pytest.fixture
def fleet(backend_of):
    def make(count):
        made = [Comfy(f"w{i + 1}") for i in range(count)]
        backend_of.made.extend(made)
        return made

    return make


def pool_of(workers, strategy, more=(), **balancing):
    extra = list(more) + [{}] * len(workers)
    members = [conf.node(w, w.name, **extra[i]) for i, w in enumerate(workers)]
    return conf.pool(members, load_balancing={"strategy": strategy, "load_interval": 0.2, **balancing})


def run(mux, count, **more):
    return [worker_of(mux.ask(**more)) for _ in range(count)]


def client_of(network):
    """An address of this machine: the third number is what nginx's ip_hash looks at."""
    return f"127.0.{network}.1"


@pytest.mark.parametrize("strategy", NAMES)
def test_every_strategy_serves(start, fleet, strategy):
    mux = start(conf.config(pools=[pool_of(fleet(3), strategy)]))
    assert set(run(mux, 10)) <= {"w1", "w2", "w3"}


@pytest.mark.parametrize("strategy", NAMES)
def test_every_strategy_avoids_a_drained_worker(start, fleet, strategy):
    mux = start(conf.config(pools=[pool_of(fleet(3), strategy, [{}, {"drain": True}])]))
    told = [worker_of(mux.ask(source=client_of(i))) for i in range(15)]
    assert "w2" not in told


@pytest.mark.parametrize("strategy", NAMES)
def test_every_strategy_uses_a_backup_only_when_the_others_are_out(start, fleet, strategy):
    workers = fleet(2)
    mux = start(conf.config(pools=[pool_of(workers, strategy, [{}, {"backup": True}])]))
    mux.announce()
    assert set(run(mux, 10)) == {"w1"}
    workers[0].refuse()
    workers[0].forget()
    assert set(run(mux, 5)) == {"w2"}


def test_round_robin_takes_turns(start, fleet):
    mux = start(conf.config(pools=[pool_of(fleet(3), "round_robin")]))
    told = run(mux, 9)
    assert told == told[:3] * 3 and set(told) == {"w1", "w2", "w3"}


def test_round_robin_is_weighted_and_smooth(start, fleet):
    """Weights 5 1 1: a a b a c a a, nginx's order, and never five in a row and then the rest."""
    mux = start(conf.config(pools=[pool_of(fleet(3), "round_robin", [{"weight": 5}])]))
    told = run(mux, 14)
    assert told == ["w1", "w1", "w2", "w1", "w3", "w1", "w1"] * 2


def test_weighted_goes_by_weight_at_random(start, fleet):
    mux = start(conf.config(pools=[pool_of(fleet(2), "weighted", [{"weight": 9}, {"weight": 1}])]))
    with mux.client() as client:
        count = collections.Counter(worker_of(client.ask()) for _ in range(600))
    assert 20 < count["w2"] < 120, count  # 60 expected, sigma 7.3


def test_priority_based_takes_the_lowest_number(start, fleet):
    mux = start(conf.config(pools=[pool_of(fleet(3), "priority_based", [
        {"metadata": {"priority": 2}}, {"metadata": {"priority": 1}}, {"metadata": {"priority": 3}}])]))
    assert set(run(mux, 8)) == {"w2"}


def test_priority_based_goes_on_when_that_one_is_full(start, fleet):
    workers = fleet(2)
    mux = start(conf.config(pools=[pool_of(workers, "priority_based", [
        {"metadata": {"priority": 1}, "max_concurrent": 2}, {"metadata": {"priority": 2}, "max_concurrent": 2}])]))
    workers[0].queue = 2
    known(mux, workers[0])
    assert mux.ask("/prompt", "POST", body=b"{}").status == 200
    assert len(workers[1].jobs()) == 1


def known(mux, worker, count=2):
    """Until the proxy has asked for the load again, after the last change."""
    before = sum(r.method == "GET" and r.target == "/prompt" for r in worker.requests)
    worker.wait_for(lambda: sum(r.method == "GET" and r.target == "/prompt" for r in worker.requests) >= before + count,
                 "the load was asked for", 8)
    assert mux.is_running()


def nginx_ip_hash(address, count):
    """facts/nginx.md; equal weights."""
    value = 89
    for octet in address.split(".")[:3]:
        value = (value * 113 + int(octet)) % 6271
    return value % count


def test_ip_hash_is_nginxs(start, fleet):
    mux = start(conf.config(pools=[pool_of(fleet(4), "ip_hash")]))
    for network in range(0, 120, 7):
        wanted = f"w{nginx_ip_hash(client_of(network), 4) + 1}"
        assert worker_of(mux.ask(source=client_of(network))) == wanted, network


def test_ip_hash_counts_three_octets(start, fleet):
    mux = start(conf.config(pools=[pool_of(fleet(4), "ip_hash")]))
    assert len({worker_of(mux.ask(source=f"127.0.9.{i}")) for i in range(1, 12)}) == 1


def test_ip_hash_with_weights_is_nginxs(start, fleet):
    mux = start(conf.config(pools=[pool_of(fleet(2), "ip_hash", [{"weight": 3}, {"weight": 1}])]))
    for network in range(0, 60, 5):
        wanted = "w1" if nginx_ip_hash(client_of(network), 4) < 3 else "w2"
        assert worker_of(mux.ask(source=client_of(network))) == wanted, network


def test_hash_keeps_a_key_on_its_worker_and_moves_few_when_one_leaves(start, fleet):
    """Consistent: those of the lost worker spread, the others stay."""
    workers = fleet(4)
    pools = pool_of(workers, "hash", sticky={"keys": ["ip"], "ttl": 3600})
    mux = start(conf.config(pools=[pools]))
    mux.announce()
    before = {n: worker_of(mux.ask(source=client_of(n))) for n in range(40)}
    assert len(set(before.values())) == 4
    assert before == {n: worker_of(mux.ask(source=client_of(n))) for n in range(40)}
    workers[0].refuse()
    workers[0].forget()
    after = {n: worker_of(mux.ask(source=client_of(n))) for n in range(40)}
    assert all(after[n] == before[n] for n in before if before[n] != "w1")
    assert "w1" not in after.values()


def test_least_conn_avoids_the_one_with_tunnels_and_running_requests(start, fleet):
    workers = fleet(2)
    mux = start(conf.config(pools=[pool_of(workers, "least_conn")]))
    first = mux.client()
    for worker in workers:
        worker.stalled = True
    first.send(make_request("/slow"))
    wait_until(lambda: any(w.requests for w in workers), "it runs")
    busy = next(w for w in workers if w.requests)
    for worker in workers:
        if worker is not busy:
            worker.stalled = False
    assert set(run(mux, 6)) == {w.name for w in workers if w is not busy}
    busy.go_on()
    assert first.response().status == 200


def test_least_time_prefers_the_fast_one(start, fleet):
    workers = fleet(2)
    reply = workers[0].reply

    def slow(request, path):
        workers[0].gone_on.wait(0.05)
        return reply(request, path)

    workers[0].reply = slow
    mux = start(conf.config(pools=[pool_of(workers, "least_time")]))
    run(mux, 8)
    assert run(mux, 12).count("w2") >= 10


def test_random_two_spreads(start, fleet):
    mux = start(conf.config(pools=[pool_of(fleet(4), "random_two")]))
    with mux.client() as client:
        count = collections.Counter(worker_of(client.ask()) for _ in range(200))
    assert len(count) == 4 and min(count.values()) > 15, count


def test_pools_have_strategies_of_their_own(start, fleet):
    workers = fleet(4)
    first = pool_of(workers[:2], "round_robin")
    second = {**pool_of(workers[2:], "priority_based", [{"metadata": {"priority": 1}}, {"metadata": {"priority": 2}}]),
              "name": "other"}
    mux = start(conf.config(pools=[first, second], servers=[{"listen": ["127.0.0.1:0"], "locations": [
        {"path": "/", "pool": "pool"}, {"path": "/other/", "pool": "other"}]}]))
    assert set(run(mux, 6)) == {"w1", "w2"}
    assert set(run(mux, 6, target="/other/x")) == {"w3"}
