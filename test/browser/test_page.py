"""Does a person at a browser see a job run and its picture, through the proxy?"""
from page import Page


def test_a_job_shows_progress_previews_and_the_finished_image(mux, browser):
    page = Page(browser, mux)
    page.submit(seed=7, size=256)
    page.wait_state("done")
    (card,) = page.cards()
    assert int(card.get_attribute("data-progress")) == 10
    assert int(card.get_attribute("data-previews")) == 10
    assert page.image_size(card, ".preview") == [256, 256]
    assert page.image_size(card, ".result img") == [256, 256]
    page.assert_no_errors()


def test_progress_arrives_while_the_job_runs_and_an_interrupt_stops_it(mux, browser, slow_workers):
    page = Page(browser, mux)
    page.submit()
    page.wait("the first preview", lambda: page.seen("previews") >= 1)
    assert page.seen("progress") < 10, "all steps came at once: something holds frames back"
    assert page.cards()[0].get_attribute("data-state") == "running"
    page.press("stop")
    page.wait_state("stopped")
    page.assert_no_errors()


def test_a_sticky_page_and_its_jobs_stay_on_one_worker(sticky_mux, browser, workers):
    before = [worker.report()["jobs"]["done"] for worker in workers]
    page = Page(browser, sticky_mux)
    page.submit(count=3)
    page.wait_state("done", count=3)
    done = [worker.report()["jobs"]["done"] - old for worker, old in zip(workers, before)]
    assert sorted(done) == [0, 0, 3]
    for card in page.cards():
        assert page.image_size(card, ".result img") == [512, 512]
    page.assert_no_errors()


def test_a_refused_job_is_explained_and_the_next_one_runs(mux, browser):
    page = Page(browser, mux)
    page.submit(steps=20000)
    page.wait("an explanation", lambda: page.problem())
    assert "Value 20000 bigger than max of 10000" in page.problem()
    assert not page.cards()
    page.submit(steps=10)
    page.wait_state("done")
    assert page.problem() == ""
