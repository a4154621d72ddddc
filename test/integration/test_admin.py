"""Does the admin side tell the truth, in the right form, and only to us?"""
import json

import pytest

from harness import conf, tls, ws
from harness.client import RawClient
from harness.comfy import Comfy
from harness.mux import run
from harness.wait import wait_until
from harness.wire import make_request, make_response


@pytest.fixture
def mux(start, backend_of):
    workers = [Comfy("w1"), Comfy("w2")]
    backend_of.made.extend(workers)
    made = start(conf.config(workers, health={"interval": 0.3, "timeout": 1, "fall": 2, "rise": 1}))
    made.workers = workers
    made.announce("worker")
    return made


def as_json(mux, path):
    status, headers, text = mux.admin(path)
    assert headers["Content-Type"].startswith("application/json"), headers["Content-Type"]
    return status, json.loads(text)


# -- /metrics

def test_metrics_are_valid_prometheus_text_with_help_and_type(mux):
    for i in range(5):
        mux.ask(f"/{i}")
    status, headers, _ = mux.admin("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain")
    metrics = mux.metrics()  # the reader is strict
    assert all(name.startswith(("comfymux_", "process_")) for name in metrics.names())
    assert all(len(text) > 5 for text in metrics.helps.values())
    assert "histogram" in metrics.types.values() and "counter" in metrics.types.values() and "gauge" in metrics.types.values()
    assert all(name.endswith("_total") for name, kind in metrics.types.items() if kind == "counter")


@pytest.mark.parametrize("subject", ["latency|duration|seconds", "queue|jobs", "state|up", "retr", "clos", "bytes", "connections", "lag",
                                     "reload", "requests"])
def test_there_is_a_metric_of_everything_promised(mux, subject):
    mux.ask()
    assert mux.metrics().find(subject), f"no metric about {subject}"


def test_requests_are_counted_per_worker(mux):
    for _ in range(6):
        mux.ask()
    per_worker = {w: [v for k, v in mux.metrics().find("request|response", worker=w).items() if v == 3] for w in ("w1", "w2")}
    assert per_worker["w1"] and per_worker["w2"], "3 requests each"


def test_histograms_grow_with_requests(mux):
    def counted():
        return sum(v for k, v in mux.metrics().find("_count$", pool="pool", worker="w1").items())

    before = counted()
    for _ in range(4):
        mux.ask()
    assert counted() >= before + 2


def test_connections_go_up_and_down(mux):
    clients = [mux.client() for _ in range(7)]
    for client in clients:
        client.ask()
    assert mux.open_connections() == 7
    for client in clients:
        client.close()
    wait_until(lambda: mux.open_connections() == 0, "all have gone")


def test_the_state_of_a_worker_is_a_metric(mux):
    mux.workers[0].healthy = False
    mux.wait_state("w1", "down")
    states = {labels["state"]: value for name, labels, value in mux.metrics().samples
              if labels.get("worker") == "w1" and "state" in labels}
    assert states.get("down") == 1 and states.get("up") == 0


def test_a_label_cannot_break_the_text(start, backend):
    names = ['quote"', "back\\slash", "two words", "caf\u00e9", "{}=,"]
    mux = start(conf.config(pools=[conf.pool([conf.node(backend, n) for n in names])]))
    for _ in names:
        mux.ask()
    assert {labels["worker"] for _, labels, _ in mux.metrics().samples if "worker" in labels} == set(names)


# -- /nodes

@pytest.mark.parametrize("path", ["/nodes", "/api/v2/nodes"])
def test_nodes_tells_configuration_state_and_load(mux, path):
    for _ in range(4):
        mux.ask()
    status, told = as_json(mux, path)
    assert status == 200
    row = mux.nodes()["w1"]
    text = json.dumps(told)
    assert row["state"] == "up" and row["host"] == "127.0.0.1" and row["port"] == mux.workers[0].port
    assert row["max_concurrent"] >= 1 and row["weight"] == 1
    for word in ("since", "why", "jobs", "in_flight", "vram", "probe"):
        assert word in text, word


def test_nodes_tells_why_a_worker_is_down(mux):
    mux.workers[1].healthy = False
    mux.wait_state("w2", "down")
    assert "500" in json.dumps(mux.nodes()["w2"])


def test_nodes_counts_what_is_in_flight(mux):
    for worker in mux.workers:
        worker.stalled = True
    clients = [mux.client() for _ in range(4)]
    for client in clients:
        client.send(make_request("/slow"))
    wait_until(lambda: [n["in_flight"] for n in mux.nodes().values()] == [2, 2], "two each")
    for worker in mux.workers:
        worker.go_on()
    for client in clients:
        client.response()
    wait_until(lambda: [n["in_flight"] for n in mux.nodes().values()] == [0, 0], "none")


def test_metadata_and_capabilities_are_shown(start, backend):
    mux = start(conf.config(pools=[conf.pool([conf.node(
        backend, "w1", capabilities=["text_to_image"], metadata={"location": "rack 1", "gpu_model": "RTX 4090"})])]))
    text = mux.admin("/nodes")[2]
    assert "text_to_image" in text and "rack 1" in text and "RTX 4090" in text


