"""Where things are."""
import os
import pathlib

REPO = pathlib.Path(__file__).resolve().parents[3]
PYTHON = "/usr/bin/python3"


def binary():
    """The program under test: $COMFYMUX, absolute or relative to the repository."""
    return str(REPO / os.environ.get("COMFYMUX", "build/test/comfymux"))
