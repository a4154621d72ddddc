"""When every Nth allocation fails in a fleet: does the program live, and is every job that it took told of?

TEST_FAILALLOC=FROM:TO sweeps further. Files are in test_fleet_files_failalloc.py.
"""
import json
import os

import pytest

from harness import ws
from harness.wait import TooLate, wait_until
from harness.wire import Cut, Malformed
from harness.workers import sampler_graph, small_graph
from test_fleet_files import config_of

pytestmark = pytest.mark.seconds(120)
STEPS = [2, 7, 13, 23, 31, 47, 64, 78, 101, 151, 211, 307]
if os.environ.get("TEST_FAILALLOC"):
    STEPS = list(range(*map(int, os.environ["TEST_FAILALLOC"].split(":"))))
LOST = (Cut, Malformed, OSError)  # a client may lose its connection; that it is left waiting is TooLate
PAGES = ["/queue", "/history", "/api/jobs", "/api/jobs?status=completed&limit=3", "/prompt", "/object_info",
         "/object_info/KSampler", "/system_stats", "/models/checkpoints", "/extensions", "/features", "/settings",
         "/internal/logs"]


class Client:
    """Asks, and counts what was answered."""

    def __init__(self, mux):
        self.mux, self.answered, self.taken, self.cancelled = mux, 0, [], set()

    def ask(self, target, method="GET", body=None, fields=()):
        data = None if body is None else json.dumps(body).encode()
        try:
            with self.mux.client(patience=12) as client:
                response = client.ask(target, method, [("Content-Type", "application/json"), *fields], data)
        except LOST:
            return None
        assert response.status < 600
        self.answered += 1
        return response

    def prompt(self, graph, client_id):
        response = self.ask("/prompt", "POST", {"prompt": graph, "client_id": client_id})
        if response is not None and response.status == 200:
            self.taken.append(json.loads(response.body)["prompt_id"])

    def page(self, client_id):
        """A WebSocket that tells its flags and leaves without a word."""
        try:
            with self.mux.client(patience=12) as client:
                ws.open_socket(client, f"/ws?clientId={client_id}")
                client.send(ws.frame('{"type":"feature_flags","data":{"supports_preview_metadata":true}}', mask=True))
                ws.next_event(client)
        except (AssertionError, *LOST):
            pass

    def cancel_last(self):
        if self.taken:
            last = self.taken[-1]
            self.cancelled.add(last)
            self.ask("/interrupt", "POST", {"prompt_id": last})
            self.ask("/queue", "POST", {"delete": [last]})

    def is_told_of(self, job):
        response = self.ask(f"/history/{job}")
        if response is not None and response.status == 200 and job.encode() in response.body:
            return True
        return any(job in line.text for line in self.mux.lines if line.level in ("warn", "error"))


@pytest.mark.parametrize("step", STEPS)
def test_memory_runs_out(start, workers, folder, step):
    config = config_of(workers[:2], max_queue=4, journal={"path": str(folder / "jobs.sqlite")})
    mux = start(config, switches=[f"failalloc={step}"], wait=False)
    for level in ("warn", "error"):
        mux.announce(level=level)
    try:
        mux.wait_event("started", seconds=15)
    except AssertionError:
        # It could not start, and ended in order.
        mux.ended_by_test = True
        assert mux.wait_exit() == 1, mux.log_tail()
        return
    client = Client(mux)
    for turn in range(2):
        client.page("a")
        for number in range(3):
            client.prompt(sampler_graph(turn * 10 + number), "a")
            client.prompt(small_graph(turn * 10 + number), "b")
        client.page("a")
        for target in PAGES:
            client.ask(target)
        client.ask("/object_info", fields=[("Accept-Encoding", "gzip")])
        client.ask("/userdata/a%2Fb.json?overwrite=true", "POST", {"turn": turn})
        client.prompt(sampler_graph(99), "b")
        client.cancel_last()
        since = mux.mark()
        mux.signal(1)
        wait_until(lambda at=since: mux.events("reload_done", at) or mux.events("reload_failed", at),
                   "the reload has ended", 15)
    left = set(client.taken) - client.cancelled

    def all_told():
        left.difference_update({job for job in left if client.is_told_of(job)})
        return not left

    wait_until(all_told, "every job that was taken is told of", 40)
    assert step < 60 or client.answered and client.taken, f"nobody is served:\n{mux.log_tail()}"
    assert mux.is_running()
    mux.baseline = None  # what it holds differs from run to run
