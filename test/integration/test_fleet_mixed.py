"""Workers of different versions in one fleet: can a client tell?"""
import uuid

from harness.fleet import plain

FLEET = {"workers": [(), ("--old",), ()]}


def test_ids_ends_and_pictures_are_the_same_for_all(fleet):
    for worker in fleet.workers:
        worker.test(set={"job_ms": 20})
    page = fleet.page("me")
    jobs = [str(uuid.uuid4()) for _ in range(12)]
    for n, job in enumerate(jobs):
        assert fleet.submit(plain(n), client_id="me", prompt_id=job).id == job
    page.wait_done(*jobs)
    page.settle()
    assert sorted(page.ends()) == sorted(jobs) and page.heard_of() == set(jobs)
    assert all(fleet.starts()), "a version was left out: the test shows nothing"
    assert not set(fleet.starts_of(1)) & set(jobs)
    history = fleet.get("/history")
    for n, job in enumerate(jobs):
        assert history[job]["prompt"][1] == job and history[job]["prompt"][2]["1"]["inputs"]["color"] == n
        assert page.of(job)[0].type == "execution_start" and page.of(job)[-1].is_end(job)
    assert len({fleet.view(fleet.outputs(job)[0]).body for job in jobs}) == 12
    told = fleet.get("/api/jobs?status=completed&limit=200")["jobs"]
    assert {job["id"] for job in told} >= set(jobs)


def test_each_one_of_three_is_cancelled_by_our_id_alone(fleet):
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(3)]
    for job in jobs:
        page.wait_type("progress", job)
    for n, job in enumerate(jobs):
        assert fleet.post(f"/api/jobs/{job}/cancel", {}).json == {"cancelled": True}
        page.wait_type("execution_interrupted", job)
        assert fleet.remaining() <= 3 and len([e for e in page.events if e.type == "execution_interrupted"]) == n + 1
    page.wait_done(*jobs)
    assert {fleet.get(f"/api/jobs/{job}")["status"] for job in jobs} == {"cancelled"}
