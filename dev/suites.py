"""Runs test suites, keeps what each found as JUnit XML, and counts: the second half of dev/test.

A suite is a function that returns its cases. What they found stands in
build/reports/SUITE.xml, so that .ci/run can add to what dev/test has run and
count all of it.
"""
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build/reports"
RAW = REPORTS / "raw"
BUILD = ROOT / "build/test"
BINARY = BUILD / "comfymux"
FUZZ_SECONDS = 6
PATIENCE = 600  # seconds; nothing may hang the whole
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


class Case:
    def __init__(self, suite, name, outcome, text=""):
        self.suite = suite
        self.name = name
        self.outcome = outcome  # passed, failed, skipped
        self.text = text


running = set()  # processes, each with those it started in a session of its own


def run(command, output=None, **environment):
    """The exit status, 124 if it took too long. The output goes where ours goes, or to a file."""
    if output is None:
        print("+", " ".join(map(str, command)), flush=True)
    child = subprocess.Popen(
        [str(word) for word in command], cwd=ROOT, start_new_session=True, stdin=subprocess.DEVNULL,
        stdout=output, stderr=subprocess.STDOUT if output else None,
        env={**os.environ, **SANITIZERS, **environment})
    running.add(child)
    try:
        status = child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        end(child)
        status = 124
    running.discard(child)
    return status


def end(child):
    """Asked first, so that a test runner ends what it started; then it and all of its session."""
    child.send_signal(signal.SIGINT)
    try:
        child.wait(20)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def step(suite, name, command, **environment):
    """A command that is one case: passed if it exits with 0."""
    status = run(command, **environment)
    return Case(suite, name, "passed" if status == 0 else "failed", f"exit status {status}")


def read_junit(suite, path):
    """The cases of a file that pytest, meson or we wrote."""
    cases = []
    for element in ET.parse(path).getroot().iter("testcase"):
        case = read_case(suite, element)
        found = read_cmocka(suite, case.name, element.findtext("system-out") or "") or [case]
        if case.outcome == "failed" and not any(one.outcome == "failed" for one in found):
            found.append(Case(suite, case.name, "failed", "its tests passed, the program failed"))
        cases += found
    return cases


def read_case(suite, element):
    where, name = element.get("classname") or "", element.get("name")
    # meson's "project:suite / test" says what we know already.
    short = re.sub(r"^[\w-]+:[\w-]+ / ", "", name)
    name = short if short != name else ".".join(filter(None, (where, name)))
    for tag in ("failure", "error"):
        found = element.find(tag)
        if found is not None:
            return Case(suite, name, "failed", (found.get("message") or found.text or "see above").strip())
    found = element.find("skipped")
    if found is not None:
        reason = found.get("message") or element.findtext("system-out") or "no reason given"
        return Case(suite, name, "skipped", reason.strip())
    return Case(suite, name, "passed")


CMOCKA_LINE = re.compile(r"^\[ +(RUN|OK|FAILED|SKIPPED) *\] (\w+)$")
CMOCKA_OUTCOME = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}


def read_cmocka(suite, program, output):
    """One case per test of a program, from what cmocka prints. A test that never ends has failed."""
    cases, running, said = [], None, []
    for line in output.splitlines():
        match = CMOCKA_LINE.match(line)
        if not match:
            said.append(line)
            continue
        word, name = match.groups()
        if word == "RUN":
            running, said = name, []
        elif running == name:
            text = " ".join(said) or ("see above" if word == "FAILED" else "no reason given")
            cases.append(Case(suite, f"{program}.{name}", CMOCKA_OUTCOME[word], text))
            running = None
    if running:
        cases.append(Case(suite, f"{program}.{running}", "failed", "the program ended in it"))
    return cases


def reported(suite, status, path):
    """The cases in a report, and one more if the runner itself failed beyond them."""
    try:
        cases = read_junit(suite, path)
    except (OSError, ET.ParseError) as why:
        return [Case(suite, "report", "failed", f"exit status {status}, {why}")]
    if status and not any(case.outcome == "failed" for case in cases):
        cases.append(Case(suite, "exit status", "failed", f"exit status {status}"))
    return cases


def build(suite):
    """Builds build/test once per run; None, or the case that says it failed."""
    status = run(["dev/setup", BUILD, "-Dsanitize=true", "-Dwerror=true",
                  "-Dbuildtype=debugoptimized"])
    if status:
        return Case(suite, "meson setup", "failed", f"exit status {status}")
    status = run(["ninja", "--quiet", "-C", BUILD])
    return Case(suite, "build", "failed", f"exit status {status}") if status else None


