"""Do uploads, masks and pictures work as on one ComfyUI, wherever they are?"""
import http.client
import json
import random
import urllib.parse
import uuid

import pytest

from harness import conf
from harness.wait import wait_until
from harness.workers import small_graph

pytestmark = pytest.mark.seconds(90)

JSON = [("Content-Type", "application/json")]


def config_of(workers, **more):
    return conf.config(timeouts={"read": 30, "tunnel": 60}, pools=[conf.pool(
        [conf.node(w, w.name, max_concurrent=1) for w in workers], mode="fleet",
        load_balancing={"strategy": "score", "load_interval": 0.3},
        health_check={"interval": 0.3, "timeout": 2, "rise": 1, "fall": 2, "heartbeat_timeout": 20}, **more)])


@pytest.fixture
def fleet_of(start, workers):
    def make(**more):
        mux = start(config_of(workers, **more))
        mux.worker_ports |= {w.port for w in workers}
        return mux
    return make


@pytest.fixture
def mux(fleet_of):
    return fleet_of()


def form(octets, filename="a.png", **values):
    edge = "x7Rq" + uuid.uuid4().hex
    parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
             for name, value in values.items()]
    if octets is not None:
        disposition = filename if filename.startswith("filename") else f'filename="{filename}"'
        parts.insert(len(parts) // 2, (
            f'--{edge}\r\nContent-Disposition: form-data; name="image"; {disposition}\r\n'
            "Content-Type: image/png\r\n\r\n").encode() + octets + b"\r\n")
    return ([("Content-Type", f"multipart/form-data; boundary={edge}")],
            b"".join(parts) + f"--{edge}--\r\n".encode())


def upload(mux, octets, filename="a.png", target="/upload/image", **values):
    fields, body = form(octets, filename, **values)
    response = mux.ask(target, "POST", fields, body)
    assert response.status == 200, (response.status, response.body)
    return json.loads(response.body)


def worker_upload(worker, fields, body):
    """Past the proxy."""
    link = http.client.HTTPConnection(worker.host, worker.port, timeout=10)
    link.request("POST", "/upload/image", body, dict(fields))
    assert link.getresponse().status == 200
    link.close()


def view_target(image, **more):
    query = {"filename": image.get("filename", image.get("name")), "subfolder": image["subfolder"],
             "type": image["type"], **more}
    return "/view?" + urllib.parse.urlencode(query)


def view(mux, image, fields=()):
    response = mux.ask(view_target(image), fields=fields)
    assert response.status == 200, (image, response.status, response.body)
    return response.body


def noise(seed, n=3000):
    return b"\x89PNG\r\n\x1a\n" + random.Random(seed).randbytes(n)


def loading(image, seed=0, prefix="loaded"):
    graph = small_graph(seed, prefix)
    graph["1"] = {"class_type": "LoadImage", "inputs": {"image": image}}
    return graph


def submit(mux, graph, fields=()):
    response = mux.ask("/prompt", "POST", [*JSON, *fields], json.dumps({"prompt": graph}).encode())
    assert response.status == 200, (response.status, response.body)
    return json.loads(response.body)["prompt_id"]


def outputs(mux, prompt_id):
    """Waits for its end; the pictures."""
    def entry():
        return json.loads(mux.ask(f"/history/{prompt_id}").body).get(prompt_id)
    wait_until(entry, "the job has ended")
    told = entry()
    assert told["status"]["status_str"] == "success", told["status"]
    return [image for node in told["outputs"].values() for image in node.get("images", [])]


def straight(worker, image):
    """The status of a file at a worker, past the proxy."""
    return worker.call("GET", view_target(image))[0]


def test_an_uploaded_picture_goes_where_it_is_needed(mux, workers):
    told = upload(mux, noise(1), "cat (1).png")
    assert told == {"name": "cat (1).png", "subfolder": "", "type": "input"}
    assert [straight(worker, told) for worker in workers] == [404] * len(workers)
    for worker in workers:
        worker.test(set={"job_ms": 600})
    jobs = [submit(mux, loading("cat (1).png", i)) for i in range(len(workers))]
    for job in jobs:
        assert len(outputs(mux, job)) == 1
    assert [straight(worker, told) for worker in workers] == [200] * len(workers)


def test_a_picture_that_a_worker_lost_is_brought_again(fleet_of, workers):
    mux = fleet_of()
    upload(mux, noise(1), "lost.png")
    for worker in workers:
        worker.test(set={"job_ms": 600})
    for job in [submit(mux, loading("lost.png", i)) for i in range(len(workers))]:
        outputs(mux, job)
    for worker in workers:
        worker.test(reset=True)
    for job in [submit(mux, loading("lost.png", i)) for i in range(len(workers))]:
        outputs(mux, job)


