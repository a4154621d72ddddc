"""Does a worker decide about values that are in no worker's list? A node may check its inputs itself."""
from harness.fleet import graph, plain

FLEET = {"workers": [("--models", ""), ("--models", "")]}


def test_with_an_empty_list_a_worker_says_what_is_wrong_in_its_own_words(fleet):
    fleet.mux.announce("job_not_placed")
    made = graph(model="nobodys.safetensors", steps=0)
    status, told = fleet.workers[0].call("POST", "/prompt", {"prompt": made})
    answer = fleet.submit(made)
    assert answer.status == status == 400
    assert answer.json == told and set(told["node_errors"]) == {"3", "4"}
    assert fleet.remaining() == 0


def test_while_all_are_busy_it_waits_for_a_worker_to_decide(fleet):
    fleet.mux.announce("job_not_placed|job_failed")
    fleet.hold()
    page = fleet.page()
    jobs = [fleet.submit(plain(n)).id for n in range(2)]
    fleet.wait_running(*jobs)
    late = fleet.submit(graph(model="nobodys.safetensors"), client_id=page.client_id).id
    fleet.go_on()
    page.wait_type("execution_error", late)
    assert fleet.wait_history(late)["status"]["status_str"] == "error"
