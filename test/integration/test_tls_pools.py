"""Pools whose workers speak TLS: is everything that goes there sent over it, and is a wrong certificate a failure?"""
import json
import re
import socket
import ssl
import threading

import pytest

from harness import conf, ws
from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.tls_worker import Authority, TLSWorker
from harness.wait import wait_until
from harness.workers import SimulatedWorker, small_graph


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def worker_of(authority):
    made = []

    def make(name="worker.test", **more):
        made.append(TLSWorker(authority.of(name), **more))
        return made[-1]

    yield make
    for worker in made:
        worker.close()


class Front:
    """TLS in front of a worker that knows none."""

    def __init__(self, certificate, port):
        self.context, self.behind, self.sockets = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), port, []
        self.context.load_cert_chain(*certificate)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port, self.host = self.listener.getsockname()[1], "127.0.0.1"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            tls = self.context.wrap_socket(sock, server_side=True)
            plain = socket.create_connection(("127.0.0.1", self.behind))
        except (OSError, ValueError):
            sock.close()
            return
        self.sockets += [tls, plain]
        tls.settimeout(0.02)
        threading.Thread(target=self._pump_up, args=(tls, plain), daemon=True).start()
        self._pump_down(tls, plain)

    @staticmethod
    def _pump_up(tls, plain):
        try:
            while True:
                try:
                    piece = tls.recv(65536)
                except (TimeoutError, ssl.SSLWantReadError):
                    continue
                if not piece:
                    break
                plain.sendall(piece)
            plain.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            pass

    @staticmethod
    def _pump_down(tls, plain):
        try:
            while piece := plain.recv(65536):
                while piece:
                    try:
                        piece = piece[tls.send(piece):]
                    except TimeoutError:
                        continue
            tls.unwrap()
        except (OSError, ValueError):
            pass
        for sock in (tls, plain):
            sock.close()

    def close(self):
        self.listener.close()
        for sock in self.sockets:
            sock.close()


def tls(authority, name="worker.test", **more):
    return {"trusted_certificate": str(authority.file), "name": name, **more}


def one_pool(worker, settings, **more):
    return conf.config(pools=[conf.pool([worker.port], tls=settings, **more)])


def test_requests_and_websockets_go_over_tls(start, worker_of, authority):
    worker = worker_of()
    mux = start(one_pool(worker, tls(authority)))
    assert mux.ask("/100000").body.startswith(b"0123456789")
    assert worker.names == ["worker.test"]
    with mux.client() as client:
        ws.open_socket(client, "/ws", ())
        client.send(b"there and back")
        assert client.exactly(14, "the echo") == b"there and back"


def test_a_kept_connection_is_used_again(start, worker_of, authority):
    worker = worker_of()
    mux = start(one_pool(worker, tls(authority)))
    for _ in range(3):
        assert mux.ask("/10").status == 200
    assert {number for number, _ in worker.requests} == {1}


@pytest.mark.parametrize("settings, status", [({}, 200), ({"name": "other.test"}, 502), ({"name": "other.test", "verify": False}, 200),
                                              ({"min_version": "1.3"}, 502)], ids=["right", "other name", "not asked", "too old"])
def test_who_is_believed(start, worker_of, authority, settings, status):
    worker = worker_of(version=ssl.TLSVersion.TLSv1_2)
    mux = start(one_pool(worker, {**tls(authority), **settings}))
    if status != 200:
        mux.announce("upstream_tls_failed|worker_failed|no_worker")
    assert mux.ask("/10").status == status
    assert len(worker.requests) == (status == 200)


PROBED = {"interval": 0.1, "timeout": 2, "rise": 1, "fall": 1, "path": "/10"}


def probed(mux):
    """There may be a probe, with its pair of sockets, at any moment: how many were held at the start means nothing."""
    mux.baseline = None
    return mux


def test_probes_go_over_tls(worker_of, start, authority):
    worker = worker_of()
    probed(start(one_pool(worker, tls(authority), health_check=PROBED)))
    wait_until(lambda: len(worker.requests) >= 3, "three probes")
    assert set(worker.names) == {"worker.test"}


