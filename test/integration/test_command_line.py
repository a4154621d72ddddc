"""What do the options do?"""
import json
import os
import signal
import socket

import pytest

from harness import conf
from harness.mux import run
from harness.wait import wait_until

SHORTEST = '''listen = ["127.0.0.1:0"];
nodes = { static_nodes = ( { node_id = "comfyui-worker-1"; host = "127.0.0.1"; port = 8188; } ); };
'''


def write(folder, text, name="t.cfg"):
    file = folder / name
    file.write_text(conf.render(text))
    return file


def test_t_says_that_a_good_file_is_good(folder):
    code, out, err = run("-t", "-c", write(folder, SHORTEST))
    assert code == 0 and out + err


def test_t_opens_no_socket(folder):
    """Checking must work beside the running one."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.listen()
    text = SHORTEST.replace("127.0.0.1:0", f"127.0.0.1:{holder.getsockname()[1]}")
    assert run("-t", "-c", write(folder, text))[0] == 0
    holder.close()


def test_t_exits_with_1_on_a_bad_file_and_prints_every_problem(folder):
    code, out, err = run("-t", "-c", write(folder, SHORTEST + "a = 1;\nb = 2;\nc = 3;\n"))
    assert code == 1
    for line in (3, 4, 5):
        assert f"t.cfg:{line}" in out + err


def test_t_on_a_file_that_is_not_there(folder):
    code, out, err = run("-t", "-c", folder / "none.cfg")
    assert code == 1 and "none.cfg" in out + err


def test_capital_t_prints_the_effective_configuration_as_json(folder):
    code, out, _ = run("-T", "-c", write(folder, SHORTEST))
    told = json.loads(out)
    assert code == 0
    assert told["timeouts"]["header"] == 30 and told["timeouts"]["tunnel"] == 3600 and told["timeouts"]["read"] == 600
    assert told["limits"]["max_connections"] == 10000
    pool, = told["pools"]
    assert pool["name"] == "nodes" and pool["static_nodes"][0]["node_id"] == "comfyui-worker-1"
    assert pool["mode"] == "fleet" and pool["load_balancing"]["strategy"] == "score"
    assert pool["health_check"]["path"] == "/system_stats" and pool["health_check"]["interval"] == 30
    server, = told["servers"]
    assert server["listen"] == ["127.0.0.1:0"] and server["locations"][0]["path"] == "/"


def test_capital_t_on_a_bad_file_fails(folder):
    assert run("-T", "-c", write(folder, "x = 1;"))[0] == 1


def test_v_and_capital_v(folder):
    for option in ("-v", "-V"):
        code, out, err = run(option)
        assert code == 0 and "comfymux" in out + err
    assert any(word in "".join(run("-V")[1:]).lower() for word in ("libevent", "openssl"))


def test_h_names_every_option():
    code, out, err = run("-h")
    assert code == 0
    for option in "cptTvVhsd":
        assert f"-{option}" in out + err


@pytest.mark.parametrize("arguments", [["-x"], ["--nonsense"], ["-c"], ["-s"], ["-d", "nonsense"], ["stray"], ["-d", "failalloc=x"]],
                         ids=" ".join)
def test_a_wrong_command_line_is_an_error_with_a_word_of_help(arguments):
    code, _, err = run(*arguments)
    assert code not in (0, 97, 98, 99) and err


def test_p_is_where_relative_paths_begin(folder):
    place = folder / "etc"
    place.mkdir()
    write(place, SHORTEST, "x.cfg")
    assert run("-t", "-p", place, "-c", "x.cfg", cwd="/")[0] == 0


def test_no_file_at_all_is_an_error_that_names_it(folder):
    code, out, err = run("-c", folder / "missing.cfg")
    assert code == 1 and "missing.cfg" in out + err


def test_daemon_goes_to_the_background(folder, backend):
    log, pid_file = folder / "error.log", folder / "d.pid"
    file = write(folder, conf.config([backend], daemon=True, pid_file=str(pid_file), error_log={"file": str(log)},
                                     access_log={"format": "off"}))
    code, _, err = run("-c", file)
    assert code == 0, err
    pid = int(wait_until(lambda: pid_file.exists() and pid_file.read_text(), "the pid file"))
    try:
        wait_until(lambda: "event=started" in log.read_text(), "it is up")
        assert os.getsid(pid) != os.getsid(0)
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "it has ended")
    assert not pid_file.exists()
    assert "Sanitizer" not in log.read_text()


@pytest.mark.parametrize("switch", ["nosplice", "shortio", "failalloc=100000000"])
def test_the_debugging_switches_are_taken(start, backend, switch):
    mux = start(conf.config([backend]), switches=[switch])
    assert mux.ask().status == 200


def test_two_switches_at_once(start, backend):
    mux = start(conf.config([backend]), switches=["nosplice", "shortio"])
    assert mux.ask().status == 200
