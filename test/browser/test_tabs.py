"""Two people at one browser's two tabs: does each see its own pictures, and do both have all workers?"""
import contextlib

import pytest
from page import Page

from harness.workers import SimulatedWorker

JOB_MS = 3000  # long enough beside what a browser needs for a page


@pytest.fixture
def workers():
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(
            SimulatedWorker(f"tab-{i + 1}", "--job-ms", JOB_MS, "--steps", 5))) for i in range(4)]


def test_two_tabs_on_four_workers_finish_four_prompts_each_in_the_time_of_two(mux, browser, workers):
    tabs = []
    for size in (256, 512):
        if tabs:
            browser.switch_to.new_window("tab")
        page = Page(browser, mux)
        tabs.append((browser.current_window_handle, page, size))
    for handle, page, size in tabs:
        browser.switch_to.window(handle)
        page.submit(size=size, count=4)
    for handle, page, size in tabs:
        browser.switch_to.window(handle)
        page.wait_state("done", count=4)
        assert len(page.cards()) == 4
        for card in page.cards():
            assert page.image_size(card, ".result img") == [size, size], "somebody else's picture"
        page.assert_no_errors()
    # Eight jobs on four workers that take one at a time: two each, so all ended in the time of two.
    assert [worker.report()["jobs"]["done"] for worker in workers] == [2, 2, 2, 2]
