"""Fixtures and the guards around every test.

core: the module runs three times: plain, with -d shortio, with -d nosplice.
real_workers: runs against $COMFYUI_URLS when that is set.
seconds(n): the test may take that long; 40 otherwise.
"""
import os
import pathlib
import shutil
import signal
import tempfile

import pytest

from harness import workers as worker_processes
from harness.backend import Backend
from harness.fleet import Fleet
from harness.mux import Mux
from harness.paths import binary
from harness.rig import Rig

IO_MODES = {"plain": (), "shortio": ("shortio",), "nosplice": ("nosplice",)}


def pytest_configure(config):
    for line in ("core: the bytes of HTTP; run also with -d shortio and -d nosplice",
                 "real_workers: makes sense against real ComfyUI workers (COMFYUI_URLS)",
                 "seconds(n): the longest this test may take"):
        config.addinivalue_line("markers", line)


def pytest_sessionstart(session):
    if not session.config.option.collectonly and not os.access(binary(), os.X_OK):
        pytest.exit(f"no program at {binary()}: build it, or set COMFYMUX", returncode=4)


def pytest_generate_tests(metafunc):
    if "io_mode" in metafunc.fixturenames:
        is_core = metafunc.definition.get_closest_marker("core") is not None
        wanted = os.environ.get("TEST_IO_MODES", " ".join(IO_MODES)).split() if is_core else ["plain"]
        # The very objects of IO_MODES: pytest keeps a fixture as long as its parameter is the same object.
        modes = [mode for mode in IO_MODES if mode in wanted]
        metafunc.parametrize("io_mode", modes, indirect=True, scope="module")


def pytest_collection_modifyitems(config, items):
    """Real workers run only what was written for them."""
    if not worker_processes.real_workers():
        return
    chosen = [item for item in items if item.get_closest_marker("real_workers")]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def pytest_make_parametrize_id(val):
    """Octets and long texts are no names."""
    if isinstance(val, bytes):
        val = val.decode("latin-1").encode("unicode_escape").decode()
    elif not isinstance(val, str):
        return None
    return val if len(val) <= 40 else f"{val[:30]}...{len(val)}"


class Overdue(BaseException):
    pass


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """No test hangs: an alarm ends it, whatever it waits for."""
    marker = item.get_closest_marker("seconds")
    allowed = marker.args[0] if marker else 40

    def overdue(*_):
        signal.alarm(20)  # the teardown gets a chance, too
        raise Overdue(f"took longer than {allowed} s")

    before = signal.signal(signal.SIGALRM, overdue)
    signal.alarm(int(allowed))
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def io_mode(request):
    return getattr(request, "param", "plain")


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def short_folder():
    """For unix sockets, whose paths may have 107 letters."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="cmux-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def backend_of():
    """Makes backends that are closed, and whose scripts' failures count, at the end."""
    made = []

    def make(*arguments, **more):
        backend = Backend(*arguments, **more)
        made.append(backend)
        return backend

    make.made = made
    yield make
    for backend in made:
        backend.close()
    for backend in made:
        backend.check()


@pytest.fixture
def backend(backend_of):
    return backend_of()


@pytest.fixture
def start(request, folder, io_mode, backend_of):
    """start(config) -> Mux, which is up. The hidden checks run when the test is over, the test's backends closed."""
    running = []

    def make(config, switches=(), wait=True, **more):
        place = folder / f"mux{len(running)}"
        place.mkdir()
        mux = Mux(config, place, (*IO_MODES[io_mode], *switches), **more)
        running.append(mux)
        mux.backends = backend_of.made
        return mux.started() if wait else mux

    make.running = running
    yield make
    failed = getattr(request.node, "failed_call", False)
    for mux in running:
        if mux.process.poll() is not None and getattr(mux, "ended_by_test", False):
            mux.kill()
            mux.check_log()
        elif failed:
            mux.kill()  # one failure is told once
        else:
            mux.finish()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        report = outcome.get_result()
        item.failed_call = report.failed
        if report.failed:
            for mux in _muxes_of(item):
                report.sections.append(("comfymux's log", mux.log_tail()))


def _muxes_of(item):
    for value in getattr(item, "funcargs", {}).values():
        if isinstance(value, Mux):
            yield value
        elif isinstance(value, (Rig, Fleet)):
            yield value.mux
        else:
            yield from getattr(value, "running", ())


@pytest.fixture(scope="module")
def shared_rig(request, tmp_path_factory, io_mode):
    settings = getattr(request.module, "RIG", None)
    rig = Rig(tmp_path_factory.mktemp("rig"), settings, IO_MODES[io_mode])
    yield rig
    try:
        if rig.mux.is_running():
            rig.close()
    finally:
        rig.mux.kill()


@pytest.fixture
def rig(request, shared_rig):
    """The module's proxy with its backends, quiet. The module may say RIG = {...} (see harness/rig.py)."""
    shared_rig.begin()
    yield shared_rig
    if getattr(request.node, "failed_call", False):
        for client in shared_rig.mux.clients:
            client.close()
    else:
        shared_rig.end()


@pytest.fixture(scope="session")
def simulated_workers():
    """Three simulated workers for the whole run."""
    made = [worker_processes.SimulatedWorker(f"w{i + 1}") for i in range(3)]
    yield made
    for worker in made:
        worker.close()


@pytest.fixture
def workers(request):
    """Workers that speak ComfyUI's API: real ones if there are any, else the shared simulated ones, cleaned."""
    real = worker_processes.real_workers()
    if real:
        return real
    made = request.getfixturevalue("simulated_workers")
    for worker in made:
        worker.test(fault="none", reset=True, set={"job_ms": 200, "steps": 4})
    return made


@pytest.fixture
def own_worker():
    """own_worker(name, flags...) starts a simulated worker that the test may kill."""
    made = []

    def make(name="own", *flags):
        worker = worker_processes.SimulatedWorker(name, *flags)
        made.append(worker)
        return worker

    yield make
    for worker in made:
        worker.close()


@pytest.fixture(scope="module")
def shared_fleet(request, tmp_path_factory):
    made = Fleet(tmp_path_factory.mktemp("fleet"), **getattr(request.module, "FLEET", {}))
    yield made
    try:
        made.mux.announced.clear()
        made.mux.announce(level="warn")
        made.mux.announce(level="error")
        made.finish()
    finally:
        made.kill()


@pytest.fixture
def fleet(request, shared_fleet):
    """The module's fleet, quiet. The module may say FLEET = {...}: arguments of Fleet. For tests that break nothing."""
    shared_fleet.begin()
    yield shared_fleet
    if getattr(request.node, "failed_call", False):
        for client in shared_fleet.mux.clients:
            client.close()
        shared_fleet.go_on()
    else:
        shared_fleet.end()


@pytest.fixture
def start_fleet(request, folder):
    """start_fleet(...) -> Fleet of its own, that the test may kill pieces of. The hidden checks run at the end."""
    made = []

    def make(*arguments, kind=Fleet, **more):
        place = folder / f"fleet{len(made)}"
        place.mkdir()
        made.append(kind(place, *arguments, **more))
        make.running.append(made[-1].mux)
        return made[-1]

    make.running = []
    yield make
    for one in made:
        if getattr(request.node, "failed_call", False):
            one.kill()
        else:
            one.go_on()
            one.finish()
