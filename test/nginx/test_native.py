"""The same in libconfig's clothes: what --to-native prints is a configuration that does the same.

TEST_NGINX_NATIVE=1 runs every other file here that way; these are its shortest.
"""
import re
import subprocess

import pytest

import test_maps
import test_rewrite
from harness import gaps, server
from harness.case import cases
from harness.pair import CONFS, Pair

TABLES = {"rewrite": test_rewrite.CASES, "maps": test_maps.CASES}
GAPS = " ".join(gaps.read())

pytestmark = pytest.mark.skipif(server.AGAINST_ITSELF, reason="about comfymux")


@pytest.fixture(scope="module")
def both(request, net, place, backends, certificates, files):
    before, server.AS_NATIVE = server.AS_NATIVE, True
    try:
        pair = Pair(request.param, place / f"native-{request.param}", net, backends, certificates, files)
    finally:
        server.AS_NATIVE = before
    yield pair
    wrong = pair.stop()
    assert not wrong, wrong


@cases({name: [case for case in table if f"[{name}-{case.id}]" not in GAPS] for name, table in TABLES.items()})
def test_it_does_the_same(both, case):
    both.compare(case)


@pytest.mark.parametrize("conf", sorted(path.stem for path in CONFS.glob("*.conf")))
def test_it_is_read_again(conf, tmp_path, net, place, backends, certificates, files):
    values = Pair.__new__(Pair)
    values.net, values.backends, values.certificates, values.files = net, backends, certificates, files
    values.ports, values.dead = list(range(20000, 20010)), 20010
    text = server.fill((CONFS / f"{conf}.conf").read_text(), {**values.values("comfymux", tmp_path, net.host(2)), "SIDE": "b"})
    (tmp_path / "nginx.conf").write_text(text)
    first = check(tmp_path, "nginx.conf")
    if first[0] and "directive" in first[1]:
        pytest.skip(f"is not read at all: {first[1]}")
    server.native(server.COMFYMUX, tmp_path, tmp_path / "nginx.conf")
    assert check(tmp_path, "native.conf") == first


def check(folder, name):
    """The exit status of -t, and what it says without its place: a certificate may not have been made yet."""
    done = subprocess.run([server.COMFYMUX, "-t", "-p", f"{folder}/", "-c", str(folder / name)], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60, cwd=folder)
    told = done.stderr.decode()
    return done.returncode, "" if done.returncode == 0 else re.sub(r"in \S+:\d+|\S*/n\w+\.conf", "", told)
