"""What both benches say about the machine, and where they write it."""
import os
import pathlib
import platform
import subprocess
import sys

from proxies import BenchError

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/bench"
RESULTS = ROOT / "bench/results.md"


def say(text):
    print(text, file=sys.stderr, flush=True)


def build(*targets):
    """A release build of these."""
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", BUILD, "-Dbuildtype=release", "-Db_lto=true"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
    done = subprocess.run(["ninja", "-C", BUILD, *targets], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise BenchError("the build failed\n" + done.stdout[-4000:])


def output_of(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines() or [""]


def machine():
    """The first lines of a report."""
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown processor")
    is_clean = output_of("git", "status", "--porcelain", "-uno") == [""]
    commit = output_of("git", "rev-parse", "--short", "HEAD")[0] + ("" if is_clean else " and uncommitted changes")
    return [f"- machine: {os.cpu_count()} x {model}, Linux {platform.release()}",
            f"- commit: {commit}",
            f"- beside it: {output_of('nginx', '-v')[0]}; {output_of('haproxy', '-v')[0].split(' - ')[0]}; "
            f"{output_of('openssl', 'version')[0].split(' (')[0]}"]


def put_section(name, text):
    """Into bench/results.md, in the place of what that bench wrote before.

    What people wrote about the figures stays, from the section's first ### on; it has to be read again
    after a run.
    """
    head, *sections = RESULTS.read_text().split("\n## ")
    title = name + "\n"
    at = next((i for i, section in enumerate(sections) if section.startswith(title)), len(sections))
    said = ""
    if at < len(sections) and "\n### " in sections[at]:
        said = sections[at][sections[at].index("\n### "):]
    sections[at:at + 1] = [f"{title}\n{text.rstrip()}\n{said}"]
    RESULTS.write_text("\n## ".join([head.rstrip() + "\n"] + [section.rstrip() + "\n" for section in sections]))
    say(f"written to {RESULTS.relative_to(ROOT)}")
