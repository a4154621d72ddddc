"""Which worker may run a job? Here each kind of need, one worker that meets it and one that does not."""
import pytest

from harness.fleet import graph, plain, with_node
from harness.wait import stays, wait_until

# w1: no sdxl, no special node, capability a. w2: all of it, capability b.
FLEET = {"workers": [("--models", "sd15.safetensors,one.safetensors"),
                     ("--models", "sd15.safetensors,sdxl.safetensors", "--extra-nodes", "Special")],
         "each": [{"capabilities": ["slow", "common"]}, {"capabilities": ["fast", "common"]}]}


def run_all(fleet, graphs, **more):
    """Where each ran, all of them accepted at once."""
    page = fleet.page()
    jobs = [fleet.submit(g, client_id=page.client_id, **more).id for g in graphs]
    page.wait_done(*jobs)
    for job in jobs:
        assert page.kinds(job).count("execution_success") == 1, page.kinds(job)
    return [fleet.ran_on(job) for job in jobs]


def test_a_class_that_one_worker_has(fleet):
    assert run_all(fleet, [with_node("Special", n) for n in range(4)]) == [[1]] * 4


@pytest.mark.parametrize("model, number", [("sdxl.safetensors", 1), ("one.safetensors", 0)])
def test_a_model_that_one_worker_has(fleet, model, number):
    assert run_all(fleet, [graph(n, model) for n in range(4)]) == [[number]] * 4


@pytest.mark.parametrize("name, number", [("slow", 0), ("fast", 1)])
def test_a_capability_asked_for_in_extra_data(fleet, name, number):
    where = run_all(fleet, [plain(n) for n in range(4)], extra_data={"comfymux": {"capability": name}})
    assert where == [[number]] * 4


@pytest.mark.parametrize("name, number", [("slow", 0), ("fast", 1)])
def test_a_capability_asked_for_in_the_header(fleet, name, number):
    where = run_all(fleet, [plain(n) for n in range(4)], headers={"X-Comfymux-Capability": name})
    assert where == [[number]] * 4


def test_a_capability_of_both_is_no_limit(fleet):
    fleet.hold()
    jobs = [fleet.submit(plain(n), headers={"X-Comfymux-Capability": "common"}).id for n in range(2)]
    assert sorted(fleet.wait_running(*jobs)) == [0, 1]


def test_a_capability_of_nobody_is_refused(fleet):
    answer = fleet.submit(plain(), headers={"X-Comfymux-Capability": "none"})
    assert answer.status == 400 and answer.error["message"], answer.body
    assert fleet.remaining() == 0 and fleet.starts() == [[], []]


def test_what_no_single_worker_has_together_is_refused_though_each_part_is_there(fleet):
    """A node of one and a model of the other: it would wait for ever."""
    made = graph(model="one.safetensors")
    made["7"] = {"class_type": "Special", "inputs": {"images": ["8", 0]}}
    made["9"]["inputs"]["images"] = ["7", 0]
    answer = fleet.submit(made)
    assert answer.status == 400 and answer.error["message"], answer.body
    assert fleet.remaining() == 0


def test_a_value_that_nobody_has_is_refused_in_a_workers_own_words(fleet):
    """All of its words: a node may check its values itself, and take what no list has."""
    fleet.mux.announce("job_not_placed")
    made = graph(model="nobodys.safetensors", sampler_name="nobodys", steps=0)
    answer = fleet.submit(made)
    status, body = fleet.workers[0].call("POST", "/prompt", {"prompt": made})[:2]
    assert answer.status == status == 400
    told = answer.json["node_errors"]
    assert told.keys() == body["node_errors"].keys() == {"3", "4"}
    assert told["3"] == body["node_errors"]["3"]
    assert fleet.remaining() == 0


def test_it_is_refused_so_while_all_are_busy_too(fleet):
    fleet.hold()
    jobs = [fleet.submit(plain(n)).id for n in range(2)]
    fleet.wait_running(*jobs)
    answer = fleet.submit(graph(model="nobodys.safetensors"))
    assert answer.status == 400 and answer.error["type"] == "prompt_outputs_failed_validation"
    assert answer.json["node_errors"]["4"]["errors"][0]["type"] == "value_not_in_list"


def test_a_job_for_the_busy_worker_waits_though_another_is_free(fleet):
    fleet.hold(1)
    page = fleet.page("me")
    first = fleet.submit(with_node("Special", 1), client_id="me").id
    assert fleet.wait_running(first) == [1]
    second = fleet.submit(with_node("Special", 2), client_id="me").id
    other = fleet.submit(plain(3), client_id="you").id
    fleet.wait_history(other)
    assert fleet.ran_on(other) == [0], "the free worker takes what it can"
    assert fleet.report(0)["starts"] == [other] and fleet.remaining() == 2
    fleet.go_on()
    page.wait_done(first, second)
    assert fleet.ran_on(second) == [1]


def test_max_concurrent_is_1_the_rest_waits_in_the_proxy(fleet):
    fleet.hold()
    page = fleet.page("me")
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(6)]
    fleet.wait_running(*jobs[:2])
    stays(lambda: all(w.queue_remaining() == 1 for w in fleet.workers), "one job on each worker", 0.3)
    assert fleet.remaining() == 6
    running, pending = fleet.queue()
    assert sorted(running) == sorted(jobs[:2]) and pending == jobs[2:]
    fleet.go_on()
    page.wait_done(*jobs)


def test_max_concurrent_2_gives_a_worker_two(start_fleet):
    fleet = start_fleet(1, each=[{"max_concurrent": 2}])
    fleet.hold()
    jobs = [fleet.submit(plain(n)).id for n in range(4)]
    wait_until(lambda: fleet.workers[0].queue_remaining() == 2, "two jobs on the worker")
    stays(lambda: fleet.workers[0].queue_remaining() == 2, "no more than two", 0.3)
    assert fleet.remaining() == 4
    fleet.go_on()
    for job in jobs:
        fleet.wait_history(job)
    assert fleet.report(0)["starts"] == jobs