@pytest.mark.parametrize("filename, name", [
    ("it's 50% \u00fc;x.png", "it's 50% \u00fc;x.png"), ("filename*=UTF-8''%c3%bc%22%5c.png", "\u00fc\"\\.png"),
    ("a%20b.png", "a%20b.png"), ("/abs.png", "abs.png")])
def test_names_are_the_same_everywhere(mux, filename, name):
    told = upload(mux, noise(2), filename, subfolder="a b", type="input")
    assert told == {"name": name, "subfolder": "a b", "type": "input"}
    assert view(mux, told) == noise(2)
    outputs(mux, submit(mux, loading(f"a b/{name}")))


def test_a_name_that_is_taken_gets_a_number(mux):
    assert upload(mux, noise(1))["name"] == "a.png"
    assert upload(mux, noise(1))["name"] == "a.png"
    assert upload(mux, noise(2))["name"] == "a (1).png"
    assert upload(mux, noise(3), target="/api/upload/image")["name"] == "a (2).png"
    assert view(mux, {"name": "a (1).png", "subfolder": "", "type": "input"}) == noise(2)
    assert upload(mux, noise(4), overwrite="true")["name"] == "a.png"
    assert view(mux, {"name": "a.png", "subfolder": "", "type": "input"}) == noise(4)
    assert upload(mux, noise(5), type="temp")["type"] == "temp"
    assert view(mux, {"name": "a.png", "subfolder": "", "type": "temp"}) == noise(5)


def test_a_name_that_only_a_worker_has_is_taken(fleet_of, workers):
    worker_upload(workers[1], *form(noise(1), "mine.png"))
    mux = fleet_of()
    wait_until(lambda: "mine.png" in union_of(mux), "the worker's listing is known")
    assert upload(mux, noise(2), "mine.png")["name"] == "mine (1).png"


def listed(info):
    return info["LoadImage"]["input"]["required"]["image"][0]


def union_of(mux):
    """What LoadImage lists; [] while no worker's list is known and the answer is still a worker's own."""
    response = mux.ask("/object_info")
    return listed(json.loads(response.body)) if response.has("ETag") else []


def test_what_was_uploaded_is_listed_at_once(mux):
    upload(mux, noise(1), "first.png")
    wait_until(lambda: "first.png" in union_of(mux), "the classes are known")
    upload(mux, noise(1), "zebra.png")
    upload(mux, noise(1), "song.mp3")
    one = listed(json.loads(mux.ask("/object_info/LoadImage").body))
    assert "zebra.png" in one and "song.mp3" not in one
    assert "zebra.png" in union_of(mux)


def test_uploads_survive_a_restart(start, workers, folder):
    settings = {"spool_dir": str(folder / "spool")}
    first = start(config_of(workers, **settings))
    first.worker_ports |= {w.port for w in workers}
    told = upload(first, noise(1), "kept.png", subfolder="x")
    first.finish()
    first.ended_by_test = True
    second = start(config_of(workers, **settings))
    second.worker_ports |= {w.port for w in workers}
    assert view(second, told) == noise(1)
    assert upload(second, noise(2), "kept.png", subfolder="x")["name"] == "kept (1).png"


@pytest.mark.parametrize("filename", ["..", "a\\\\..\\\\b.png", "x/../../b.png"])
def test_names_that_lead_out_are_refused(mux, filename):
    fields, body = form(noise(1), filename)
    assert mux.ask("/upload/image", "POST", fields, body).status == 400


@pytest.mark.parametrize("values", [{"subfolder": "../x"}, {"subfolder": "/etc"}, {"type": "models"},
                                    {"subfolder": "x" * 5000}])
def test_places_that_lead_out_are_refused(mux, values):
    fields, body = form(noise(1), "a.png", **values)
    assert mux.ask("/upload/image", "POST", fields, body).status == 400


def test_what_is_no_upload_is_refused(mux):
    fields, body = form(None, overwrite="true")
    assert mux.ask("/upload/image", "POST", fields, body).status == 400
    assert mux.ask("/upload/image", "POST", JSON, b"{}").status == 400
    fields, body = form(noise(1))
    assert mux.ask("/upload/image", "POST", fields, body[:-5]).status == 400
    assert mux.ask("/upload/image", "POST", fields, b"").status == 400
    assert mux.ask("/upload/image", "POST", fields, b"x" * 100).status == 400


