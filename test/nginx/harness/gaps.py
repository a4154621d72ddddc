"""known_gaps.txt: the cases in which comfymux is known to differ from nginx, each with a reason.

    test_file.py::test_name[id]  # reason

Each must fail: one that passes has to leave the file.
"""
import os
import pathlib

RECORD = os.environ.get("TEST_NGINX_RECORD")
FILE = pathlib.Path(__file__).resolve().parent.parent / "known_gaps.txt"


def read():
    known = {}
    for line in FILE.read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, reason = line.partition("  # ")
            known[name.strip()] = reason.strip()
    return known


def name_of(item):
    return f"{item.path.name}::{item.name}"
