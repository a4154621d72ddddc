"""nginx and comfymux on one configuration, and the comparison of what they do."""
import difflib
import grp
import os
import pathlib
import pwd
import re

from . import normal, server, wait
from .backends import Script
from .client import Client

CONFS = pathlib.Path(__file__).resolve().parent.parent / "confs"
STARTS = 5
# A folder for what differs, a file for each configuration.
DIFFERENCES = os.environ.get("TEST_NGINX_DIFFERENCES")


class Differs(AssertionError):
    pass


class Seen:
    """What one side did in one case."""

    def __init__(self):
        self.answers, self.surplus = [], b""
        self.client, self.backends, self.access, self.errors = [], [], [], []


class Side:
    """One of the two, as tests drive it."""

    def __init__(self, pair, name, running):
        self.pair, self.name, self.server = pair, name, running
        self.script = Script()

    @property
    def kind(self):
        return self.server.kind

    def port(self, which=0):
        return self.pair.ports[which]

    def connect(self, port=0, **more):
        return Client(self.server, self.port(port), **more)

    def begin(self, answers=()):
        self.script = Script(answers)
        self.pair.backends.begin(self.script)
        return self.script

    def play(self, case):
        seen = Seen()
        self.begin(case.answers)
        errors_at, access_at = len(self.server.errors()), len(self.server.accesses())
        if case.pipelined:
            self._pipelined(case, seen)
        else:
            self._one_by_one(case, seen)
        for i, answer in enumerate(seen.answers):
            seen.client += [b"answer %d:" % (i + 1), *normal.response(answer, self.server)]
        if seen.surplus:
            seen.client.append(b"surplus: " + seen.surplus)
        told = [line for name, request in self.script.seen
                for line in [f"{name}:".encode(), *normal.asked(name, request, self.server)]]
        seen.backends = sorted(told) if case.any_order else told
        self._logs(case, seen, access_at, errors_at)
        return seen

    def _client(self, case, i):
        return self.connect(case.port, source=case.source_of(i), tls=case.tls)

    def _one_by_one(self, case, seen):
        client = None
        for i, octets in enumerate(case.requests):
            if client is None:
                client = self._client(case, i)
            seen.answers.append(client.ask(octets))
            if case.fresh or i + 1 == len(case.requests):
                seen.surplus += client.finish()
                client = None

    def _pipelined(self, case, seen):
        client = self._client(case, 0)
        client.send(b"".join(case.requests))
        for octets in case.requests:
            seen.answers.append(client.response(octets.split(b" ", 1)[0]))
        seen.surplus = client.finish()

    def _logs(self, case, seen, access_at, errors_at):
        expected = case.logged
        if expected is None:
            expected = sum(1 for answer in seen.answers if (answer.lines or answer.body) and answer.status != 101)
            # A request that was closed without an answer (444) is logged as well.
            expected += any(answer.end == "nothing" and octets for answer, octets in zip(seen.answers, case.requests))
        try:
            wait.wait_until(lambda: self.server.accesses(access_at).count("\n") >= expected, "access log", 2)
        except AssertionError:
            pass
        lengths = [answer.wire_length for answer in seen.answers]
        seen.access = [normal.access_line(line, self.server, lengths)
                       for line in self.server.accesses(access_at).splitlines()]
        if case.errors:
            found = (normal.error_line(line, self.server, case.errors.split())
                     for line in self.server.errors(errors_at).splitlines())
            seen.errors = [line for line in found if line]


