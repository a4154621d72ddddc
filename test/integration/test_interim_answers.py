"""What becomes of a worker's 1xx answers?"""
import pytest

from harness.wire import make_request, make_response

pytestmark = pytest.mark.core
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def test_early_hints_are_relayed_with_their_fields(rig):
    rig.backend.answer = HINTS + PROCESSING + make_response(b"final")
    client = rig.client()
    response = client.ask()
    assert response.body == b"final"
    assert [i.status for i in response.interim] == [103, 102]
    assert response.interim[0].get("link") == "</style.css>; rel=preload"
    assert client.ask().body == b"final"


def test_http_1_0_gets_no_interim_answer(rig):
    rig.backend.answer = HINTS + make_response(b"final")
    client = rig.client()
    client.send(make_request(version="1.0"))
    response = client.response()
    assert response.body == b"final" and response.interim == []


def test_a_continue_nobody_asked_for_is_swallowed(rig):
    rig.backend.answer = CONTINUE + make_response(b"final")
    response = rig.ask(method="POST", body=b"abc")
    assert response.body == b"final" and response.interim == []


def test_hop_by_hop_fields_of_an_interim_answer_are_dropped(rig):
    rig.backend.answer = (b"HTTP/1.1 103 Early Hints\r\nConnection: x-secret, close\r\nX-Secret: 1\r\n"
                          b"Keep-Alive: timeout=5\r\nLink: </a>\r\n\r\n" + make_response(b"final"))
    response = rig.ask()
    hint, = response.interim
    assert hint.names() == ["link"]


def test_sixteen_interim_answers_pass(rig):
    rig.backend.answer = HINTS * 16 + make_response(b"final")
    response = rig.ask()
    assert response.status == 200 and len(response.interim) == 16


@pytest.mark.parametrize("interim", [HINTS, CONTINUE, PROCESSING], ids=["103", "100", "102"])
def test_a_flood_of_interim_answers_is_a_502(rig, interim):
    rig.mux.announce()

    def script(conn):
        conn.request()
        try:
            for _ in range(5000):
                conn.send(interim)
        except OSError:
            return
        conn.wait_closed()

    rig.backend.script = script
    assert rig.ask(method="POST", body=b"x").status == 502
    rig.backend.wait_over()
    rig.serves()


def test_interim_answers_alone_are_no_answer(rig):
    rig.mux.announce()

    def script(conn):
        conn.request()
        conn.send(HINTS)

    rig.backend.script = script
    assert rig.ask(method="POST", body=b"x").status == 502
    rig.serves()


@pytest.mark.parametrize("raw", [b"HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\n",
                                 b"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n"],
                         ids=["length", "chunked"])
def test_an_interim_answer_has_no_body(rig, raw):
    rig.mux.announce()
    rig.backend.answer = raw + make_response(b"final")
    response = rig.ask(method="POST", body=b"x")
    assert response.status in (200, 502)
    if response.status == 200:
        assert response.body == b"final"
        assert not any(i.has("content-length") or i.has("transfer-encoding") for i in response.interim)
    rig.serves()
