"""Do all requests of one client land on one worker, by each kind of key?"""
import json
import re

import pytest

from harness import conf, tls, ws
from harness.comfy import Comfy, worker_of
from harness.wait import wait_until
from harness.wire import make_request

COOKIE = re.compile(r"comfymux=([0-9a-f]{32})((?:; *[^;]+)*)")


@pytest.fixture
def four(backend_of):
    made = [Comfy(f"w{i + 1}") for i in range(4)]
    backend_of.made.extend(made)
    return made


def started(start, workers, keys, servers=None, health=None, **sticky):
    return start(conf.config(servers=servers, pools=[conf.pool(
        [conf.node(w, w.name) for w in workers],
        load_balancing={"strategy": "round_robin", "sticky": {"keys": keys, **sticky}}, health_check=health or {})]))


def cookie_of(response):
    found = [COOKIE.fullmatch(value) for value in response.cookies()]
    assert len(found) == 1 and found[0], response.cookies()
    return found[0][1], {a.strip().lower() for a in found[0][2].split(";") if a.strip()}


def submit(client_id=None, prompt_id=None):
    body = {"prompt": {"1": {"class_type": "X", "inputs": {"client_id": "not this one"}}}}
    if client_id:
        body["client_id"] = client_id
    if prompt_id:
        body["prompt_id"] = prompt_id
    return json.dumps(body).encode()


def owner_of_job(workers, before):
    """The worker that got one more job than before."""
    grown = [w for w in workers if len(w.jobs()) > before[w.name]]
    assert len(grown) == 1
    return grown[0].name


def post(mux, workers, body, target="/prompt", **more):
    before = {w.name: len(w.jobs()) for w in workers}
    response = mux.ask(target, "POST", [("Content-Type", "application/json")], body=body, **more)
    assert response.status == 200
    return owner_of_job(workers, before), json.loads(response.body)["prompt_id"]


# -- cookie

def test_the_first_answer_sets_an_opaque_cookie(start, four):
    mux = started(start, four, ["cookie"])
    value, attributes = cookie_of(mux.ask())
    assert {"httponly", "samesite=lax"} <= attributes and "secure" not in attributes
    assert "path=/" in attributes
    other, _ = cookie_of(mux.ask())
    assert other != value


def test_under_tls_it_is_secure(start, four):
    mux = started(start, four, ["cookie"], servers=[{
        "listen": ["127.0.0.1:0"], "tls": tls.settings("comfy.test"), "locations": [{"path": "/", "pool": "pool"}]}])
    _, attributes = cookie_of(mux.ask(tls=tls.context(), name="comfy.test"))
    assert "secure" in attributes


def test_a_client_with_the_cookie_stays_and_is_not_given_another(start, four):
    mux = started(start, four, ["cookie"])
    first = mux.ask()
    value, _ = cookie_of(first)
    for _ in range(8):
        again = mux.ask(fields=[("Cookie", f"a=b; comfymux={value}; c=d")])
        assert worker_of(again) == worker_of(first) and not again.cookies()


def test_clients_without_it_are_spread(start, four):
    mux = started(start, four, ["cookie"])
    assert len({worker_of(mux.ask()) for _ in range(8)}) == 4


@pytest.mark.parametrize("value", ["", "x", "0" * 31, "0" * 33, "Z" * 32, "0" * 5000, "%00" * 10])
def test_a_cookie_that_is_not_ours_is_replaced(start, four, value):
    mux = started(start, four, ["cookie"])
    response = mux.ask(fields=[("Cookie", f"comfymux={value}")])
    assert response.status == 200
    cookie_of(response)


def test_a_cookie_we_never_gave_is_no_way_to_choose_a_worker(start, four):
    """Unknown, but well formed: it may be learned; the answer is a good one either way."""
    mux = started(start, four, ["cookie"])
    chosen = {worker_of(mux.ask(fields=[("Cookie", "comfymux=" + "ab" * 16)])) for _ in range(6)}
    assert len(chosen) <= 4