class Pair:
    def __init__(self, conf, folder, net, backends, certificates, files):
        self.conf, self.folder, self.net, self.backends = conf, folder, net, backends
        self.certificates, self.files = certificates, files
        template = (CONFS / f"{conf}.conf").read_text()
        for attempt in range(STARTS):
            if self._start(template, folder / str(attempt)):
                return
        raise AssertionError("no ports to be had")

    def values(self, kind, folder, address):
        certificate, key = self.certificates.of("comfy.test")
        made = {"HEAD": server.HEAD, "HTTP": server.HTTP,
                "ELSEWHERE": server.ELSEWHERE if kind == "nginx" else "",
                "OWN": server.OWN if kind == "comfymux" else "",
                "DIR": folder, "A": address, "SIDE": folder.name, "FILES": self.files, "CERTS": certificate.parent,
                "CERT": certificate, "KEY": key, "CA": self.certificates.authority,
                "DEAD": f"{self.net.host(9)}:{self.dead}", "NET": self.net.prefix,
                "USER": pwd.getpwuid(os.geteuid()).pw_name, "GROUP": grp.getgrgid(os.getegid()).gr_name}
        made.update(self.backends.where())
        for i, port in enumerate(self.ports):
            made[f"P{i}"], made[f"L{i}"] = port, f"{address}:{port}"
        return made

    def _start(self, template, folder):
        self.ports = self.net.ports(10)
        self.dead = self.net.ports(1)[0]
        second = "nginx" if server.AGAINST_ITSELF else "comfymux"
        self.sides = []
        for last, letter, kind in ((1, "a", "nginx"), (2, "b", second)):
            place, address = folder / letter, self.net.host(last)
            text = server.fill(template, self.values(kind, place, address))
            running = server.Server(kind, place, address, text)
            self.sides.append(Side(self, letter, running))
        self.nginx, self.other = self.sides
        started = []
        try:
            for side in self.sides:
                if not side.server.start(self.ports[0]):
                    return False
                started.append(side)
            return True
        finally:
            if len(started) < 2:
                self.stop()

    def stop(self):
        return "; ".join(filter(None, [side.server.stop() for side in self.sides]))

    def compare(self, case):
        first, second = (side.play(case) for side in self.sides)
        if case.status is not None:
            assert first.answers[-1].status == case.status, f"nginx says {first.answers[-1].lines[:1]}"
        for side in self.sides:
            assert side.server.is_running(), f"{side.kind} is gone: {side.server.stderr.read_text()[-3000:]}"
        self._compare(case.id, case.requests, first, second)
        return first, second

    def _compare(self, name, requests, first, second):
        found = []
        for what in ("client", "backends", "access", "errors"):
            found += difference(what, getattr(first, what), getattr(second, what))
        if found:
            self.tell(name, requests, found)
            raise Differs("\n" + "\n".join(found))

    def same(self, question, name="", requests=()):
        """Asks both sides; what they answer (lines, or anything with a repr) must be equal. Returns it."""
        answers = [question(side) for side in self.sides]
        if answers[0] != answers[1]:
            shown = [[str(line) for line in one] if isinstance(one, list) else [repr(one)] for one in answers]
            found = difference("answer", *shown)
            self.tell(name or getattr(question, "__name__", ""), requests, found)
            raise Differs("\n" + "\n".join(found))
        return answers[0]

    def tell(self, name, requests, found):
        if not DIFFERENCES:
            return
        folder = pathlib.Path(DIFFERENCES)
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / f"{self.conf}.txt", "a") as file:
            file.write(f"== {self.conf}.conf: {name}\n")
            for octets in requests[:6]:
                file.write(f"   asked: {short(octets)}\n")
            file.write("\n".join(found) + "\n\n")


def short(value, most=400):
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}... {len(text)}"


def difference(what, first, second):
    """- nginx, + comfymux; [] when they are the same."""
    if first == second:
        return []
    before, after = ([short(line) for line in side] for side in (first, second))
    if before == after:  # it is in what was cut off
        before, after = ([short(line, 10 ** 6) for line in side] for side in (first, second))
    lines = list(difflib.unified_diff(before, after, "nginx", "comfymux", n=1, lineterm=""))[2:]
    return [f"{what}:", *("  " + re.sub(r"^@@.*@@$", "...", line) for line in lines)]
