"""Out of memory on one worker: is the job tried once where there is more?"""
from harness.fleet import graph

BIG = "sdxl.safetensors"
NEEDS = ("--vram-of", f"{BIG}=16")
# The small one is taken first: the others are backup.


def test_it_is_run_again_with_more_memory_and_the_client_sees_one_run_to_its_end(start_fleet):
    fleet = start_fleet([("--vram", 8), ("--vram", 24)], flags=NEEDS, each=[{}, {"backup": True}])
    page = fleet.page("me")
    job = fleet.submit(graph(model=BIG), client_id="me").id
    page.wait_done(job)
    page.settle()
    assert fleet.starts() == [[job], [job]], "not tried on the small one first: the test shows nothing"
    kinds = page.kinds(job)
    assert "execution_error" not in kinds and kinds.count("execution_success") == 1 and len(page.ends(job)) == 1
    assert fleet.history(job)["status"]["status_str"] == "success"
    assert fleet.view(fleet.outputs(job)[0]).status == 200


def test_what_is_learned_is_kept_the_next_one_goes_to_the_large_one(start_fleet):
    fleet = start_fleet([("--vram", 8), ("--vram", 24)], flags=NEEDS, each=[{}, {"backup": True}])
    page = fleet.page("me")
    jobs = []
    for seed in range(3):
        jobs.append(fleet.submit(graph(seed, BIG), client_id="me").id)
        page.wait_done(jobs[-1])
    assert fleet.starts() == [jobs[:1], jobs]


def test_the_largest_has_no_better_one_and_its_error_is_the_answer(start_fleet):
    fleet = start_fleet([("--vram", 8), ("--vram", 8)], flags=NEEDS)
    page = fleet.page("me")
    job = fleet.submit(graph(model=BIG), client_id="me").id
    told = page.wait_type("execution_error", job).data
    assert told["exception_type"] == "torch.OutOfMemoryError"
    page.wait_done(job)
    page.settle()
    assert sum(fleet.starts(), []) == [job], "tried again where it cannot fit either"
    assert page.kinds(job).count("execution_error") == 1 and len(page.ends(job)) == 1
    assert fleet.history(job)["status"]["status_str"] == "error"


def test_once_only(start_fleet):
    """Three sizes, none large enough: the second failure is the answer."""
    fleet = start_fleet([("--vram", 8), ("--vram", 10), ("--vram", 12)], flags=NEEDS,
                        each=[{}, {"backup": True}, {"backup": True}])
    page = fleet.page("me")
    job = fleet.submit(graph(model=BIG), client_id="me").id
    page.wait_done(job)
    page.settle()
    assert page.kinds(job).count("execution_error") == 1 and len(page.ends(job)) == 1
    assert len(sum(fleet.starts(), [])) == 2