def test_its_name_can_be_chosen(start, four):
    mux = started(start, four, ["cookie"], cookie="gpu")
    response = mux.ask()
    assert response.cookies()[0].startswith("gpu=")


def test_the_workers_own_cookies_pass_beside_it(start, four):
    for worker in four:
        worker.reply = lambda request, path, n=worker.name: (
            b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d; Path=/x\r\nContent-Length: 2\r\n\r\n" + n.encode())
    mux = started(start, four, ["cookie"])
    cookies = mux.ask().cookies()
    assert "a=b" in cookies and "c=d; Path=/x" in cookies and len(cookies) == 3


def test_an_upgrade_is_given_one_too_and_follows_it(start, four):
    for worker in four:
        worker.script = ws.echo_script
    mux = started(start, four, ["cookie"])
    response = ws.open_socket(mux.client())
    value, _ = cookie_of(response)
    first = [w.name for w in four if w.requests]
    ws.open_socket(mux.client(), fields=[("Cookie", f"comfymux={value}")])
    assert [w.name for w in four if w.requests] == first


def test_without_the_key_there_is_no_cookie(start, four):
    mux = started(start, four, ["ip"])
    assert not mux.ask().cookies()


def test_refusals_set_no_cookie(start, four):
    mux = started(start, four, ["cookie"])
    client = mux.client()
    client.send(make_request(fields=[("Expect", "miracles")]))
    assert not client.response().cookies()


# -- client_id

@pytest.mark.parametrize("ws_target", ["/ws?clientId=abc-1", "/api/ws?clientId=abc-1", "/ws?a=b&clientId=abc-1&c=d"])
@pytest.mark.parametrize("post_target", ["/prompt", "/api/prompt"])
def test_a_clients_jobs_follow_its_websocket(start, four, ws_target, post_target):
    mux = started(start, four, ["client_id"])
    worker_of(mux.ask())  # the turn is not at the first one
    for _ in range(2):
        before = {w.name: len(w.requests) for w in four}
        mux.ask(ws_target)
        ws_owner = next(w.name for w in four if len(w.requests) > before[w.name])
        for _ in range(3):
            owner, _ = post(mux, four, submit("abc-1"), post_target)
            assert owner == ws_owner


def test_a_percent_encoded_client_id_is_the_same_client(start, four):
    mux = started(start, four, ["client_id"])
    first = worker_of(mux.ask("/ws?clientId=a%2Db%20c"))
    owner, _ = post(mux, four, submit("a-b c"))
    assert owner == first


def test_an_escaped_client_id_in_the_body_is_the_same_client(start, four):
    mux = started(start, four, ["client_id"])
    first = worker_of(mux.ask("/ws?clientId=caf%C3%A9"))
    body = b'{"prompt": {}, "client\\u005fid": "caf\\u00e9"}'
    owner, _ = post(mux, four, body)
    assert owner == first


def test_different_clients_are_spread(start, four):
    mux = started(start, four, ["client_id"])
    assert len({worker_of(mux.ask(f"/ws?clientId=c{i}")) for i in range(8)}) == 4


def test_a_client_id_deep_in_the_graph_is_none(start, four):
    mux = started(start, four, ["client_id"])
    first = worker_of(mux.ask("/ws?clientId=deep"))
    owners = set()
    for _ in range(4):
        owner, _ = post(mux, four, b'{"prompt":{"1":{"client_id":"deep"}},"extra_data":{"client_id":"deep"}}')
        owners.add(owner)
    assert owners != {first}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{\"client_id\":", b'{"client_id":5}', b'{"client_id":null}',
                                  b'{"client_id":""}', b'{"client_id":{}}', b"[" * 100000, b'{"client_id":"\\ud800"}',
                                  b'{"client_id":"a","client_id":"b"}', b"\xff\xfe\x00", b'{"client_id":"' + b"x" * 100000 + b'"}'])
