"""When a worker fails before it answers, who is asked next, and who is not?"""
import pytest

from harness import conf, ws
from harness.wire import make_request, make_response


def dies(conn):
    """Takes the request and ends the connection without a byte."""
    conn.request()


def resets(conn):
    conn.request()
    conn.reset()


def total(backends):
    return sum(len(b.requests) for b in backends)


@pytest.fixture
def three(backend_of):
    return [backend_of() for _ in range(3)]


def started(start, backends, **balancing):
    mux = start(conf.config(backends, balancing=balancing))
    mux.announce()
    return mux


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_refused_connection_is_tried_elsewhere_for_any_method(start, three, method):
    three[0].refuse()
    three[1].refuse()
    mux = started(start, three)
    for _ in range(6):
        assert mux.ask("/p", method, body=b"x").status == 200
    assert len(three[2].requests) == 6


@pytest.mark.parametrize("script", [dies, resets], ids=["end", "reset"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_worker_that_dies_unanswered_is_replaced_for_what_may_be_repeated(start, three, method, script):
    three[0].script = three[1].script = script
    mux = started(start, three)
    for _ in range(4):
        assert mux.ask("/p", method).status == 200
    assert len(three[2].requests) == 4


@pytest.mark.parametrize("script", [dies, resets], ids=["end", "reset"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_not_be_repeated_is_sent_once(start, three, method, script):
    for backend in three:
        backend.script = script
    mux = started(start, three)
    assert mux.ask("/prompt", method, body=b"{}").status == 502
    assert total(three) == 1


def test_a_held_body_is_sent_again_whole(start, three):
    body = bytes(range(256)) * 200
    three[0].refuse()
    three[1].refuse()
    mux = started(start, three)
    for _ in range(3):
        assert mux.ask("/prompt", "POST", body=body).status == 200
    assert [r.body for r in three[2].requests] == [body] * 3


def test_a_put_that_streamed_is_not_repeated(start, three):
    """Its body is gone, whatever the method allows."""
    def dies_later(conn):
        conn.request_head()
        conn.exactly(100000)

    for backend in three:
        backend.script = dies_later
    mux = start(conf.config(three, limits={"buffer_body": 1000}))
    mux.announce()
    client = mux.client()
    client.send(make_request("/p", "PUT", body=b"x" * 100000))
    assert client.response().status == 502
    assert total(three) == 1


def test_a_streaming_upload_finds_another_worker_when_connecting_fails(start, three):
    three[0].refuse()
    three[1].refuse()
    mux = start(conf.config(three, limits={"buffer_body": 1000}))
    mux.announce()
    for _ in range(3):
        assert mux.ask("/p", "POST", body=b"x" * 300000).status == 200
    assert [len(r.body) for r in three[2].requests] == [300000] * 3


def test_each_worker_is_asked_at_most_once(start, three):
    for backend in three:
        backend.script = dies
    mux = started(start, three, max_retries=10)
    assert mux.ask("/p").status == 502
    assert [len(b.requests) for b in three] == [1, 1, 1]


@pytest.mark.parametrize("retries, asked", [(0, 1), (1, 2), (2, 3), (3, 4)])
def test_max_retries_other_workers_are_asked(start, backend_of, retries, asked):
    five = [backend_of(dies) for _ in range(5)]
    mux = started(start, five, max_retries=retries)
    assert mux.ask("/p").status == 502
    assert total(five) == asked


def test_without_failover_the_first_failure_is_the_answer(start, three):
    for backend in three:
        backend.script = dies
    mux = started(start, three, enable_failover=False)
    assert mux.ask("/p").status == 502
    assert total(three) == 1


def test_without_failover_a_refused_connection_is_final_too(start, three):
    for backend in three[:2]:
        backend.refuse()
    mux = started(start, three, enable_failover=False)
    assert sorted(mux.ask("/p").status for _ in range(3)) == [200, 502, 502]


def test_once_the_client_has_seen_a_status_there_is_no_other_worker(start, three):
    for backend in three:
        backend.script = lambda conn: (conn.request(), conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"))
    mux = started(start, three)
    client = mux.client()
    client.send(make_request())
    assert client.rest().endswith(b"half")
    assert total(three) == 1


@pytest.mark.parametrize("status, reason", [(500, "Internal Server Error"), (503, "Busy"), (502, "Bad"), (404, "Not Found")])
def test_a_workers_own_error_is_an_answer(start, three, status, reason):
    for backend in three:
        backend.answer = make_response(b"mine", status, reason)
    mux = started(start, three)
    response = mux.ask("/p")
    assert (response.status, response.body) == (status, b"mine")
    assert total(three) == 1


def test_a_post_whose_answer_had_begun_is_not_repeated(start, three):
    """A worker that began to answer has run the request: a POST is not sent to another."""
    for backend in three:
        backend.script = lambda conn: (conn.request(), conn.send(b"HTTP/1.1 200 OK\r\nX"))
    mux = started(start, three)
    assert mux.ask("/prompt", "POST", body=b"{}").status == 502
    assert total(three) == 1


@pytest.mark.parametrize("early", [b"", b"early"], ids=["alone", "with-early-bytes"])
@pytest.mark.parametrize("failure", ["refuse", "die"])
def test_an_upgrade_finds_another_worker_too(start, three, failure, early):
    """It is a GET, and nothing of the tunnel was sent before the 101."""
    for backend in three[:2]:
        if failure == "refuse":
            backend.refuse()
        else:
            backend.script = dies
    three[2].script = ws.echo_script
    mux = started(start, three)
    client = mux.client()
    client.send(ws.upgrade_request() + early)
    assert client.response().status == 101
    assert client.exactly(len(early)) == early


def test_retries_are_counted(start, three):
    three[0].refuse()
    mux = started(start, three)
    for _ in range(3):
        mux.ask()
    assert sum(v for k, v in mux.metrics().find("retr").items() if k.endswith("_total")) >= 1


# -- a kept connection that died meanwhile


def closes_when_idle(conn):
    conn.request()
    conn.send(make_response(b"first"))


def test_a_kept_connection_that_was_closed_is_not_used(start, backend):
    """ComfyUI closes idle connections after 75 s: that must cost nobody a request, whatever the method."""
    backend.script = closes_when_idle
    mux = start(conf.config([backend]))
    for i in range(5):
        assert mux.ask("/p", "POST", body=b"x").status == 200
        backend.connections[i].over.wait(5)
    assert len(backend.connections) == 5


@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_get_that_meets_a_dying_kept_connection_is_asked_again(start, backend, how):
    def script(conn):
        conn.request()
        conn.send(make_response(b"good"))
        if conn.number == 0 and conn.request() is not None:
            if how == "reset":
                conn.reset()
            return
        conn.rest()

    backend.script = script
    mux = start(conf.config([backend]))
    assert mux.ask("/1").body == b"good"
    assert mux.ask("/2").body == b"good"
    assert len(backend.connections) == 2 and backend.paths() == ["/1", "/2", "/2"]


def test_a_post_that_meets_one_is_not(start, backend):
    def script(conn):
        conn.request()
        conn.send(make_response(b"good"))
        if conn.number == 0:
            conn.request()
            return
        conn.rest()

    backend.script = script
    mux = start(conf.config([backend]))
    mux.announce()
    assert mux.ask("/1").body == b"good"
    assert mux.ask("/2", "POST", body=b"x").status == 502
    assert backend.paths() == ["/1", "/2"]


def test_a_stale_connection_is_no_failure_of_the_worker(start, backend):
    """With one worker and fall = 1 a stale connection must not take the pool out."""
    def script(conn):
        conn.request()
        conn.send(make_response(b"good"))
        if conn.request() is not None:
            return

    backend.script = script
    mux = start(conf.config([backend], health={"interval": 0, "fall": 1}))
    for i in range(5):
        assert mux.ask(f"/{i}").body == b"good"
    assert mux.nodes()["w1"]["state"] == "up"
