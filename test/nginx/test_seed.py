"""The nginx.conf that this project began with, as it stands: its addresses, its port, its log.

It runs in a network namespace, so nothing of it is changed. In nginx it cannot
carry a WebSocket; comfymux passes one on, says so, and can be told not to.
"""
import json
import os
import pathlib
import subprocess
import sys

import pytest

from harness import command, server
from harness.pair import CONFS, Differs, difference

HERE = pathlib.Path(__file__).resolve().parent
UNSHARE = ["unshare", "--net", "--mount"] + (["--user", "--map-root-user"] if os.geteuid() else [])


@pytest.fixture(scope="module")
def may_unshare():
    if subprocess.run([*UNSHARE, "true"], capture_output=True).returncode:
        pytest.skip("no network namespaces here")


def inside(program, folder, conf=CONFS / "seed.conf"):
    folder.mkdir()
    done = subprocess.run([*UNSHARE, sys.executable, "-m", "harness.inside", program, str(folder), str(conf)], cwd=HERE,
                          capture_output=True, timeout=50, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def told(may_unshare, tmp_path_factory):
    place = tmp_path_factory.mktemp("seed")
    return [inside(program, place / str(i)) for i, program in enumerate(command.PROGRAMS)]


@pytest.mark.parametrize("what", ["page", "forwarded", "prompt", "upload", "too large", "three", "no Host", "choices", "exit", "log"])
def test_the_seed_file_works_as_in_nginx(told, what):
    nginx, other = (one.get(what, one) for one in told)
    if nginx != other:
        raise Differs("\n".join(difference(what, *([str(line) for line in one] if isinstance(one, list) else [str(one)]
                                                   for one in (nginx, other)))))
    assert what not in ("choices",) or nginx["192.168.1.50"] == ["first", "first"]


def test_nginx_does_not_pass_a_socket_on(told):
    assert told[0]["socket"]["upgrade to the worker"] is None
    assert told[0]["socket"]["request"] == "GET /ws?clientId=1 HTTP/1.0"


@pytest.mark.skipif(server.AGAINST_ITSELF, reason="about comfymux")
def test_comfymux_passes_a_socket_on_and_says_so(told):
    assert told[1]["socket"] == {"status": 101, "upgrade to the worker": "websocket", "request": "GET /ws?clientId=1 HTTP/1.1",
                                 "connection to the worker": "upgrade", "echoed": "a frame"}
    # Where nginx's own notices about a configuration go: to the log, once.
    notice, = told[1]["notices"]
    assert "comfymux_websocket off" in notice and not told[0]["notices"]


@pytest.mark.skipif(server.AGAINST_ITSELF, reason="about comfymux")
def test_comfymux_websocket_off_is_as_nginx(told, tmp_path):
    conf = tmp_path / "off.conf"
    conf.write_text((CONFS / "seed.conf").read_text().replace("location / {", "location / {\n            comfymux_websocket off;"))
    assert inside(command.PROGRAMS[1], tmp_path / "off", conf)["socket"] == told[0]["socket"]