def test_a_strange_body_is_passed_on_as_it_is(start, four, body):
    mux = started(start, four, ["client_id", "prompt_id"])
    assert mux.ask("/prompt", "POST", [("Content-Type", "application/json")], body=body).status == 200
    assert [r.body for w in four for r in w.requests] == [body]


# -- prompt_id

@pytest.mark.parametrize("target", ["/history/{}", "/api/history/{}", "/api/jobs/{}", "/jobs/{}"])
def test_a_jobs_history_is_asked_where_it_ran(start, four, target):
    mux = started(start, four, ["prompt_id"])
    jobs = [post(mux, four, submit()) for _ in range(4)]
    assert len({owner for owner, _ in jobs}) == 4
    for owner, prompt_id in jobs * 2:
        assert worker_of(mux.ask(target.format(prompt_id))) == owner


def test_an_id_the_client_chose_is_known_too(start, four):
    mux = started(start, four, ["prompt_id"])
    chosen = "11111111-2222-3333-4444-555555555555"
    owner, told = post(mux, four, submit(prompt_id=chosen))
    for _ in range(4):
        assert worker_of(mux.ask(f"/history/{told}")) == owner
        assert worker_of(mux.ask(f"/history/{chosen}")) == owner


@pytest.mark.parametrize("raw", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"prompt_id\": \"p-77\"}  ",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"prompt\r\nd\r\n_id\": \"p-77\"}\r\n0\r\n\r\n"],
    ids=["length", "chunked"])
def test_it_is_learned_however_the_answer_is_framed(start, four, raw):
    for worker in four:
        reply = worker.reply
        worker.reply = lambda request, path, r=reply: raw if request.method == "POST" else r(request, path)
    mux = started(start, four, ["prompt_id"])
    before = {w.name: len(w.jobs()) for w in four}
    mux.ask("/prompt", "POST", body=b"{}")
    owner = owner_of_job(four, before)
    for _ in range(4):
        assert worker_of(mux.ask("/history/p-77")) == owner


def test_an_unknown_id_is_asked_anywhere(start, four):
    mux = started(start, four, ["prompt_id"])
    assert mux.ask("/history/never-heard-of").status == 200


def test_a_refused_job_teaches_nothing_and_passes(start, four):
    for worker in four:
        worker.reply = lambda request, path: (
            b'HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"error": {}}  ')
    mux = started(start, four, ["client_id", "prompt_id"])
    response = mux.ask("/prompt", "POST", body=submit("x"))
    assert response.status == 400 and response.body == b'{"error": {}}  '


# -- ip

def test_an_address_stays_on_its_worker(start, four):
    mux = started(start, four, ["ip"])
    first = {n: worker_of(mux.ask(source=f"127.0.0.{n}")) for n in range(1, 9)}
    assert len(set(first.values())) == 4, "the whole address counts, not its network"
    for n, worker in first.items():
        assert worker_of(mux.ask(source=f"127.0.0.{n}")) == worker


def test_a_forwarded_address_is_not_believed(start, four):
    mux = started(start, four, ["ip"])
    told = {worker_of(mux.ask(fields=[("X-Forwarded-For", f"10.0.0.{i}")])) for i in range(8)}
    assert len(told) == 1


# -- together

def test_a_script_whose_view_has_only_its_address_follows_its_own_websocket(start, four):
    """The table learns every key that a request carries."""
    mux = started(start, four, ["cookie", "client_id", "prompt_id", "ip"])
    for n in range(1, 6):
        source = f"127.0.1.{n}"
        ws_owner = worker_of(mux.ask(f"/ws?clientId=script-{n}", source=source))
        owner, prompt_id = post(mux, four, submit(f"script-{n}"), source=source)
        assert owner == ws_owner
        assert worker_of(mux.ask(f"/history/{prompt_id}", source=source)) == ws_owner
        assert worker_of(mux.ask("/view?filename=ComfyUI_00001_.png", source=source)) == ws_owner