def unit():
    failed = build("unit")
    if failed:
        return [failed]
    report = BUILD / "meson-logs/testlog.junit.xml"
    report.unlink(missing_ok=True)
    status = run(["meson", "test", "-C", BUILD, "--no-rebuild", "--print-errorlogs"])
    return reported("unit", status, report)


def lint():
    return [step("lint", "layers", ["dev/layers"]),
            step("lint", "format", ["dev/fmt", "--check"])]


def pytest(suite, path, output=None, **environment):
    report = RAW / f"{suite}-{pathlib.Path(path).stem}.xml"
    report.unlink(missing_ok=True)
    status = run(["/usr/bin/python3", "-m", "pytest", "-q", "-rs", "--tb=short",
                  "-p", "no:cacheprovider", f"--junitxml={report}", path],
                 output=output, COMFYMUX=str(BINARY), **environment)
    return reported(suite, status, report)


def worker():
    return pytest("worker", "test/worker")


def by_file(suite, folder, **environment):
    """A process per file, one per processor at a time: these tests mostly wait."""
    failed = build(suite)
    if failed:
        return [failed]

    def run_file(path):
        start = time.monotonic()
        log = RAW / f"{suite}-{path.stem}.log"
        with open(log, "w") as output:
            cases = pytest(suite, path.relative_to(ROOT), output, **environment)
        seconds = time.monotonic() - start
        bad = any(case.outcome == "failed" for case in cases)
        print(f"{path.stem}: {len(cases)} tests, {seconds:.0f} s" + (", FAILED" if bad else ""),
              flush=True)
        return cases, log.read_text(errors="replace") if bad else ""

    files = sorted(ROOT.glob(f"{folder}/test_*.py"))
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    try:
        done = list(pool.map(run_file, files))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for _, log in done:
        print(log, end="", flush=True)
    return [case for cases, _ in done for case in cases]


def integration():
    return by_file("integration", "test/integration")


def nginx():
    """The same requests to Debian's nginx and to comfymux."""
    return by_file("nginx", "test/nginx")


def browser():
    failed = build("browser")
    return [failed] if failed else pytest("browser", "test/browser")


def check():
    return [step("check", part, ["dev/check", part]) for part in ("build", "tidy", "fmt")]


def fuzz():
    targets = sorted(path.stem.removeprefix("fuzz_") for path in ROOT.glob("test/fuzz/fuzz_*.c")
                     if path.stem != "fuzz_main")
    return [step("fuzz", target, ["dev/fuzz", "-t", FUZZ_SECONDS, target]) for target in targets]


DEFAULT = {"lint": lint, "unit": unit, "worker": worker, "integration": integration,
           "nginx": nginx, "browser": browser}
SUITES = {**DEFAULT, "check": check, "fuzz": fuzz}


def write(suite, cases):
    root = ET.Element("testsuite", name=suite, tests=str(len(cases)))
    for case in cases:
        element = ET.SubElement(root, "testcase", classname=suite, name=case.name)
        if case.outcome != "passed":
            tag = "failure" if case.outcome == "failed" else "skipped"
            ET.SubElement(element, tag, message=case.text)
    ET.ElementTree(root).write(REPORTS / f"{suite}.xml")


def summarise():
    """Prints every case that did not pass, then the counts. True if nothing failed."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    print()
    for suite in SUITES:
        path = REPORTS / f"{suite}.xml"
        if not path.exists():
            continue
        cases = read_junit(suite, path)
        for case in cases:
            counts[case.outcome] += 1
            if case.outcome != "passed":
                first = case.text.splitlines()[0] if case.text else ""
                print(f"{case.outcome}: {case.name}: {first}")
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()), flush=True)
    return counts["failed"] == 0 and counts["passed"] > 0


def main(words):
    add = words[:1] == ["--add"]
    chosen = words[1:] if add else words or list(DEFAULT)
    unknown = [word for word in chosen if word not in SUITES]
    if unknown:
        print(f"no suite {', '.join(unknown)}; there are: {', '.join(SUITES)}", file=sys.stderr)
        return 2
    RAW.mkdir(parents=True, exist_ok=True)
    if not add:
        for path in REPORTS.glob("*.xml"):
            path.unlink()
    for suite in chosen:
        print(f"\n== {suite}", flush=True)
        start = time.monotonic()
        write(suite, SUITES[suite]())
        print(f"== {suite}: {time.monotonic() - start:.0f} s", flush=True)
    return 0 if summarise() else 1


def on_term(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, on_term)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        for child in list(running):
            end(child)
        os._exit(130)  # threads of unfinished suites are not waited for
