"""An upstream in fleet mode whose workers come from a name server."""
import json

import pytest

from harness.dns import FAILED, Names
from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.wait import wait_until
from harness.workers import SimulatedWorker, small_graph

HTTP = """upstream fleet {{ zone f 64k; server f.test service=comfy resolve; resolver 127.0.0.1:{names.port} ipv6=off valid=1s; resolver_timeout 1s;
    comfymux {{ mode fleet; health_check interval=200ms; max_jobs 1; }} }}"""
SERVER = "proxy_http_version 1.1; location / { proxy_pass http://fleet; }"
SERVICE = "_comfy._tcp.f.test"


@pytest.fixture
def names():
    made = Names()
    made.a["h.test"] = ["127.0.0.1"]
    yield made
    made.close()


@pytest.fixture
def workers():
    made = [SimulatedWorker(f"w{i}") for i in range(2)]
    yield made
    for worker in made:
        worker.close()


def are(names, *workers):
    names.srv[SERVICE] = [(1, 1, worker.port, "h.test") for worker in workers]


def ask(client, method, path, value=None):
    body = b"" if value is None else json.dumps(value).encode()
    client.send(f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    answer = client.response()
    return answer.status, json.loads(answer.body or b"null")


def call(nginx_run, method, path, value=None):
    with nginx_run.client() as client:
        return ask(client, method, path, value)


def run_job(nginx_run, seed):
    status, answer = call(nginx_run, "POST", "/prompt", {"prompt": small_graph(seed)})
    assert status == 200, answer
    job = answer["prompt_id"]
    wait_until(lambda: job in call(nginx_run, "GET", f"/history/{job}")[1], f"{job} has ended")
    return job


def jobs_of(worker):
    status, told = worker.call("GET", "/history")
    assert status == 200
    return list(told)


def wait_changes(nginx_run, count):
    wait_until(lambda: len(nginx_run.lines("members_changed")) >= count, f"{count} changes")


def test_workers_come_and_go(nginx_run, names, workers):
    are(names)
    nginx_run.write(http=HTTP.format(names=names), server=SERVER).start()
    names.wait_asked(SERVICE)
    are(names, workers[0])
    wait_changes(nginx_run, 1)
    wait_until(lambda: call(nginx_run, "GET", "/object_info")[0] == 200, "the first worker")
    first = run_job(nginx_run, 1)
    assert jobs_of(workers[0]) == [first]
    are(names, workers[1])
    wait_changes(nginx_run, 2)
    second = run_job(nginx_run, 2)
    assert jobs_of(workers[0]) == [first] and jobs_of(workers[1]) == [second]
    assert sorted(call(nginx_run, "GET", "/history")[1]) == sorted([first, second]), "what was done stays known"
    are(names, workers[1], workers[0])
    wait_changes(nginx_run, 3)
    names.codes[SERVICE] = FAILED
    nginx_run.wait_line("f.test could not be resolved")
    done = {run_job(nginx_run, seed) for seed in range(3, 7)}
    assert done == set(jobs_of(workers[0]) + jobs_of(workers[1])) - {first, second}
