"""Two sockets of one client, and one that comes back: does each hear what it has to?"""
import pytest

from harness.fleet import graph, plain

FLEET = {"workers": 2}


def test_both_sockets_of_one_client_hear_everything(fleet):
    one, two = fleet.page("me"), fleet.page("me")
    job = fleet.submit(graph(), client_id="me").id
    for page in (one, two):
        page.wait_done(job)
    assert [e.body for e in one.of(job)] == [e.body for e in two.of(job)]
    assert len(one.frames()) == len(two.frames()) == 4


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("how", ["leave", "close"])
def test_when_one_ends_the_other_goes_on(fleet, first, how):
    """On one ComfyUI the second one would be deaf from now on."""
    one, two = fleet.page("me"), fleet.page("me")
    gone, stays = (one, two) if first else (two, one)
    fleet.hold()
    job = fleet.submit(plain(), client_id="me").id
    stays.wait_type("progress", job)
    getattr(gone, how)()
    stays.settle()
    fleet.go_on()
    stays.wait_done(job)
    after = fleet.submit(plain(2), client_id="me").id
    stays.wait_done(after)
    assert stays.kinds(after)[0] == "execution_start" and len(stays.ends(job)) == 1


def test_one_that_comes_back_in_the_middle_is_told_where_it_is(fleet):
    page = fleet.page("me")
    fleet.hold()
    job = fleet.submit(graph(), client_id="me").id
    last = page.wait_type("progress", job, value=2)
    page.close()
    back = fleet.page("me")
    assert back.events[0].type == "status" and back.events[0].queue_remaining == 1
    assert back.wait_type("executing", job).data["node"] == "3"
    assert back.wait_type("progress", job).data == last.data
    fleet.go_on()
    back.wait_done(job)
    back.settle()
    kinds = [e.type for e in back.of(job)]
    assert kinds.index("executing") < kinds.index("progress")
    assert len(back.ends(job)) == 1 and kinds.count("execution_success") == 1
    values = [e.data["value"] for e in back.of(job) if e.type == "progress"]
    assert values == [2, 3, 4]


def test_what_ended_while_it_was_away_is_told_in_order(fleet):
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(2)]
    fleet.wait_running(*jobs)
    page.leave()
    fleet.go_on()
    for job in jobs:
        fleet.wait_history(job)
    back = fleet.page("me")
    back.wait_done(*jobs)
    back.settle()
    for job in jobs:
        kinds = back.kinds(job)
        assert kinds.count("execution_success") == 1 and kinds.count("executed") == 1 and back.ends(job) == [job]
        assert kinds.index("executed") < kinds.index("execution_success")
        assert back.of(job)[-1].is_end(job)
    assert back.events[0].queue_remaining == 0


def test_it_is_told_once(fleet):
    fleet.page("me").leave()
    job = fleet.submit(plain(), client_id="me").id
    fleet.wait_history(job)
    first = fleet.page("me")
    first.wait_done(job)
    first.leave()
    second = fleet.page("me").settle()
    assert second.kinds(job) == []


def test_an_error_while_it_was_away(fleet):
    for worker in fleet.workers:
        worker.test(fault="error", type="ValueError")
    job = fleet.submit(plain(), client_id="me").id
    fleet.wait_history(job)
    page = fleet.page("me")
    assert page.wait_type("execution_error", job).data["exception_type"] == "ValueError"
    page.wait_done(job)


def test_a_socket_opened_after_the_prompt_was_sent_hears_its_end(fleet):
    """Scripts do it in that order."""
    fleet.hold()
    job = fleet.submit(plain(), client_id="late").id
    page = fleet.page("late")
    fleet.go_on()
    page.wait_done(job)


def test_what_another_client_missed_is_not_told_to_this_one(fleet):
    job = fleet.submit(plain(), client_id="somebody").id
    fleet.wait_history(job)
    assert fleet.page("nobody").settle().heard_of() == set()


def test_png_results_of_the_time_between_are_not_lost_for_the_second_socket(fleet):
    one, two = fleet.page("me"), fleet.page("me")
    fleet.hold()
    job = fleet.submit(plain(), client_id="me").id
    number, = fleet.wait_running(job)
    one.close()
    fleet.workers[number].test(send=[{"image": 1000, "times": 3}])
    fleet.go_on()
    two.wait_done(job)
    assert len([f for f in two.frames() if f.image[:4] == b"\x89PNG"]) == 3


def test_the_job_goes_on_when_its_client_has_left(fleet):
    page = fleet.page("me")
    fleet.hold()
    job = fleet.submit(plain(), client_id="me").id
    page.wait_type("progress", job)
    page.close()
    fleet.go_on()
    assert fleet.wait_history(job)["status"]["completed"] and fleet.outputs(job)
