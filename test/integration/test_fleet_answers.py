"""Is a worker's answer the client's, and who is asked when that answer is no?"""
import pytest

from harness.fleet import graph, plain, with_node

FLEET = {"workers": 2}


def broken(kind):
    made = graph()
    if kind == "no outputs":
        del made["9"]
    elif kind == "unknown class":
        made["3"]["class_type"] = "Nobody'sNode"
    elif kind == "missing input":
        del made["3"]["inputs"]["seed"]
    elif kind == "too small":
        made["3"]["inputs"]["steps"] = 0
    elif kind == "too big":
        made["3"]["inputs"]["cfg"] = 1000.5
    elif kind == "no number":
        made["3"]["inputs"]["steps"] = "many"
    elif kind == "not in list":
        made["3"]["inputs"]["sampler_name"] = "eulre"
    elif kind == "bad link":
        made["3"]["inputs"]["model"] = ["4", 0, 1]
    elif kind == "wrong type":
        made["3"]["inputs"]["model"] = ["4", 2]
    elif kind == "empty":
        made = {}
    return made


KINDS = ["no outputs", "unknown class", "missing input", "too small", "too big", "no number", "not in list", "bad link",
         "wrong type", "empty"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_mistake_comes_back_as_the_worker_says_it(fleet, kind):
    if kind == "not in list":
        fleet.mux.announce("job_not_placed")  # another one was asked
    made = broken(kind)
    status, direct = fleet.workers[0].call("POST", "/prompt", {"prompt": made})
    answer = fleet.submit(made)
    assert answer.status == status == 400
    assert answer.json == direct


@pytest.mark.parametrize("kind", KINDS)
def test_a_mistake_in_a_job_that_would_have_to_wait_comes_back_at_once_in_the_same_shape(fleet, kind):
    made = broken(kind)
    _, direct = fleet.workers[0].call("POST", "/prompt", {"prompt": made})
    fleet.hold()
    busy = [fleet.submit(plain(n)).id for n in range(2)]
    fleet.wait_running(*busy)
    answer = fleet.submit(made)
    assert answer.status == 400, answer.body
    assert answer.error["type"] == direct["error"]["type"]
    assert answer.error["message"] == direct["error"]["message"]
    assert answer.json["node_errors"].keys() == direct["node_errors"].keys()
    for node, told in direct["node_errors"].items():
        mine = answer.json["node_errors"][node]
        assert mine["class_type"] == told["class_type"] and mine["dependent_outputs"] == told["dependent_outputs"]
        assert [(e["type"], e["message"]) for e in mine["errors"]] == [(e["type"], e["message"]) for e in told["errors"]]
    assert fleet.remaining() == 2


def test_a_good_output_beside_a_bad_one_runs_and_the_errors_are_told(fleet):
    made = graph()
    made["10"] = {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}}
    answer = fleet.submit(made)
    assert answer.status == 200 and list(answer.json["node_errors"]) == ["10"]
    entry = fleet.wait_history(answer.id)
    assert list(entry["outputs"]) == ["9"]


def test_no_prompt(fleet):
    answer = fleet.call("POST", "/prompt", {"client_id": "me"})
    assert answer.status == 400 and answer.error["type"] == "no_prompt"


RUBBISH = [b"", b"{", b"[]", b"null", b"7", b'{"prompt": 7}', b'{"prompt": []}', b'{"prompt": null}', b'{"prompt": "x"}',
           b'{"prompt": {"1": 7}}', b'{"prompt": {"1": {"class_type": 7}}}', b'{"prompt": {"1": {"class_type": []}}}',
           b'{"prompt": {"1": []}}', b'{"prompt": {"1": {"class_type": "SaveImage", "inputs": 7}}}',
           b"\xff\xfe", b'{"prompt": {"1": {"class_type": "\xff"}}}', b'{"a":' * 5000 + b"1" + b"}" * 5000]


@pytest.mark.parametrize("raw", RUBBISH)
def test_rubbish_is_refused_and_takes_no_worker_down(fleet, raw):
    """Some of it makes a ComfyUI answer with 500, which says nothing of the worker."""
    fleet.mux.announce("job_not_placed")
    for _ in range(4):  # more than the failures that take a worker down
        answer = fleet.call("POST", "/prompt", raw=raw)
        assert 400 <= answer.status < 600, (answer.status, answer.body)
    assert {row["state"] for row in fleet.mux.nodes().values()} == {"up"}
    assert fleet.remaining() == 0
    assert fleet.submit(plain()).status == 200


def later(fleet, **settings):
    """Worker 1 changes without anybody knowing: what is cached about it is old."""
    fleet.workers[0].test(set=settings)


def test_a_400_that_another_could_accept_is_tried_on_one_other(start_fleet):
    fleet = start_fleet([("--extra-nodes", "Special"), ("--extra-nodes", "Special")], each=[{}, {"backup": True}])
    fleet.mux.announce("job_not_placed")
    later(fleet, extra_nodes=[])
    page = fleet.page("me")
    job = fleet.submit(with_node("Special"), client_id="me").id
    page.wait_done(job)
    assert fleet.ran_on(job) == [1] and page.kinds(job).count("execution_success") == 1
    assert fleet.workers[0].report()["counts"].get("POST /prompt") == 1, "worker 1 was not asked: the test shows nothing"


def test_the_same_for_a_model_that_went_away(start_fleet):
    fleet = start_fleet(2, each=[{}, {"backup": True}])
    fleet.mux.announce("job_not_placed")
    later(fleet, models=["sd15.safetensors"])
    job = fleet.submit(graph(model="sdxl.safetensors")).id
    fleet.wait_history(job)
    assert fleet.ran_on(job) == [1]
    assert fleet.workers[0].report()["counts"].get("POST /prompt") == 1


def test_on_one_other_only(start_fleet):
    fleet = start_fleet(3, flags=("--extra-nodes", "Special"), each=[{}, {}, {}])
    fleet.mux.announce("job_not_placed")
    for worker in fleet.workers:
        worker.test(set={"extra_nodes": []})
    answer = fleet.submit(with_node("Special"))
    assert answer.status == 400 and answer.error["type"] == "missing_node_type"
    assert sum(w.report()["counts"].get("POST /prompt", 0) for w in fleet.workers) == 2
    assert fleet.remaining() == 0


def test_a_400_that_nobody_would_accept_is_not_tried_elsewhere(fleet):
    fleet.submit(broken("missing input"))
    assert sum(w.report()["counts"].get("POST /prompt", 0) for w in fleet.workers) <= 1


@pytest.mark.parametrize("fault", ["500", "reset"])
def test_a_worker_that_fails_is_not_the_clients_business(start_fleet, fault):
    fleet = start_fleet(2, each=[{}, {"backup": True}])
    fleet.mux.announce()
    fleet.workers[0].test(fault=fault, path="/prompt")
    page = fleet.page("me")
    job = fleet.submit(plain(), client_id="me").id
    page.wait_done(job)
    assert fleet.ran_on(job) == [1] and page.kinds(job).count("execution_success") == 1


def test_all_refuse_the_client_is_told_in_comfyuis_shape(start_fleet):
    fleet = start_fleet(2)
    fleet.mux.announce()
    for worker in fleet.workers:
        worker.test(fault="500", path="/prompt")
    answer = fleet.submit(plain())
    # Taken to wait, or refused: but told at once either way, and never lost.
    if answer.status == 200:
        for worker in fleet.workers:
            worker.test(fault="none")
        assert fleet.wait_history(answer.id)["status"]["completed"]
    else:
        assert answer.error["message"] and answer.status in (502, 503, 504)
        assert fleet.remaining() == 0
