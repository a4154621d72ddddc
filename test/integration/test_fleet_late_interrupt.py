"""A worker that reads no id in /interrupt hears of it late, when it is at another client's job: does that one end well?"""
from harness.fleet import plain


def test_the_other_clients_job_is_run_again(start_fleet):
    fleet = start_fleet([("--old",)], each=[{"max_concurrent": 2}])
    mine, other = fleet.page("me"), fleet.page("other")
    fleet.hold()
    unwanted = fleet.submit(plain(1), client_id="me").id
    mine.wait_type("execution_start", unwanted)
    wanted = fleet.submit(plain(2), client_id="other").id
    fleet.workers[0].test(fault="hang", path="/interrupt", set={"job_ms": 4000})  # the first job goes on
    fleet.post("/interrupt", {"prompt_id": unwanted})
    other.wait_type("execution_start", wanted)
    fleet.mux.announce(level="warn")
    fleet.workers[0].test(fault="none", set={"job_ms": 100})  # now the interrupt strikes what runs
    fleet.mux.wait_event("interrupt_strayed", job=wanted)
    other.wait_done(wanted)
    assert fleet.history(wanted)["status"]["status_str"] == "success", other.kinds(wanted)
    assert "execution_interrupted" not in other.kinds(wanted) and other.ends(wanted) == [wanted]
