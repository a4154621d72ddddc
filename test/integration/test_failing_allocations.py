"""When every Nth allocation fails, is at most one client lost, and does the program serve on?

-d failalloc=N, which begins when the program serves. The sweep goes over requests of each kind, a tunnel and a reload.
"""
import os

import pytest

from harness import conf, ws
from harness.wait import TooLate
from harness.wire import Cut, Malformed, chunked, make_request

pytestmark = pytest.mark.seconds(120)
STEPS = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 120, 150, 180, 220, 260, 300, 350, 400, 500, 600, 800, 1000]
NEEDED = 30  # a request takes fewer than that; where they fail more often, surviving is enough
if os.environ.get("TEST_FAILALLOC"):
    STEPS = list(range(*map(int, os.environ["TEST_FAILALLOC"].split(":"))))


def attempt(mux, talk):
    """A client that may lose its connection, or be refused, but is never left hanging or misled."""
    client = None
    try:
        client = mux.client()
        client.patience = 5
        talk(client)
        return True
    except (Cut, ConnectionError, BrokenPipeError):
        return False
    finally:
        if client:
            client.close()


def get(client):
    for _ in range(2):
        response = client.ask("/view?filename=x")
        assert response.status in (200, 500, 502, 503), response.status
        if "close" in response.tokens("connection"):
            return


def post(client):
    client.send(make_request("/prompt", "POST", [("Transfer-Encoding", "chunked")]) + chunked(b'{"client_id":"a"}', 5))
    assert client.response().status in (200, 500, 502, 503)


def tunnel(client):
    client.send(ws.upgrade_request("/ws?clientId=a"))
    response = client.response()
    if response.status == 101:
        client.send(b"hello")
        assert client.exactly(5) == b"hello"


@pytest.mark.parametrize("number", STEPS)
def test_the_program_survives_and_serves_afterwards(start, backend, number):
    def script(conn):
        while (request := conn.request()) is not None:
            if request.has("upgrade"):
                conn.send(ws.switching(request.get("sec-websocket-key")))
                while data := conn.some():
                    conn.send(data)
                return
            conn.send(conn.backend.answer)

    backend.script = script
    config = conf.config([backend], balancing={"sticky": {"keys": ["cookie", "client_id", "prompt_id", "ip"]}},
                         timeouts={"read": 2, "header": 2, "body": 2})
    mux = start(config, switches=[f"failalloc={number}"], wait=False)
    for level in ("warn", "error"):
        mux.announce(level=level)
    try:
        mux.wait_event("started", seconds=15)
    except AssertionError:
        # It could not start, and says so: that is allowed, a crash is not.
        mux.ended_by_test = True
        assert mux.wait_exit() == 1, mux.log_tail()
        return
    for talk in (get, post, tunnel, get):
        attempt(mux, talk)
    mux.reload(config)
    last = None
    for _ in range(30):
        try:
            if attempt(mux, get):
                break
        except (TooLate, Malformed) as err:
            last = err
    else:
        assert number < NEEDED, f"it serves nobody any more: {last}\n{mux.log_tail()}"
    mux.baseline = None  # what is held open at the start may differ here
