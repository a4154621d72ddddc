"""Files of a fleet when every Nth allocation fails: is the program there afterwards, and does it lose nothing it said yes to?"""
import json

import pytest

from harness.wait import TooLate
from harness.wire import Cut, Malformed
from test_fleet_files import config_of, form, noise, view_target

pytestmark = pytest.mark.seconds(120)
STEPS = [3, 5, 7, 11, 13, 17, 23, 29, 37, 53, 71, 101]


def tried(mux, *arguments):
    """The answer, or None for a client that was lost."""
    try:
        client = mux.client(patience=6)
        return client.ask(*arguments)
    except (Cut, Malformed, TooLate, OSError):
        return None


@pytest.mark.parametrize("step", STEPS)
def test_memory_runs_out(start, workers, step):
    mux = start(config_of(workers), switches=[f"failalloc={step}"], wait=False)
    for level in ("warn", "error"):
        mux.announce(level=level)
    mux.wait_event("started", seconds=15)
    mux.worker_ports |= {w.port for w in workers}
    kept = []
    for i in range(12):
        fields, body = form(noise(i), f"{i}.png")
        response = tried(mux, "/upload/image", "POST", fields, body)
        if response is not None and response.status == 200:
            kept.append((i, json.loads(response.body)))
        ref = json.dumps({"filename": f"{i}.png", "type": "input"})
        fields, body = form(noise(i), f"{i}.png", original_ref=ref, subfolder="masks")
        response = tried(mux, "/upload/mask", "POST", fields, body)
        assert response is None or response.status in (200, 400, 404, 502, 503, 507), response.status
        for image in ({"name": f"{i}.png", "subfolder": "", "type": "input"},
                      {"name": "none.png", "subfolder": "", "type": "output"}):
            response = tried(mux, view_target(image))
            assert response is None or response.status in (200, 404, 502, 503, 504), response.status
    for i, told in kept:
        response = tried(mux, view_target(told))
        assert response is None or response.status != 200 or response.body == noise(i)
    assert mux.is_running()
    if step > 50:
        assert kept, f"nobody is served:\n{mux.log_tail()}"
    mux.baseline = None  # what it holds differs from run to run