@pytest.mark.parametrize("manner, name, why", [("tls", "other.test", "probe: TLS handshake failed"), ("plain", "worker.test", "probe: TLS handshake failed"),
                                               ("leaves", "worker.test", "probe: ")])
def test_who_is_not_believed_is_down(worker_of, start, authority, manner, name, why):
    mux = probed(start(one_pool(worker_of(manner=manner), tls(authority, name), health_check=PROBED)))
    mux.announce("worker_state|no_worker")
    assert mux.wait_event("worker_state", to="down")["why"].startswith(why)
    assert mux.ask("/10").status == 503


def test_a_silent_worker_is_down_in_time(worker_of, start, authority):
    settings = {**PROBED, "timeout": 0.3, "heartbeat_timeout": 0.3}
    mux = probed(start(one_pool(worker_of(manner="silent"), tls(authority), health_check=settings)))
    mux.announce("worker_state|no_worker")
    assert mux.wait_event("worker_state", to="down")["why"] == "probe: timed out, nothing heard"


def test_an_upstream_is_probed_as_it_is_proxied_to(nginx_run, worker_of, authority):  # noqa: F811
    good, bad = worker_of(), worker_of("other.test")
    nginx_run.write(
        http=f"""upstream workers {{ server {good.address}; server {bad.address};
                 comfymux {{ health_check interval=100ms uri=/10 fails=1 passes=1; }} }}""",
        server=f"""location / {{ proxy_pass https://workers; proxy_ssl_name worker.test; proxy_ssl_server_name on;
                   proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_ssl_verify on; proxy_ssl_trusted_certificate {authority.file}; }}""").start()
    wait_until(lambda: good.requests, "a probe that is answered")
    nginx_run.wait_line(rf"worker_state.*{re.escape(bad.address)}.*to=down")
    assert not bad.requests and set(good.names) == {"worker.test"}
    with nginx_run.client() as client:
        assert client.ask("/7").status == 200


@pytest.fixture
def behind_tls(authority):
    """Two workers, and what stands in front of them. Named before `start`: they outlive the proxy."""
    workers = [SimulatedWorker(f"w{i}") for i in range(2)]
    fronts = [Front(authority.of("worker.test"), worker.port) for worker in workers]
    yield workers, fronts
    for one in fronts + workers:
        one.close()


def test_a_fleet_behind_tls(behind_tls, start, authority):
    workers, fronts = behind_tls
    mux = probed(start(conf.config(pools=[conf.pool(
        [front.port for front in fronts], mode="fleet", tls=tls(authority), load_balancing={"strategy": "score"},
        health_check={"interval": 0.2, "path": "/system_stats"})])))

    def call(method, path, value=None):
        body = b"" if value is None else json.dumps(value).encode()
        answer = mux.ask(path, method=method, body=body, fields=[("Content-Type", "application/json")])
        assert answer.status == 200, (answer.status, answer.body[:500])
        return json.loads(answer.body)

    jobs = [call("POST", "/prompt", {"prompt": small_graph(n), "client_id": "me"})["prompt_id"] for n in range(4)]
    for job in jobs:
        wait_until(lambda job=job: job in call("GET", f"/history/{job}"), f"{job} has ended")
    mine = [list(worker.call("GET", "/history")[1]) for worker in workers]
    assert sorted(sum(mine, [])) == sorted(jobs) and all(mine)


def test_probes_go_through_octet_by_octet(worker_of, start, authority):
    worker = worker_of()
    mux = probed(start(one_pool(worker, tls(authority), health_check=PROBED), switches=["shortio"]))
    wait_until(lambda: len(worker.requests) >= 3, "three probes")
    assert mux.ask("/10").status == 200


@pytest.mark.parametrize("number", [7, 11, 13, 17, 23, 31])  # a probe asks five times
def test_probes_go_on_when_memory_runs_out_now_and_then(worker_of, start, authority, number):
    worker = worker_of()
    mux = probed(start(one_pool(worker, tls(authority), health_check={**PROBED, "fall": 100}),
                       switches=[f"failalloc={number}"], wait=False))
    for level in ("warn", "error"):
        mux.announce(level=level)
    wait_until(lambda: len(worker.requests) >= 3, "three probes")