# -- /api/v2/health

def test_health_is_200_while_every_pool_has_a_worker(mux):
    assert as_json(mux, "/api/v2/health")[0] == 200
    mux.workers[0].healthy = False
    mux.wait_state("w1", "down")
    assert as_json(mux, "/api/v2/health")[0] == 200
    mux.workers[1].healthy = False
    mux.wait_state("w2", "down")
    assert as_json(mux, "/api/v2/health")[0] == 503


def test_one_pool_without_a_worker_is_enough_for_503(start, backend):
    mux = start(conf.config(pools=[conf.pool([backend]), conf.pool([conf.node(backend, "x", drain=True)], "empty")]))
    status, told = as_json(mux, "/api/v2/health")
    assert status == 503 and "empty" in json.dumps(told)


# -- /api/v2/config

def test_config_is_the_effective_one_without_secrets(start, backend, folder):
    settings = tls.settings("comfy.test")
    mux = start(conf.config([backend], servers=[
        {"listen": ["127.0.0.1:0"], "tls": settings, "locations": [{"path": "/", "pool": "pool"}]}]))
    status, told = as_json(mux, "/api/v2/config")
    assert status == 200 and told["timeouts"]["header"] == 5 and told["pools"][0]["name"] == "pool"
    with open(settings["key"], encoding="ascii") as key:
        secret = key.read().splitlines()[1]
    assert secret not in json.dumps(told) and "PRIVATE" not in json.dumps(told)


def test_it_is_what_capital_t_prints(start, backend):
    mux = start(conf.config([backend]))
    _, told = as_json(mux, "/api/v2/config")
    code, out, _ = run("-T", "-c", mux.file)
    assert code == 0 and json.loads(out) == told


def test_it_changes_with_a_reload(start, backend):
    mux = start(conf.config([backend]))
    mux.reload_ok(conf.config([backend], timeouts={"header": 7}))
    assert as_json(mux, "/api/v2/config")[1]["timeouts"]["header"] == 7


# -- what else

@pytest.mark.parametrize("path", ["/", "/none", "/nodes/w1", "/metricsx", "/api/v2"])
def test_other_paths_are_a_404(mux, path):
    assert mux.admin(path)[0] == 404


@pytest.mark.parametrize("path", ["/../etc/passwd", "/%2e%2e/x"])
def test_paths_above_the_root_are_a_400(mux, path):
    assert mux.admin(path)[0] == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/nodes", "/metrics", "/api/v2/config"])
def test_it_is_read_only(mux, method, path):
    assert mux.admin(path, method, b"{}")[0] in (405, 501)


def test_on_a_unix_socket_too(short_folder, start, backend):
    path = f"{short_folder}/admin.sock"
    mux = start(conf.config([backend], admin={"listen": f"unix:{path}"}))
    assert mux.admin("/nodes")[0] == 200 and mux.metrics().names()


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:9188"])
def test_it_refuses_to_listen_beyond_this_machine(start, backend, listen):
    mux = start(conf.config([backend], admin={"listen": listen}), wait=False)
    mux.ended_by_test = True
    mux.announce(level="error")
    assert mux.wait_exit() == 1


def test_without_an_admin_section_there_is_none(start, backend):
    config = conf.config([backend])
    del config["admin"]
    mux = start(config)
    assert mux.ask().status == 200
    mux.signal(15)
    mux.ended_by_test = True
    assert mux.wait_exit() == 0
    assert not mux.events("admin_listening")


def test_the_proxys_own_ports_show_none_of_it(mux):
    for path in ("/metrics", "/nodes", "/api/v2/config"):
        assert b"comfymux_" not in mux.ask(path).body


def test_an_idle_or_broken_admin_client_does_not_hurt(mux):
    where = mux.listening(event="admin_listening")
    clients = [RawClient(where) for _ in range(20)]
    clients[0].send(b"GET /nodes HTTP/1.1\r\nHo")
    clients[1].send(b"\x00\xff\x00nonsense\r\n\r\n")
    clients[2].send(b"GET /nodes HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n")
    clients[3].send(b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n")
    assert mux.ask().status == 200 and mux.admin("/nodes")[0] == 200
    for client in clients:
        client.close()


def test_tunnels_are_counted(start, backend):
    backend.script = ws.echo_script
    mux = start(conf.config([backend]))
    clients = [mux.client() for _ in range(3)]
    for client in clients:
        ws.open_socket(client)
    assert 3 in mux.metrics().find("tunnels").values()


def test_bytes_are_counted(start, backend):
    backend.answer = make_response(b"x" * 100000)
    mux = start(conf.config([backend]))
    mux.ask(method="POST", body=b"y" * 50000)
    counted = mux.metrics().find("bytes")
    assert any(100000 <= v < 102000 for v in counted.values()) and any(50000 <= v < 52000 for v in counted.values()), counted
