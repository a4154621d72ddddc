"""The command line of nginx: switches, what they print, exit codes."""
import re
import signal
import socket

import pytest

from harness import command, server, wait

CONF = """daemon off;
master_process off;
pid %%DIR%%/nginx.pid;
error_log %%DIR%%/error.log;
events { }
http {
    access_log off;
    client_body_temp_path %%DIR%%/body; proxy_temp_path %%DIR%%/proxy; %%ELSEWHERE%%
    include more/*.conf;
    server { listen 127.0.0.1:0; }
}
"""


@pytest.fixture
def folders(tmp_path):
    """One for each program, with the same files."""
    made = []
    for name, program in zip("ab", command.PROGRAMS):
        folder = tmp_path / name
        (folder / "more").mkdir(parents=True)
        is_nginx = program == server.NGINX
        text = CONF.replace("127.0.0.1:0", f"unix:{folder}/socket").replace("%%DIR%%", str(folder))
        (folder / "nginx.conf").write_text(text.replace("%%ELSEWHERE%%", " ".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("fastcgi", "uwsgi", "scgi")) if is_nginx else ""))
        (folder / "more/one.conf").write_text("# one, no newline at the end\nserver_tokens off;")
        (folder / "more/two.conf").write_text("\n\n")
        (folder / "bad.conf").write_text("nonsense;\n")
        made.append(folder)
    return made


def say(folders, *words):
    return [command.run(program, folder, *(word.replace("DIR", str(folder)) for word in words))
            for program, folder in zip(command.PROGRAMS, folders)]


@pytest.mark.parametrize("words", [
    ("-t", "-c", "DIR/nginx.conf"), ("-t", "-p", "DIR/", "-c", "nginx.conf"), ("-t", "-p", "DIR", "-c", "nginx.conf"), ("-tq", "-c", "DIR/nginx.conf"),
    ("-q", "-t", "-c", "DIR/nginx.conf"), ("-t", "-c", "DIR/bad.conf"), ("-t", "-q", "-c", "DIR/bad.conf"), ("-t", "-c", "DIR/none.conf"),
    ("-t", "-cDIR/nginx.conf"), ("-t", "-c", "DIR/nginx.conf", "-g", "worker_processes 2;"), ("-t", "-c", "DIR/nginx.conf", "-g", "nonsense;"),
    ("-t", "-c", "DIR/nginx.conf", "-g", "worker_processes 2"), ("-t", "-c", "DIR/nginx.conf", "-g", "pid other.pid;"), ("-t", "-e", "DIR/other.log", "-c", "DIR/nginx.conf"),
    ("-T", "-c", "DIR/bad.conf"), ("-x",), ("-t", "word"), ("-c",), ("-s",), ("-s", "nonsense"), ("-g",), ("-p",), ("-e",),
    ("-s", "stop", "-c", "DIR/nginx.conf"), ("-s", "reload", "-p", "DIR/", "-c", "nginx.conf"), ("-c", "DIR/none.conf"), ("-c", "DIR/bad.conf"),
], ids=" ".join)
def test_the_same_words(folders, words):
    nginx, other = say(folders, *words)
    assert nginx == other


def test_the_whole_configuration_is_printed(folders):
    """-T: each file once, octet by octet."""
    (status, out, err), other = say(folders, "-T", "-c", "DIR/nginx.conf")

    def without(text):
        return re.sub(r"(?:fastcgi|uwsgi|scgi)_temp_path FOLDER/\w+; ?", "", text)

    assert (status, without(out), err) == (other[0], without(other[1]), other[2])
    assert out.count("# configuration file ") == 3


@pytest.mark.parametrize("word", ["-v", "-V", "-h", "-?"])
def test_about_itself(folders, word):
    (status, out, err), other = say(folders, word)
    assert (status, bool(out), bool(err)) == (other[0], bool(other[1]), bool(other[2]))
    assert re.search(r"(?m)^nginx version: nginx/", other[2]) or word in ("-h", "-?")


def test_what_is_there_is_told_as_tools_read_it(folders):
    _, (_, _, err) = say(folders, "-V")
    assert re.search(r"(?m)^nginx version: \S+/\d+\.\d+\.\d+", err)
    assert re.search(r"(?m)^built with OpenSSL 3\.", err)
    assert "TLS SNI support enabled" in err
    assert re.search(r"(?m)^configure arguments: .*--with-http_ssl_module", err)


def end(running, folder, ask):
    """Asks it to end, and says how that went. nginx may have gone to sleep just before it saw the signal: a
    connection wakes it."""
    try:
        assert running.start(0)
        told = ask()
        wait.wait_until(lambda: running.process.poll() is not None or knock(folder), "the end")
        return told, running.process.returncode, (folder / "nginx.pid").exists(), (folder / "socket").exists()
    finally:
        running.stop()


def knock(folder):
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(str(folder / "socket"))
        except OSError:
            pass
    return False


def servers(folders):
    for program, folder in zip(command.PROGRAMS, folders):
        yield program, folder, server.Server("nginx" if program == server.NGINX else "comfymux", folder, "127.0.0.1",
                                             (folder / "nginx.conf").read_text())


@pytest.mark.parametrize("number", ["QUIT", "TERM", "INT"])
def test_signals_end_it(folders, number):
    told = [end(running, folder, lambda: running.signal(getattr(signal, f"SIG{number}"))) for _, folder, running in servers(folders)]
    assert told[0] == told[1]


@pytest.mark.parametrize("word", ["stop", "quit"])
def test_a_command_ends_it(folders, word):
    told = [end(running, folder, lambda: command.run(program, folder, "-s", word, "-c", folder / "nginx.conf"))
            for program, folder, running in servers(folders)]
    assert told[0] == told[1]
