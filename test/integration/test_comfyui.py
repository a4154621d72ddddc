"""Does an unmodified ComfyUI client work through the proxy, with several workers behind it?

Runs against real workers when COMFYUI_URLS names some; the graph needs no model.
"""
import json
import uuid

import pytest

from harness import conf, tls, ws
from harness.wait import wait_until
from harness.wire import chunked, make_request
from harness.workers import small_graph

pytestmark = [pytest.mark.real_workers, pytest.mark.seconds(90)]

JSON = [("Content-Type", "application/json")]
STICKY = {"keys": ["cookie", "client_id", "prompt_id", "ip"]}


MODES = ["sticky", "fleet"]


def config_of(workers, mode, secure=False, **more):
    servers = None
    if secure:
        servers = [{"listen": ["127.0.0.1:0"], "tls": tls.settings("comfy.test"), "locations": [{"path": "/", "pool": "pool"}]}]
    return conf.config(servers=servers, timeouts={"read": 30, "tunnel": 60}, pools=[conf.pool(
        [conf.node(w, w.name, max_concurrent=2) for w in workers], mode=mode,
        load_balancing={"strategy": "least_loaded", "load_interval": 0.3, "sticky": STICKY},
        health_check={"interval": 0.5, "timeout": 2, "rise": 1, "fall": 2, "heartbeat_timeout": 20})], **more)


@pytest.fixture(params=MODES)
def mux(request, start, workers):
    made = start(config_of(workers, request.param))
    made.worker_ports |= {w.port for w in workers}
    return made


class Browser:
    """One person: a cookie, a client id, a socket for events."""

    def __init__(self, mux, secure=False, source=None, prefix=""):
        self.mux, self.prefix, self.source = mux, prefix, source
        self.tls = tls.context() if secure else None
        self.client_id = uuid.uuid4().hex
        self.cookie = None
        self.events = None
        self.seen = []

    def connect(self):
        return self.mux.client(tls=self.tls, name="comfy.test" if self.tls else None, source=self.source)

    def fields(self, more=()):
        return [*more, *([("Cookie", self.cookie)] if self.cookie else [])]

    def ask(self, target, method="GET", body=None, fields=()):
        with self.connect() as client:
            response = client.ask(self.prefix + target, method, self.fields(fields), body)
        for cookie in response.cookies():
            if cookie.startswith("comfymux="):
                self.cookie = cookie.partition(";")[0]
        return response

    def json(self, target, **more):
        response = self.ask(target, **more)
        assert response.status == 200, (target, response.status, response.body)
        return json.loads(response.body)

    def listen(self):
        self.events = self.connect()
        ws.open_socket(self.events, f"{self.prefix}/ws?clientId={self.client_id}", self.fields())
        first = ws.next_event(self.events)
        assert first["type"] == "status"
        return first["data"]["sid"]

    def submit(self, graph=None):
        body = json.dumps({"client_id": self.client_id, "prompt": graph or small_graph()}).encode()
        return self.json("/prompt", method="POST", body=body, fields=JSON)["prompt_id"]

    def wait_done(self, prompt_id):
        """Reads events up to the end marker of that prompt."""
        while True:
            event = ws.next_event(self.events)
            self.seen.append(event)
            data = event["data"]
            if event["type"] == "execution_error":
                raise AssertionError(event)
            if event["type"] == "executing" and data.get("node") is None and data.get("prompt_id") == prompt_id:
                return

    def images(self, prompt_id):
        entry = wait_until(lambda: self.json(f"/history/{prompt_id}").get(prompt_id), "the history knows it")
        return [image for output in entry["outputs"].values() for image in output.get("images", ())]

    def view(self, image):
        response = self.ask(f"/view?filename={image['filename']}&subfolder={image['subfolder']}&type={image['type']}")
        assert response.status == 200 and response.body.startswith(b"\x89PNG")
        return response.body


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_a_prompt_runs_and_its_picture_comes_back(mux, prefix):
    browser = Browser(mux, prefix=prefix)
    assert browser.listen() == browser.client_id
    for _ in range(3):
        prompt_id = browser.submit()
        browser.wait_done(prompt_id)
        image, = browser.images(prompt_id)
        browser.view(image)
    kinds = {event["type"] for event in browser.seen}
    assert {"execution_start", "executing", "executed"} <= kinds


def test_several_people_get_their_own_pictures(mux):
    people = [Browser(mux, source=f"127.0.0.{i + 10}") for i in range(5)]
    for person in people:
        person.listen()
    prompts = [person.submit(small_graph(0x111111 * (i + 1), f"p{i}")) for i, person in enumerate(people)]
    pictures = []
    for person, prompt_id in zip(people, prompts):
        person.wait_done(prompt_id)
        image, = person.images(prompt_id)
        pictures.append(person.view(image))
        mine = {e["data"].get("prompt_id") for e in person.seen if e["type"] == "executed"}
        assert mine == {prompt_id}
    assert len(set(pictures)) == len(people)


@pytest.mark.parametrize("mode", MODES)
def test_over_tls_it_is_the_same(start, workers, mode):
    mux = start(config_of(workers, mode, secure=True))
    mux.worker_ports |= {w.port for w in workers}
    browser = Browser(mux, secure=True)
    browser.listen()
    prompt_id = browser.submit()
    browser.wait_done(prompt_id)
    browser.view(browser.images(prompt_id)[0])


def multipart(name, data):
    edge = "x7Rq" + uuid.uuid4().hex
    body = (f'--{edge}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n'
            "Content-Type: image/png\r\n\r\n").encode() + data + f"\r\n--{edge}--\r\n".encode()
    return [("Content-Type", f"multipart/form-data; boundary={edge}")], body


