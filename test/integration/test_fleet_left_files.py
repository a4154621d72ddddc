"""A worker is taken out of the file, and put back: what do its pictures' names give meanwhile?"""
from harness.fleet import plain


def test_another_workers_picture_never_stands_in_for_one_that_is_out_of_reach(start_fleet):
    fleet = start_fleet(2)
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(2)]
    makers = fleet.wait_running(*jobs)
    for job, maker in zip(jobs, makers):
        fleet.go_on(maker)
        page.wait_done(job)
    names = [fleet.outputs(job)[0] for job in jobs]
    assert names[0]["filename"] == names[1]["filename"], "they have different names: the test shows nothing"
    before = [fleet.view(name).body for name in names]
    for gone in range(2):
        fleet.mux.reload_ok(fleet.config(without=[makers[gone]]))
        answers = [fleet.view(name) for name in names]
        assert answers[gone].status in (404, 503) and answers[1 - gone].body == before[1 - gone], names[gone]
        fleet.mux.reload_ok(fleet.config())
        fleet.mux.wait_state(f"w{makers[gone] + 1}", "up")
        assert [fleet.view(name).body for name in names] == before
