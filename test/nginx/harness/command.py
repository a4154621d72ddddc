"""Both programs on the command line: what they print and how they end."""
import subprocess

from . import normal, server

PROGRAMS = [server.NGINX, server.NGINX if server.AGAINST_ITSELF else server.COMFYMUX]


class Place:
    """A stand-in for a server in normal.own_words."""

    def __init__(self, folder):
        self.folder, self.address = folder, "127.255.255.254"


def run(program, folder, *words):
    """(exit status, standard output, standard error)"""
    done = subprocess.run([program, *map(str, words)], cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    return (done.returncode, *(normal.said(part.decode("utf-8", "replace"), Place(folder)) for part in (done.stdout, done.stderr)))


def both(folder, *words):
    return [run(program, folder, *words) for program in PROGRAMS]
