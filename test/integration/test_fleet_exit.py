"""The proxy ends while something is under way: is all given back? (The sanitizers tell.)"""
import json

from harness import conf
from harness.client import RawClient
from harness.fleet import LONG
from harness.scripted import GRAPH, Scripted, ScriptedFleet
from harness.wait import wait_until
from harness.wire import make_request

JSON = [("Content-Type", "application/json")]


def test_two_fleets_with_jobs(start, backend_of):
    workers = [Scripted("w1"), Scripted("w2")]
    backend_of.made += workers
    names = ["first", "second"]
    hosts = ["127.0.0.1:0", "127.0.0.2:0"]
    mux = start({
        "access_log": {"file": "off"}, "error_log": {"level": "debug"}, "admin": {"listen": "127.0.0.1:0"},
        "pools": [{"name": name, "mode": "fleet", "health_check": {"interval": 0.2}, "static_nodes": [
            conf.node(worker, worker.name, max_concurrent=3)]} for name, worker in zip(names, workers)],
        "servers": [{"listen": [host], "locations": [{"path": "/", "pool": name}]}
                    for name, host in zip(names, hosts)]})
    for worker, host in zip(workers, hosts):
        mux.wait_state(worker.name, "up", LONG)
        port = int(mux.wait_event("listening", configured=host).get("address").rpartition(":")[2])
        with RawClient((host.partition(":")[0], port)) as client:
            for _ in range(3):
                body = json.dumps({"prompt": GRAPH, "client_id": "me"}).encode()
                answer = client.ask("/prompt", "POST", JSON, body)
                assert answer.status == 200, answer.body
        wait_until(lambda one=worker: len(one.pending) == 3, "all are placed", LONG)
    mux.announce(level="warn")
    mux.finish(settle=False)
    mux.ended_by_test = True


def test_writes_whose_clients_left(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet)
    worker = fleet.workers[0]
    write = worker.hold("POST", "/userdata")
    clients = [RawClient(fleet.mux.address) for _ in range(4)]
    for client in clients:
        client.send(make_request("/userdata/x.json", "POST", JSON, b"{}"))
    write.wait_asked(len(clients))
    for client in clients:
        client.close()
    wait_until(lambda: sum("/userdata/" in str(line) for line in fleet.mux.exchanges()) == len(clients),
               "all have left", LONG)
    fleet.mux.finish(settle=False)
    fleet.mux.ended_by_test = True