def test_what_is_too_large_is_refused(fleet_of):
    mux = fleet_of(spool_bytes="10k")
    fields, body = form(noise(1, 20000))
    response = mux.ask("/upload/image", "POST", fields, body)
    assert response.status == 413 and json.loads(response.body)["error"]["message"]
    told = [upload(mux, noise(i, 4000), f"{i}.png") for i in range(4)]
    assert view(mux, told[3]) == noise(3, 4000)
    assert mux.ask(view_target(told[0])).status == 404


def test_a_mask_is_merged_where_the_picture_is(mux, workers):
    original = upload(mux, noise(1), "original.png")
    ref = json.dumps({"filename": original["name"], "subfolder": "", "type": "input"})
    told = upload(mux, noise(2), "masked.png", "/upload/mask", original_ref=ref, subfolder="clipspace", type="input")
    assert (told["name"], told["subfolder"], told["type"]) == ("masked.png", "clipspace", "input")
    # The simulated worker does not merge: it keeps the mask.
    assert view(mux, told) == noise(2)
    again = upload(mux, noise(3), "masked.png", "/upload/mask", original_ref=ref, subfolder="clipspace", type="input")
    assert again["name"] == "masked (1).png"
    for worker in workers:
        worker.test(set={"job_ms": 600})
    jobs = [submit(mux, loading("clipspace/masked.png [input]", i)) for i in range(len(workers))]
    for job in jobs:
        outputs(mux, job)
    image, = outputs(mux, submit(mux, small_graph(7, "made")))
    made = upload(mux, noise(4), "of-output.png", "/upload/mask", original_ref=json.dumps(image))
    assert view(mux, made) == noise(4)


def test_a_mask_needs_its_picture(mux):
    fields, body = form(noise(1), "m.png", original_ref=json.dumps({"filename": "nowhere.png", "type": "input"}))
    assert mux.ask("/upload/mask", "POST", fields, body).status == 404
    for wrong in ("", "[]", "{}", '{"filename": "../x"}'):
        fields, body = form(noise(1), "m.png", original_ref=wrong)
        assert mux.ask("/upload/mask", "POST", fields, body).status == 400


def test_pictures_of_one_name_are_told_apart(mux, workers):
    for worker in workers:
        worker.test(set={"job_ms": 600})
    jobs = [submit(mux, small_graph(0x1111 * (i + 1), "same")) for i in range(3 * len(workers))]
    images = [outputs(mux, job)[0] for job in jobs]
    names = {(image["subfolder"], image["filename"]) for image in images}
    assert len(names) == len(jobs), images
    for filename in {image["filename"] for image in images}:
        folders = sorted(image["subfolder"] for image in images if image["filename"] == filename)
        assert folders[0] == "" and all(folder.startswith("@w") for folder in folders[1:])
    assert len({view(mux, image) for image in images}) == len(jobs)


def test_what_the_proxy_did_not_see_made_is_looked_for(mux, workers):
    fields, body = form(noise(9), "hidden one.png", type="output")
    worker_upload(workers[-1], fields, body)
    image = {"name": "hidden one.png", "subfolder": "", "type": "output"}
    for _ in range(3):
        assert view(mux, image) == noise(9)
    with_suffix = "/api/view?filename=hidden%20one.png%20%5Boutput%5D&type=temp"
    assert mux.ask(with_suffix).body == noise(9)
    assert mux.ask(view_target({**image, "name": "no such.png"})).status == 404
    assert mux.ask("/view").status == 404
    assert mux.ask("/view?filename=../x").status == 400


def test_results_are_inputs_wherever_they_were_made(mux, workers):
    for worker in workers:
        worker.test(set={"job_ms": 600})
    made = [outputs(mux, job)[0] for job in [submit(mux, small_graph(i, "chain")) for i in range(2 * len(workers))]]
    assert {image["subfolder"][:1] for image in made} == {"", "@"}
    names = ["/".join(filter(None, (image["subfolder"], image["filename"]))) + " [output]" for image in made]
    for job in [submit(mux, loading(name, i, "next")) for i, name in enumerate(names)]:
        assert len(outputs(mux, job)) == 1


def test_a_range_of_a_tagged_picture(mux, workers):
    for worker in workers:
        worker.test(set={"job_ms": 600})
    images = [outputs(mux, job)[0] for job in [submit(mux, small_graph(i, "range")) for i in range(2 * len(workers))]]
    tagged = next(image for image in images if image["subfolder"].startswith("@"))
    whole = view(mux, tagged)
    response = mux.ask(view_target(tagged, rand="0.5"), fields=[("Range", "bytes=8-15")])
    assert (response.status, response.body) == (206, whole[8:16])
