"""An upstream in fleet mode behind an nginx.conf: every job is placed on its own."""
import json

import pytest

from harness import paths, ws
from harness.client import RawClient
from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.wait import wait_until
from harness.workers import SimulatedWorker, small_graph

LOCATIONS = """access_log access.log; client_max_body_size 1m; proxy_http_version 1.1;
location / {{ proxy_pass http://fleet; }}
location /comfy/ {{ proxy_pass http://fleet/; }}
location /var/ {{ rewrite ^/var(/.*)$ $1 break; proxy_pass http://$http_x_pool; }}"""


@pytest.fixture
def workers():
    made = [SimulatedWorker(f"w{i}") for i in range(2)]
    yield made
    for worker in made:
        worker.close()


def start(nginx_run, workers):
    servers = " ".join(f"server 127.0.0.1:{worker.port} max_fails=0;" for worker in workers)
    nginx_run.write(http=f"upstream fleet {{ {servers} comfymux {{ mode fleet; health_check interval=200ms; max_jobs 1; }} }}",
                    server=LOCATIONS.format()).start()


def call(nginx_run, method, path, value=None, *lines):
    body = b"" if value is None else json.dumps(value).encode()
    head = [f"{method} {path} HTTP/1.1", "Host: a", "X-Pool: fleet", "Content-Type: application/json", f"Content-Length: {len(body)}", *lines]
    with nginx_run.client() as client:
        answer = client.send("\r\n".join(head).encode() + b"\r\n\r\n" + body).response()
    assert answer.status == 200, (answer.status, answer.body[:500], nginx_run.said()[-2000:])
    return json.loads(answer.body)


@pytest.mark.parametrize("prefix", ["", "/comfy", "/var"])
def test_jobs_are_placed_one_by_one(nginx_run, workers, prefix):
    start(nginx_run, workers)
    jobs = [call(nginx_run, "POST", f"{prefix}/prompt", {"prompt": small_graph(n), "client_id": "me"})["prompt_id"] for n in range(4)]
    assert len(set(jobs)) == 4
    for job in jobs:
        wait_until(lambda job=job: job in call(nginx_run, "GET", f"{prefix}/history/{job}"), f"{job} has ended")
    assert sorted(call(nginx_run, "GET", f"{prefix}/history")) == sorted(jobs), "one history of all workers"
    mine = [call_worker(worker) for worker in workers]
    assert sorted(sum(mine, [])) == sorted(jobs), "each job once"
    assert all(mine), "one worker did everything"


@pytest.mark.parametrize("prefix", ["", "/comfy"])
def test_one_socket_hears_of_all_workers(nginx_run, workers, prefix):
    start(nginx_run, workers)
    with nginx_run.client() as client:
        ws.open_socket(client, f"{prefix}/ws?clientId=me", ())
        jobs = {call(nginx_run, "POST", f"{prefix}/prompt", {"prompt": small_graph(n), "client_id": "me"})["prompt_id"] for n in range(2)}
        ended = set()
        while ended != jobs:
            opcode, payload = message(client)
            told = json.loads(payload) if opcode == ws.TEXT else {"type": None}
            if told["type"] == "executing" and told["data"]["node"] is None:
                ended.add(told["data"]["prompt_id"])


def message(client):
    """One whole frame of a server's: none here is in pieces."""
    first, second = client.exactly(2, "a frame")
    length = second & 127
    if length > 125:
        length = int.from_bytes(client.exactly(2 if length == 126 else 8, "a frame"), "big")
    return first & 15, client.exactly(length, "a frame")


def call_worker(worker):
    status, told = worker.call("GET", "/history")
    assert status == 200
    return list(told)


SEED = paths.REPO / "test/nginx/confs/seed.conf"


def test_the_seed_becomes_a_fleet_by_a_file_beside_it(nginx_run, workers):
    """The file that nginx reads stays as it is, but for where the servers of this test are."""
    text = SEED.read_text()
    for theirs, worker in zip(("192.168.1.244:7860", "192.168.1.192:7860"), workers):
        text = text.replace(theirs, f"127.0.0.1:{worker.port}")
    text = text.replace("/var/log/nginx/error.log", "error.log").replace("listen 80;", f"listen unix:{nginx_run.folder}/s; access_log off;")
    (nginx_run.folder / "comfymux.conf").write_text(
        f"comfymux {{ mode fleet; health_check interval=200ms; admin unix:{nginx_run.folder}/admin; }}\n")
    nginx_run.write(text=f"pid mux.pid; daemon off;\n{text}").start()
    jobs = [call(nginx_run, "POST", "/prompt", {"prompt": small_graph(n), "client_id": "me"})["prompt_id"] for n in range(4)]
    for job in jobs:
        wait_until(lambda job=job: job in call(nginx_run, "GET", f"/history/{job}"), f"{job} has ended")
    mine = [call_worker(worker) for worker in workers]
    assert sorted(sum(mine, [])) == sorted(jobs) and all(mine), "ip_hash would have given all to one"
    with RawClient(f"{nginx_run.folder}/admin") as admin:
        assert b'"webhost"' in admin.ask("/api/v2/config").body
