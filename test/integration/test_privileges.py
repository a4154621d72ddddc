"""Started as root, does it bind first and then become somebody else?"""
import grp
import os
import pwd
import signal
import socket

import pytest

from harness import conf
from harness.wait import wait_until

CAP_NET_BIND_SERVICE = 1 << 10
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def free_low_port():
    for port in range(1023, 900, -1):
        try:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
            return port
        except OSError:
            continue
    raise RuntimeError("no port below 1024 is free")


@pytest.fixture
def mux(start, backend, folder):
    for place in (folder, *folder.parents):
        if place != place.parent and place.stat().st_uid == os.getuid() and str(place) != "/tmp":
            os.chmod(place, 0o755)
    return start(conf.config([backend], user="nobody", listen=f"127.0.0.1:{free_low_port()}"))


def test_it_binds_a_low_port_and_drops_everything(mux):
    nobody = pwd.getpwnam("nobody")
    assert mux.status("Uid").split() == [str(nobody.pw_uid)] * 4
    assert mux.status("Gid").split() == [str(nobody.pw_gid)] * 4
    assert all(grp.getgrgid(int(g)).gr_gid == nobody.pw_gid for g in mux.status("Groups").split())
    kept = int(mux.status("CapPrm"), 16) | int(mux.status("CapEff"), 16)
    assert kept & ~CAP_NET_BIND_SERVICE == 0, "a reload may need that one for a new address, nothing needs more"
    assert mux.ask().status == 200


def test_it_still_reloads(mux):
    mux.reload_ok()
    assert mux.ask().status == 200


def test_it_still_writes_its_log_after_a_rotation(mux):
    mux.ask("/one")
    os.rename(mux.access_log, f"{mux.access_log}.1")
    os.chmod(mux.folder, 0o777)
    mux.signal(signal.SIGUSR1)
    wait_until(mux.access_log.exists, "a new file")
    mux.ask("/two")
    wait_until(lambda: "/two" in mux.access_log.read_text(), "the line")


def test_an_unknown_user_is_an_error(start, backend):
    mux = start(conf.config([backend], user="no-such-user-here"), wait=False)
    mux.announce(level="error")
    mux.ended_by_test = True
    assert mux.wait_exit() == 1
    assert any("no-such-user-here" in line.text for line in mux.lines)
