"""The proxy was restarted, and a worker remembers a job that it does not: are the files in its history found?"""
from harness.fleet import plain


def test_files_of_jobs_before_a_restart_are_told_apart(start_fleet):
    fleet = start_fleet(2)
    page = fleet.page("me")
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(2)]
    fleet.wait_running(*jobs)
    fleet.go_on()
    page.wait_done(*jobs)
    before = [fleet.view(fleet.outputs(job)[0]).body for job in jobs]
    page.close()
    fleet.mux.finish()
    fleet.start()
    names = [fleet.outputs(job)[0] for job in jobs]
    assert len({name["filename"] for name in names}) == 1, "they have different names: the test shows nothing"
    assert [fleet.view(name).body for name in names] == before
