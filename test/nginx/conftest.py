"""Fixtures: both servers on a configuration. See harness/case.py for how a test is written.

TEST_NGINX_SELF=1 runs nginx on both sides: everything must be equal, or the
harness is wrong. TEST_NGINX_DIFFERENCES=FOLDER writes down what differs,
TEST_NGINX_RECORD=FILE which tests fail.
"""
import os
import signal

import pytest

from harness import gaps, server
from harness.backends import Backends
from harness.certificates import Certificates
from harness.files import make_files
from harness.net import Net
from harness.pair import Pair

SECONDS = 60


def pytest_sessionstart(session):
    if session.config.option.collectonly:
        return
    for program in {server.NGINX, server.COMFYMUX if not server.AGAINST_ITSELF else server.NGINX}:
        if not os.access(program, os.X_OK):
            pytest.exit(f"no program at {program}", returncode=4)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """TEST_NGINX_RECORD=FILE: the names of those that fail, for known_gaps.txt."""
    outcome = yield
    report = outcome.get_result()
    if gaps.RECORD and report.failed:
        with open(gaps.RECORD, "a") as file:
            file.write(f"{gaps.name_of(item)}\n")


def pytest_collection_modifyitems(items):
    known = gaps.read()
    for item in items:
        reason = known.get(gaps.name_of(item))
        if reason is not None and not server.AGAINST_ITSELF:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """No test hangs."""
    def overdue(*_):
        raise TimeoutError(f"{item.name} took longer than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, overdue)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def net():
    made = Net()
    yield made
    made.close()


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("n")


@pytest.fixture(scope="session")
def certificates(place):
    return Certificates(place / "certificates")


@pytest.fixture(scope="session")
def files(place):
    return make_files(place / "files")


@pytest.fixture(scope="session")
def backends(net, certificates):
    made = Backends(net, certificates)
    yield made
    made.close()


@pytest.fixture(scope="session")
def start(net, place, backends, certificates, files):
    """start(conf) -> Pair. The caller stops it. One that does not start is not tried again."""
    counts, failed = {}, {}

    def make(conf):
        if conf in failed:
            raise AssertionError(failed[conf])
        counts[conf] = counts.get(conf, 0) + 1
        try:
            return Pair(conf, place / f"{conf}{counts[conf]}", net, backends, certificates, files)
        except AssertionError as why:
            failed[conf] = str(why)
            raise

    return make


@pytest.fixture(scope="module")
def both(request, start):
    """The servers on the configuration request.param, shared by the cases of a module."""
    pair = start(request.param)
    yield pair
    wrong = pair.stop()
    assert not wrong, wrong
