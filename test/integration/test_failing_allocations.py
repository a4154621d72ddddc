"""When every Nth allocation fails, is at most one client lost at a time, and does the program live and serve on?

-d failalloc=N; all sanitizers watch. TEST_FAILALLOC=FROM:TO sweeps further.
"""
import os

import pytest

from harness import conf, tls, ws
from harness.backend import Backend
from harness.wait import TooLate
from harness.wire import Cut, chunked, make_request

pytestmark = pytest.mark.seconds(120)
STEPS = [*range(1, 22), 26, 31, 41, 53, 67, 101]
if os.environ.get("TEST_FAILALLOC"):
    STEPS = list(range(*map(int, os.environ["TEST_FAILALLOC"].split(":"))))
ROUNDS = 6


def get(client):
    statuses = set()
    for _ in range(3):
        response = client.ask("/view?filename=x")
        statuses.add(response.status)
        if "close" in response.tokens("connection"):
            break
    return statuses


def post(client):
    client.send(make_request("/prompt", "POST", [("Transfer-Encoding", "chunked")]) + chunked(b'{"client_id":"a"}', 5))
    return {client.response().status}


def upload(client):
    client.send(make_request("/upload/image", "POST", body=b"z" * 600000))
    return {client.response().status}


def tunnel(client):
    client.send(ws.upgrade_request("/ws?clientId=a"))
    response = client.response()
    if response.status == 101:
        client.send(b"hello")
        assert client.exactly(5) == b"hello"
    return {response.status}


def refused(client):
    client.send(b"GET / HTTP/1.1\r\nX : 1\r\n\r\n")
    return {client.response().status}


def attempt(mux, address, talk, secure):
    """The statuses. A client may lose its connection or be refused, but is never left hanging or misled."""
    client = None
    try:
        client = mux.client(address, tls=tls.context() if secure else None, name="comfy.test" if secure else None, patience=6)
        statuses = talk(client)
        assert statuses <= {101, 200, 400, 500, 502, 503}, statuses
        return statuses
    except (Cut, OSError):
        return set()
    finally:
        if client:
            client.close()


class Worker(Backend):
    """Answers anything, echoes tunnels, and can be asked for its health and load."""

    def __init__(self):
        super().__init__(self._serve)

    def _serve(self, conn):
        while (request := conn.request()) is not None:
            if request.has("upgrade"):
                conn.send(ws.switching(request.get("sec-websocket-key")))
                while data := conn.some():
                    conn.send(data)
                return
            conn.send(self.answer)


@pytest.mark.parametrize("number", STEPS)
def test_the_program_lives_and_serves_on(start, backend_of, number):
    workers = [Worker(), Worker()]
    backend_of.made.extend(workers)
    servers = [{"listen": [address], "locations": [{"path": "/", "pool": "pool"}]} for address in ("127.0.0.1:0", "127.0.0.2:0")]
    servers[1]["tls"] = tls.settings("comfy.test")
    config = conf.config(servers=servers, timeouts={"read": 3, "header": 3, "body": 3}, limits={"buffer_body": 1000},
                         pools=[conf.pool(workers, health_check={"interval": 0.1, "timeout": 1, "fall": 3, "rise": 1},
                                          load_balancing={"strategy": "least_loaded", "load_interval": 0.1, "sticky": {
                                              "keys": ["cookie", "client_id", "prompt_id", "ip"]}})])
    mux = start(config, switches=[f"failalloc={number}"], wait=False)
    for level in ("warn", "error"):
        mux.announce(level=level)
    try:
        mux.wait_event("started", seconds=15)
    except AssertionError:
        # It could not start, and ended in order: that is allowed, a crash is not.
        mux.ended_by_test = True
        assert mux.wait_exit() == 1, mux.log_tail()
        return
    plain, secure = mux.listening("127.0.0.1:0"), mux.listening("127.0.0.2:0")
    seen = set()
    for turn in range(ROUNDS):
        for talk in (get, post, upload, tunnel, refused):
            seen |= attempt(mux, plain, talk, False)
        seen |= attempt(mux, secure, get, True)
        if turn % 3 == 1:
            mux.signal(1)
    if number > 25:  # an exchange asks for memory about a dozen times
        for _ in range(40):
            if 200 in seen:
                break
            seen |= attempt(mux, plain, get, False)
        assert 200 in seen, f"nobody is served:\n{mux.log_tail()}"
    mux.baseline = None  # what it holds differs from run to run


def test_a_client_is_told_or_let_go_but_never_left_waiting(start, backend):
    """Every allocation fails: each request still ends, one way or the other."""
    mux = start(conf.config([backend]), switches=["failalloc=1"], wait=False)
    for level in ("warn", "error"):
        mux.announce(level=level)
    mux.wait_event("started", seconds=15)
    for _ in range(5):
        try:
            attempt(mux, mux.address, get, False)
        except TooLate as err:
            raise AssertionError("a client was left waiting") from err
    mux.baseline = None
