"""Which requests are refused, and is a refusal a whole answer that leaves nothing behind?"""
import pytest

from bad_requests import ALL, SMUGGLED, get, chunk

from harness.wire import make_request

pytestmark = pytest.mark.core
RIG = {"limits": {"buffer_body": "64k"}}


def names(rows):
    return [row[0].replace(" ", "-") for row in rows]


def check_refusal(response, statuses):
    assert response.status in statuses, (response.status, response.body)
    assert response.tokens("connection") == ["close"]
    assert response.get("server") == "comfymux"
    assert response.framing == "length" and response.body
    assert response.get("content-type").startswith("text/html")
    assert str(response.status).encode() in response.body


@pytest.mark.parametrize("raw, statuses", [row[1:] for row in ALL], ids=names(ALL))
def test_it_is_refused_with_a_whole_answer_and_nothing_is_forwarded(rig, raw, statuses):
    client = rig.client()
    client.send(raw)
    check_refusal(client.response(), statuses)
    assert client.is_closed() == "eof"
    rig.nothing_forwarded()


@pytest.mark.parametrize("raw, statuses", [row[1:] for row in ALL if len(row[1]) < 2000],
                         ids=names([row for row in ALL if len(row[1]) < 2000]))
def test_what_follows_a_refused_request_is_never_run(rig, raw, statuses):
    client = rig.client()
    client.send(raw + SMUGGLED)
    check_refusal(client.response(), statuses)
    assert client.is_closed() == "eof"
    rig.nothing_forwarded()


def test_a_refusal_comes_in_order_behind_good_answers(rig):
    client = rig.client()
    client.send(make_request("/1") + make_request("/2") + get(fields=b""))
    assert [client.response().status for _ in range(3)] == [200, 200, 400]
    assert client.is_closed() == "eof"
    assert rig.backend.paths() == ["/1", "/2"]


def test_a_client_that_goes_on_sending_still_reads_the_refusal(rig):
    """The close lingers: with a plain close the kernel would answer with a RST and destroy the answer."""
    client = rig.client()
    client.send(get(fields=b"") + b"x" * 300000)
    client.send(b"x" * 300000)
    check_refusal(client.response(), {400})
    rig.serves()


def test_a_client_that_never_stops_is_cut_off_after_a_while(rig):
    client = rig.client()
    client.send(get(fields=b""))
    client.response()
    sent = 0
    with pytest.raises(OSError):
        while sent < 1 << 30:
            client.sock.send(b"x" * 65536)
            sent += 65536
    rig.serves()


def test_a_bad_chunk_behind_a_streamed_body_ends_the_backend_connection(rig):
    """The head has gone to the backend already: it must see a cut, never a clean end."""
    seen = []

    def script(conn):
        conn.request_head()
        seen.append(conn.rest())

    rig.backend.script = script
    rig.mux.announce()
    client = rig.client()
    client.send(chunk(b"20000\r\n" + b"a" * 0x20000 + b"\r\n"))
    rig.backend.wait_requests(1)
    client.send(b"zz\r\n")
    response = client.response()
    assert response.status == 400
    client.is_closed()
    rig.backend.wait_over()
    assert seen and not seen[0].endswith(b"0\r\n\r\n")
    rig.serves()
