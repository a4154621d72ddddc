"""A fleet of three simulated workers behind comfymux, and a headless Chromium in front of it."""
import contextlib
import pathlib
import sys

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import conf, tls  # noqa: E402
from harness.mux import Mux  # noqa: E402
from harness.workers import SimulatedWorker  # noqa: E402

CHROMIUM = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--ignore-certificate-errors", "--window-size=1280,900",
]


@pytest.fixture(scope="session")
def workers():
    made = [SimulatedWorker(f"worker-{i + 1}", "--job-ms", 500, "--steps", 10) for i in range(3)]
    yield made
    for worker in made:
        worker.close()


@pytest.fixture
def slow_workers(workers):
    """Jobs of half a minute: what arrives within seconds was not held back to the end."""
    for worker in workers:
        worker.test(set={"job_ms": 30000})
    yield workers
    for worker in workers:
        worker.test(reset=True, set={"job_ms": 500})


@contextlib.contextmanager
def run_mux(scheme, workers, folder, **nodes):
    secured = {"tls": tls.settings("localhost")} if scheme == "https" else {}
    members = [conf.node(worker, worker.name) for worker in workers]
    # The short form, as in the README: the defaults are what is tried here.
    one = Mux({"listen": ["127.0.0.1:0"], "admin": {"listen": "127.0.0.1:0"}, **secured,
               "nodes": {"static_nodes": members, **nodes}}, folder)
    one.scheme = scheme
    try:
        one.started()
        yield one
        one.finish(settle=False)  # its workers live on, and so do kept connections to them
    finally:
        one.kill()


@pytest.fixture(params=["http", "https"])
def mux(request, workers, tmp_path):
    """One ComfyUI out of the workers."""
    with run_mux(request.param, workers, tmp_path) as one:
        yield one


@pytest.fixture(params=["http", "https"])
def sticky_mux(request, workers, tmp_path):
    """Each client on a worker of its own."""
    with run_mux(request.param, workers, tmp_path, mode="sticky") as one:
        yield one


@pytest.fixture
def browser(tmp_path):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in CHROMIUM:
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path / 'profile'}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()
