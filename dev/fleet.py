"""Starts workers and comfymux in front of them, and ends them: the second half of dev/run."""
import argparse
import ctypes
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "build/release/comfymux"
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def main():
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    children = []
    with tempfile.TemporaryDirectory(prefix="comfymux-run-") as folder:
        try:
            return serve(options, pathlib.Path(folder), children)
        finally:
            end(children)


def arguments():
    parser = argparse.ArgumentParser(
        prog="dev/run", description="Runs comfymux in front of workers until Ctrl-C.")
    parser.add_argument("-n", type=int, default=3, metavar="N", help="simulated workers (3)")
    parser.add_argument("--real", nargs="+", type=host_port, metavar="HOST:PORT",
                        help="real workers instead")
    parser.add_argument("--tls", action="store_true", help="https, with a certificate made now")
    parser.add_argument("--job-ms", type=int, default=4000, help="what a simulated job takes (4000)")
    return parser.parse_args()


def host_port(text):
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def serve(options, folder, children):
    workers = options.real or [start_worker(number, options.job_ms, children)
                               for number in range(1, options.n + 1)]
    port, admin = free_port(8080), free_port(9188)
    config = folder / "comfymux.conf"
    config.write_text(configuration(workers, port, admin, folder if options.tls else None))
    proxy = start([BINARY, "-c", config], children, stderr=subprocess.PIPE, text=True)
    started = threading.Event()
    threading.Thread(target=pass_on, args=(proxy.stderr, started), daemon=True).start()
    started.wait()
    if proxy.poll() is not None:
        return proxy.returncode
    names = ", ".join(f"{host}:{number}" for host, number in workers)
    print(f"\n  comfymux  {'https' if options.tls else 'http'}://127.0.0.1:{port}/"
          f"\n  admin     http://127.0.0.1:{admin}/nodes"
          f"\n  workers   {names}\n\nCtrl-C ends it.\n", flush=True)
    return proxy.wait()


def start(command, children, **more):
    """A child of our own: out of reach of the terminal's Ctrl-C, ended if we are killed."""
    child = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True,
        preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM), **more)
    children.append(child)
    return child


def start_worker(number, job_ms, children):
    child = start(
        ["/usr/bin/python3", "-m", "test.worker", "--name", f"worker-{number}",
         "--job-ms", str(job_ms), "--exit-with-parent"],
        children, stdout=subprocess.PIPE, text=True)
    line = child.stdout.readline().split()
    if not line or line[0] != "READY":
        sys.exit(f"dev/run: worker {number} did not start")
    return host_port(line[1].removeprefix("http://"))


def free_port(first):
    for port in range(first, first + 200):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    sys.exit(f"dev/run: no free port from {first} on")


def configuration(workers, port, admin, tls_folder):
    nodes = ",\n".join(f'    {{ node_id = "worker-{number}"; host = "{host}"; port = {at}; }}'
                       for number, (host, at) in enumerate(workers, 1))
    text = (f'listen = ["127.0.0.1:{port}"];\n'
            f'admin = {{ listen = "127.0.0.1:{admin}"; }};\n'
            f"nodes = {{\n  static_nodes = (\n{nodes}\n  );\n}};\n")
    if tls_folder:
        certificate, key = make_certificate(tls_folder)
        text += f'tls = {{ certificate = "{certificate}"; key = "{key}"; }};\n'
    return text


def make_certificate(folder):
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "30", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


def pass_on(lines, started):
    for line in lines:
        sys.stderr.write(line)
        if "event=started" in line:
            started.set()
    started.set()  # it has ended: nobody is to wait any longer


def end(children):
    """Ours only, by their process ids, the proxy first."""
    for child in reversed(children):
        if child.poll() is None:
            child.terminate()
    for child in reversed(children):
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


sys.exit(main())
