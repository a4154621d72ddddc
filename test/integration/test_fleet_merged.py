"""Are the small pages those of all workers together: devices, memory, models, extensions; and does a silent one not hold them up?"""
import json
import threading

import pytest

from harness.fleet import graph
from harness.wait import wait_until

FLEET = {"workers": [("--models", "a.safetensors,b.safetensors", "--vram", 8), ("--models", "b.safetensors,c.safetensors"),
                     ("--models", "d.safetensors", "--vram", 80)]}


def test_devices_of_all(fleet):
    told = fleet.get("/system_stats")
    names = [device["name"] for device in told["devices"]]
    for worker in ("w1", "w2", "w3"):
        assert sum(f"GPU of {worker}" in name for name in names) == 1, names
    assert sorted(device["vram_total"] >> 30 for device in told["devices"]) == [8, 24, 80]
    for device in told["devices"]:
        assert {"name", "type", "index", "vram_total", "vram_free", "torch_vram_total", "torch_vram_free"} <= set(device)
    assert {"os", "ram_total", "ram_free", "comfyui_version", "python_version"} <= set(told["system"])


def test_each_device_has_an_index_of_its_own(fleet):
    indexes = [device["index"] for device in fleet.get("/system_stats")["devices"]]
    assert len(set(indexes)) == 3, indexes


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_free_reaches_all(fleet, prefix):
    before = [w.report()["counts"].get("POST /free", 0) for w in fleet.workers]
    fleet.post(prefix + "/free", {"unload_models": True, "free_memory": True})
    wait_until(lambda: all(w.report()["counts"].get("POST /free", 0) == n + 1 for w, n in zip(fleet.workers, before)),
               "all were told once")


def test_free_frees(fleet):
    job = fleet.submit(graph(model="d.safetensors")).id
    fleet.wait_history(job)
    full = fleet.workers[2].call("GET", "/system_stats")[1]["devices"][0]
    assert full["vram_free"] < full["vram_total"], "the test shows nothing"
    fleet.post("/free", {"unload_models": True})

    def is_free():
        device = fleet.workers[2].call("GET", "/system_stats")[1]["devices"][0]
        return device["vram_free"] == device["vram_total"]

    wait_until(is_free, "the memory is free")


def test_models_of_all(fleet):
    assert sorted(fleet.get("/models/checkpoints")) == [f"{n}.safetensors" for n in "abcd"]
    assert fleet.get("/models/loras") == ["detail.safetensors"] and fleet.get("/models/vae") == []
    assert sorted(fleet.get("/models")) == ["checkpoints", "loras", "vae"]
    assert fleet.get("/embeddings") == [] and fleet.get("/extensions") == []


def test_a_folder_that_nobody_has(fleet):
    assert fleet.call("GET", "/models/nosuch").status == 404
    assert fleet.call("GET", "/models/%2e%2e").status == 404


SHARED = ["/system_stats", "/models", "/models/checkpoints", "/embeddings", "/extensions"]


@pytest.mark.parametrize("fault", ["hang", "500", "reset"])
@pytest.mark.parametrize("path", SHARED)
def test_a_worker_that_does_not_answer_is_left_out(fleet, path, fault):
    """The harness gives up long before the worker would."""
    fleet.mux.announce()
    whole = fleet.call("GET", path)
    fleet.workers[2].test(fault=fault, path=path, count=2)
    answer = fleet.call("GET", path)
    assert answer.status == 200
    if path == "/models/checkpoints":
        assert {"a.safetensors", "b.safetensors", "c.safetensors"} <= set(answer.json)
    if path == "/system_stats":
        assert len(answer.json["devices"]) >= 2
    fleet.workers[2].test(fault="none")
    fleet.mux.wait_state("w3", "up", 20)
    wait_until(lambda: fleet.call("GET", path).status == whole.status, "all is as before")


def test_no_worker_answers(fleet):
    for worker in fleet.workers:
        worker.test(fault="500", path="/models")
    fleet.mux.announce()
    answer = fleet.call("GET", "/models")
    assert answer.status in (500, 502, 503, 504)
    for worker in fleet.workers:
        worker.test(fault="none")
    for name in ("w1", "w2", "w3"):
        fleet.mux.wait_state(name, "up", 20)
    assert fleet.call("GET", "/models").status == 200


def test_features_are_those_that_all_have(start_fleet):
    """A version that has no such page has none of them."""
    fleet = start_fleet([(), ("--old",)]).wait_features()
    assert fleet.get("/features") == {}
    fleet = start_fleet([(), ("--max-upload-size", 50)]).wait_features()
    told = fleet.get("/features")
    assert told["supports_preview_metadata"] is True and told["max_upload_size"] == 50 << 20


def test_many_at_once_are_one_question(fleet):
    before = [w.report()["counts"].get("GET /models", 0) for w in fleet.workers]
    for worker in fleet.workers:
        worker.test(fault="slow", path="/models", seconds=0.4)
    found = []
    threads = [threading.Thread(target=lambda: found.append(fleet.call("GET", "/models").body)) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 20 and {json.dumps(sorted(json.loads(body))) for body in found} == {
        '["checkpoints", "loras", "vae"]'}
    after = [w.report()["counts"].get("GET /models", 0) for w in fleet.workers]
    assert all(now - then < 20 for then, now in zip(before, after)), "each asked for itself"


def test_a_client_that_leaves_while_all_are_asked_takes_nobody_along(fleet):
    for worker in fleet.workers:
        worker.test(fault="slow", path="/models", seconds=0.5)
    left, stays = fleet.mux.client(), fleet.mux.client()
    left.send_seen(b"GET /models HTTP/1.1\r\nHost: x\r\n\r\n")
    stays.send_seen(b"GET /models HTTP/1.1\r\nHost: x\r\n\r\n")
    left.reset()
    assert stays.response().status == 200
