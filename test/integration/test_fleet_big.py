"""Do large prompts and thousands of jobs pass without harm to others: megabytes, chunks, octet by octet, 10,000 waiting?"""
import base64
import json
import os
import uuid

import pytest

from harness.fleet import plain
from harness.wait import wait_until

FLEET = {"workers": 2, "prompt_bytes": "8M"}


def big(octets, seed=0):
    """A graph with an embedded picture, as nodes have that take one as text."""
    made = plain(seed)
    made["2"]["_meta"] = {"title": base64.b64encode(os.urandom(octets * 3 // 4)).decode()}
    return made


def request(body, head=b""):
    return b"POST /prompt HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + head + (
        b"Content-Length: %d\r\n\r\n" % len(body)) + body


def test_five_megabytes_go_through_unchanged(fleet):
    made = big(5 << 20)
    answer = fleet.submit(made, client_id="me")
    entry = fleet.wait_history(answer.id)
    assert entry["prompt"][2] == made and entry["status"]["completed"]


def test_five_megabytes_that_wait(fleet):
    fleet.hold()
    busy = [fleet.submit(plain(n)).id for n in range(2)]
    fleet.wait_running(*busy)
    made = big(5 << 20)
    job = fleet.submit(made).id
    assert fleet.get("/queue")["queue_pending"][0][2] == made
    fleet.go_on()
    assert fleet.wait_history(job)["prompt"][2] == made


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_too_large_is_413_in_comfyuis_shape(fleet, framing):
    with fleet.mux.client() as client:
        if framing == "length":
            client.send(b"POST /prompt HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        b"Content-Length: 9000000\r\n\r\n")
        else:
            client.send(b"POST /prompt HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\n")
            try:
                for _ in range(150):
                    client.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
            except OSError:
                pass  # it was answered meanwhile
        answer = client.response()
    assert answer.status == 413
    told = json.loads(answer.body)
    assert told["error"]["message"] and told["error"]["type"] and "node_errors" in told
    assert fleet.remaining() == 0


def test_just_small_enough(fleet):
    body = json.dumps({"prompt": plain()}).encode()
    body += b" " * ((8 << 20) - len(body))
    assert fleet.call("POST", "/prompt", raw=body).status == 200
    assert fleet.call("POST", "/prompt", raw=body + b" ").status == 413


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_chunks(fleet, size):
    job = str(uuid.uuid4())
    body = json.dumps({"prompt": plain(), "prompt_id": job}).encode()
    parts = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + size]), body[i:i + size]) for i in range(0, len(body), size))
    with fleet.mux.client() as client:
        client.send(b"POST /prompt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n")
        answer = client.response()
        assert answer.status == 200 and json.loads(answer.body)["prompt_id"] == job, answer.body
        assert client.ask("/prompt").status == 200
    assert fleet.wait_history(job)["prompt"][2] == plain()


def test_expect_is_answered_before_the_body(fleet):
    body = json.dumps({"prompt": plain()}).encode()
    with fleet.mux.client() as client:
        whole = request(body, b"Expect: 100-continue\r\n")
        client.send(whole[:-len(body)])
        assert client.response_head().status == 100
        client.send(body)
        assert client.response().status == 200


def test_expect_of_too_much_is_refused_without_it(fleet):
    with fleet.mux.client() as client:
        client.send(b"POST /prompt HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9000000\r\n\r\n")
        answer = client.response()
        assert answer.status == 413 and not answer.interim


def test_split_at_every_octet(fleet):
    """Head and body in two parts, wherever the cut is."""
    for worker in fleet.workers:
        worker.test(set={"job_ms": 1, "preview_size": 0})
    body = json.dumps({"prompt": {"1": {"class_type": "Nobody's\\u00e9\n\"", "inputs": {}}}, "client_id": "é"}).encode()
    whole = request(body)
    for cut in range(1, len(whole)):
        with fleet.mux.client() as client:
            client.send_seen(whole[:cut]).send(whole[cut:])
            answer = client.response()
            assert answer.status == 400, cut
            assert json.loads(answer.body)["error"]["type"] in ("missing_node_type", "invalid_prompt"), (cut, answer.body)
    for worker in fleet.workers:
        worker.test(set={"preview_size": 256})


def test_a_body_that_ends_too_soon_is_no_job(fleet):
    body = json.dumps({"prompt": plain()}).encode()
    for cut in (1, len(body) // 2, len(body) - 1):
        client = fleet.mux.client()
        client.send_seen(request(body)[:-len(body)] + body[:cut])
        client.reset()
    assert fleet.remaining() == 0 and fleet.get("/queue") == {"queue_running": [], "queue_pending": []}


@pytest.mark.seconds(240)
def test_ten_thousand_wait_and_nobody_else_does(start_fleet):
    fleet = start_fleet(2, top={"limits": {"max_connections": 1000}})
    fleet.hold()
    busy = [fleet.submit(plain(n)).id for n in range(2)]
    fleet.wait_running(*busy)
    with fleet.mux.client(patience=60) as client:
        for start in range(0, 10000, 200):
            client.send(b"".join(request(json.dumps({"prompt": plain(n), "client_id": f"c{n % 40}"}).encode())
                                 for n in range(start, start + 200)))
            for _ in range(200):
                answer = client.response()
                assert answer.status in (200, 429), answer.body
        assert fleet.remaining() == 10002
        full = fleet.submit(plain(1))
        assert full.status == 429 and full.error["type"] == "QUEUE_LIMIT"
        # The large answer is asked for first, many times; small ones behind it come between.
        slow = [fleet.mux.client(patience=120) for _ in range(4)]
        for one in slow:
            one.send_seen(b"GET /queue HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.ask("/prompt").status == 200, "nothing else is answered meanwhile"
        for one in slow:
            told = json.loads(one.response().body)
            assert len(told["queue_pending"]) == 10000 and len(told["queue_running"]) == 2
            one.close()
    assert len(fleet.get("/api/jobs?status=pending&limit=200&offset=9900")["jobs"]) == 100
    lag = fleet.mux.metrics().value("comfymux_loop_lag_max_seconds")
    assert lag < 2, lag
    fleet.post("/queue", {"clear": True})
    wait_until(lambda: fleet.queue()[1] == [], "all are gone", 30)
    assert fleet.remaining() == 2
    fleet.go_on()
    for job in busy:
        assert fleet.wait_history(job)["status"]["completed"]