def png(mux, browser):
    """A real picture: one that the workers made."""
    browser.listen()
    prompt_id = browser.submit()
    browser.wait_done(prompt_id)
    return browser.view(browser.images(prompt_id)[0])


@pytest.mark.parametrize("how", ["length", "chunked", "expect"])
def test_an_upload_arrives_and_can_be_viewed(mux, how):
    browser = Browser(mux)
    picture = png(mux, browser)
    fields, body = multipart(f"up-{uuid.uuid4().hex[:8]}.png", picture)
    with browser.connect() as client:
        target = "/upload/image"
        if how == "length":
            response = client.ask(target, "POST", browser.fields(fields), body)
        elif how == "chunked":
            client.send(make_request(target, "POST", browser.fields([*fields, ("Transfer-Encoding", "chunked")])) + chunked(body, 777))
            response = client.response()
        else:
            client.send(make_request(target, "POST", browser.fields(
                [*fields, ("Expect", "100-continue"), ("Content-Length", str(len(body)))])))
            assert client.response_head().status == 100
            client.send(body)
            response = client.response()
    assert response.status == 200, response.body
    told = json.loads(response.body)
    assert browser.view({"filename": told["name"], "subfolder": told["subfolder"], "type": "input"}) == picture


def test_ranges_and_etags_pass(mux):
    browser = Browser(mux)
    picture = png(mux, browser)
    image = browser.images(browser.seen[-1]["data"]["prompt_id"])[0]
    target = f"/view?filename={image['filename']}&subfolder={image['subfolder']}&type={image['type']}"
    part = browser.ask(target, fields=[("Range", "bytes=0-7")])
    assert part.status == 206 and part.body == picture[:8]
    whole = browser.ask(target)
    again = browser.ask(target, fields=[("If-None-Match", whole.get("etag"))])
    assert again.status == 304 and again.body == b""
    with browser.connect() as client:
        head = client.ask(target, "HEAD", browser.fields())
        assert head.get("content-length") == str(len(picture))


def test_a_saved_workflow_keeps_its_encoded_slash(mux):
    browser = Browser(mux)
    name = f"workflows%2Ftest-{uuid.uuid4().hex[:8]}.json"
    saved = browser.ask(f"/api/userdata/{name}?overwrite=true", "POST", b'{"a":1}', JSON)
    assert saved.status == 200, (saved.status, saved.body)
    assert browser.json(f"/api/userdata/{name}") == {"a": 1}
    assert browser.ask(f"/api/userdata/{name}", "DELETE").status == 204


def test_the_origin_check_passes_and_still_guards(mux):
    browser = Browser(mux)
    host, port = mux.address
    with browser.connect() as client:
        client.send(make_request("/queue", host=f"{host}:{port}", fields=[("Origin", f"http://{host}:{port}")]))
        assert client.response().status == 200
        client.send(make_request("/queue", host=f"{host}:{port}", fields=[("Origin", "https://evil.test")]))
        assert client.response().status == 403


@pytest.mark.parametrize("target", ["/", "/object_info", "/system_stats", "/queue", "/prompt", "/history", "/api/system_stats",
                                    "/api/object_info/SaveImage", "/features", "/embeddings"])
def test_the_pages_of_the_api_pass(mux, workers, target):
    response = Browser(mux).ask(target)
    statuses = {w.call("GET", target)[0] for w in workers}
    assert response.status in statuses and response.status in (200, 404)


def test_a_wrong_graph_is_answered_in_comfyuis_words(mux):
    mux.announce("job_not_placed")  # fleet: another one is asked
    browser = Browser(mux)
    body = json.dumps({"prompt": {"1": {"class_type": "NoSuchNode", "inputs": {}}}}).encode()
    response = browser.ask("/prompt", "POST", body, JSON)
    assert response.status == 400
    told = json.loads(response.body)
    assert told["error"]["type"] and "node_errors" in told


def test_a_job_can_be_looked_up_and_interrupted_where_it_runs(mux):
    browser = Browser(mux)
    browser.listen()
    prompt_id = browser.submit()
    browser.wait_done(prompt_id)
    assert prompt_id in browser.json("/history")
    assert browser.ask("/interrupt", "POST", b"", JSON).status == 200
    assert browser.json("/queue")["queue_running"] == []


def test_two_hundred_and_fifty_requests_of_a_page_load_pass(mux):
    browser = Browser(mux)
    browser.ask("/")
    with browser.connect() as client:
        for i in range(250):
            target = ("/", "/system_stats", "/queue", "/object_info")[i % 4]
            assert client.ask(target, fields=browser.fields()).status == 200
            client.received.clear()


@pytest.mark.parametrize("mode", ["fleet"])
def test_an_upload_is_an_input_wherever_the_job_runs(start, workers, mode):
    mux = start(config_of(workers, mode))
    mux.worker_ports |= {w.port for w in workers}
    browser = Browser(mux)
    fields, body = multipart(f"{uuid.uuid4().hex}.png", png(mux, browser))
    told = browser.json("/upload/image", method="POST", body=body, fields=fields)
    graphs = [{"1": {"class_type": "LoadImage", "inputs": {"image": told["name"]}},
               "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": f"in{i}"}}}
              for i in range(2 * len(workers))]
    jobs = [browser.submit(graph) for graph in graphs]
    for job in jobs:
        wait_until(lambda job=job: job in browser.json("/history"), f"{job} ends", 30)
        history = browser.json(f"/history/{job}")[job]
        assert history["status"]["status_str"] == "success"
        browser.view(browser.images(job)[0])
