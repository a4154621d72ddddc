"""Is /object_info the union of the workers', cheap to ask for, and fresh when a worker changes?"""
import gzip
import json
import threading

import pytest

from harness.fleet import HEALTH, graph, with_node
from harness.wait import wait_until

FLEET = {"workers": [("--models", "a.safetensors,b.safetensors", "--extra-nodes", "OnlyOne,Both"),
                     ("--models", "b.safetensors,c.safetensors", "--extra-nodes", "Both,OnlyTwo", "--without-nodes", "PreviewImage")]}


def combo(info, name="CheckpointLoaderSimple", field="ckpt_name"):
    return info[name]["input"]["required"][field][0]


def asked(fleet):
    return [w.report()["counts"].get("GET /object_info", 0) for w in fleet.workers]


def test_classes_of_all(fleet):
    info = fleet.get("/object_info")
    assert {"OnlyOne", "OnlyTwo", "Both", "KSampler", "PreviewImage"} <= set(info)
    direct = [w.call("GET", "/object_info")[1] for w in fleet.workers]
    assert set(info) == set(direct[0]) | set(direct[1])


def test_values_of_all_each_once(fleet):
    values = combo(fleet.get("/object_info"))
    assert sorted(values) == ["a.safetensors", "b.safetensors", "c.safetensors"]


def test_the_rest_of_a_class_is_as_a_worker_tells_it(fleet):
    info = fleet.get("/object_info")
    for worker in fleet.workers:
        direct = worker.call("GET", "/object_info")[1]
        for name, told in direct.items():
            if name in ("CheckpointLoaderSimple", "LoadImage"):
                continue
            assert info[name] == told, name
        mine = {**direct["CheckpointLoaderSimple"], "input": None}
        assert {**info["CheckpointLoaderSimple"], "input": None} == mine


def test_one_class(fleet):
    info = fleet.get("/object_info")
    for name in ("CheckpointLoaderSimple", "OnlyOne", "OnlyTwo", "KSampler"):
        assert fleet.get(f"/object_info/{name}") == {name: info[name]}
    for wrong in ("NoSuchClass", "%20", "ksampler", "K%53ampler%00"):
        assert fleet.get(f"/object_info/{wrong}") == {}, wrong
    assert list(fleet.get("/object_info/K%53ampler")) == ["KSampler"]


def test_etag_and_304(fleet):
    first = fleet.mux.ask("/object_info")
    etag = first.get("etag")
    assert etag and etag.strip('W/').startswith('"')
    for value in (etag, f'"other", {etag}', "*"):
        again = fleet.mux.ask("/object_info", fields=[("If-None-Match", value)])
        assert again.status == 304 and again.body == b"" and again.get("etag") == etag, value
    for value in ('"other"', "rubbish", '""', etag[:-2] + '"'):
        again = fleet.mux.ask("/object_info", fields=[("If-None-Match", value)])
        assert again.status == 200 and again.body == first.body, value


def test_gzip_for_those_who_take_it(fleet):
    plain = fleet.mux.ask("/object_info")
    assert not plain.has("content-encoding")
    packed = fleet.mux.ask("/object_info", fields=[("Accept-Encoding", "gzip, deflate, br")])
    assert packed.get("content-encoding") == "gzip" and gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2
    for answer in (plain, packed):
        assert "accept-encoding" in (answer.get("vary") or "").lower(), "a cache would give one for the other"
    for value in ("identity", "gzip;q=0", "br", "", "gzipped", "*;q=0"):
        again = fleet.mux.ask("/object_info", fields=[("Accept-Encoding", value)])
        assert not again.has("content-encoding") and again.body == plain.body, value
    for value in ("GZIP", "br;q=1.0, gzip;q=0.5", "gzip;q=1.000"):
        assert fleet.mux.ask("/object_info", fields=[("Accept-Encoding", value)]).get("content-encoding") == "gzip", value


def test_two_codings_have_two_etags(fleet):
    """RFC 9110 section 8.8.3: strong tags tell representations apart."""
    one = fleet.mux.ask("/object_info").get("etag")
    two = fleet.mux.ask("/object_info", fields=[("Accept-Encoding", "gzip")]).get("etag")
    assert one != two or one.startswith("W/")
    for etag in (one, two):
        again = fleet.mux.ask("/object_info", fields=[("If-None-Match", etag), ("Accept-Encoding", "gzip")])
        assert again.status == 304 or again.get("content-encoding") == "gzip"


def test_many_at_once_ask_the_workers_at_most_once(fleet):
    before, found = asked(fleet), []

    def ask():
        found.append(fleet.call("GET", "/object_info").body)

    threads = [threading.Thread(target=ask) for _ in range(30)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 30 and len(set(found)) == 1
    assert all(now - then <= 1 for then, now in zip(before, asked(fleet)))


def test_a_worker_that_restarts_with_other_things_is_asked_anew(start_fleet):
    fleet = start_fleet(2)
    fleet.mux.announce()
    etag = fleet.mux.ask("/object_info").get("etag")
    fleet.spec[1] = ("--models", "new.safetensors", "--extra-nodes", "Fresh")
    fleet.workers[1].kill()
    fleet.mux.wait_state("w2", "down", 20)
    fleet.restart_worker(1)

    def fresh():
        info = fleet.get("/object_info")
        return "Fresh" in info and "new.safetensors" in combo(info)

    wait_until(fresh, "the new worker's classes are known", 30)
    again = fleet.mux.ask("/object_info", fields=[("If-None-Match", etag)])
    assert again.status == 200 and again.get("etag") != etag
    assert list(fleet.get("/object_info/Fresh")) == ["Fresh"]
    job = fleet.submit(with_node("Fresh")).id
    fleet.wait_history(job)
    assert fleet.ran_on(job) == [1]


def test_what_was_uploaded_is_in_the_list(start_fleet):
    fleet = start_fleet(2)
    assert combo(fleet.get("/object_info"), "LoadImage", "image") == []
    body = (b'--b\r\nContent-Disposition: form-data; name="image"; filename="mine.png"\r\n'
            b"Content-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\nxyz\r\n--b--\r\n")
    with fleet.mux.client() as client:
        answer = client.ask("/upload/image", "POST", [("Content-Type", "multipart/form-data; boundary=b")], body)
        assert answer.status == 200, answer.body
    assert json.loads(answer.body)["name"] == "mine.png"
    wait_until(lambda: "mine.png" in combo(fleet.get("/object_info"), "LoadImage", "image"), "it is told")
    wait_until(lambda: "mine.png" in combo(fleet.get("/object_info/LoadImage"), "LoadImage", "image"), "also of the class")


def test_a_worker_that_is_down_leaves_the_rest(start_fleet):
    fleet = start_fleet([("--extra-nodes", "A"), ("--extra-nodes", "B")])
    fleet.mux.announce()
    fleet.workers[1].kill()
    fleet.mux.wait_state("w2", "down", 20)
    info = fleet.get("/object_info")
    assert "A" in info and "KSampler" in info
    assert fleet.submit(graph()).status == 200


@pytest.mark.parametrize("path", ["/object_info", "/object_info/KSampler"])
def test_a_silent_worker_holds_nobody_up(fleet, path):
    fleet.workers[1].test(fault="hang", path="/object_info")
    assert "KSampler" in fleet.get(path)