def test_keys_are_tried_in_the_order_configured(start, four):
    mux = started(start, four, ["client_id", "ip"])
    by_ip = worker_of(mux.ask("/page", source="127.0.2.1"))
    by_id = worker_of(mux.ask("/ws?clientId=z", source="127.0.2.2"))
    assert by_ip != by_id
    assert worker_of(mux.ask("/ws?clientId=z", source="127.0.2.1")) == by_id


def test_it_is_forgotten_after_its_time(start, four):
    mux = started(start, four, ["ip"], ttl=0.5)
    first = worker_of(mux.ask())
    assert worker_of(mux.ask()) == first
    client = mux.client()
    seen = set()
    for _ in range(4):
        client.has_nothing(0.7)
        seen.add(worker_of(mux.ask()))
    assert len(seen) > 1


def test_using_it_keeps_it(start, four):
    mux = started(start, four, ["ip"], ttl=0.6)
    first = worker_of(mux.ask())
    client = mux.client()
    for _ in range(6):
        client.has_nothing(0.2)
        assert worker_of(mux.ask()) == first


def test_the_table_is_bounded(start, four):
    mux = started(start, four, ["client_id"], max_entries=50)
    with mux.client() as client:
        for i in range(300):
            assert client.ask(f"/ws?clientId=c{i}").status == 200
        recent = worker_of(client.ask("/ws?clientId=c299"))
        assert worker_of(client.ask("/ws?clientId=c299")) == recent
    entries = mux.metrics().find("sticky_entries")
    assert sum(entries.values()) <= 50


# -- the worker goes away

def test_when_the_worker_goes_down_the_client_moves_and_stays_where_it_went(start, four):
    mux = started(start, four, ["ip"], health={"interval": 0, "fall": 1})
    mux.announce()
    first = worker_of(mux.ask())
    lost = next(w for w in four if w.name == first)
    lost.refuse()
    lost.forget()
    second = worker_of(mux.ask())
    assert second != first
    assert {worker_of(mux.ask()) for _ in range(5)} == {second}
    assert any("stick" in line.event and first in line.text and second in line.text for line in mux.lines), \
        "the log does not tell that a client moved"


def test_it_does_not_move_back_by_itself(start, four):
    mux = started(start, four, ["client_id"], health={"interval": 0.2, "timeout": 1, "fall": 1, "rise": 1})
    mux.announce()
    first = worker_of(mux.ask("/ws?clientId=m"))
    lost = next(w for w in four if w.name == first)
    lost.refuse()
    lost.forget()
    mux.wait_state(first, "down")
    second = worker_of(mux.ask("/ws?clientId=m"))
    lost.listen()
    mux.wait_state(first, "up")
    assert {worker_of(mux.ask("/ws?clientId=m")) for _ in range(5)} == {second}


def test_a_full_worker_keeps_its_own_clients(start, four):
    """A client's jobs belong beside its /ws, room or not."""
    workers = four[:2]
    mux = start(conf.config(pools=[conf.pool(
        [conf.node(w, w.name, max_concurrent=1) for w in workers],
        load_balancing={"strategy": "least_loaded", "load_interval": 0.1, "sticky": {"keys": ["client_id"]}})]))
    first = worker_of(mux.ask("/ws?clientId=k"))
    owner = next(w for w in workers if w.name == first)
    owner.queue = 5
    asked = len(owner.requests)
    wait_until(lambda: len(owner.requests) > asked + 2, "its load is known")
    assert post(mux, workers, submit("k"))[0] == first


def test_stickiness_survives_a_reload(start, four):
    mux = started(start, four, ["client_id"])
    told = {i: worker_of(mux.ask(f"/ws?clientId=r{i}")) for i in range(8)}
    mux.reload_ok()
    assert told == {i: worker_of(mux.ask(f"/ws?clientId=r{i}")) for i in range(8)}
