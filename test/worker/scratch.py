"""A temporary directory that the next worker removes if its owner was killed.

Each directory is locked by its owner; a lock dies with its process. So whoever
gets the lock of another's directory knows that nobody needs it.
"""
import contextlib
import fcntl
import glob
import os
import shutil
import tempfile

PREFIX = "comfymux-worker-"


def make():
    """The path of a new directory, and a function that removes it."""
    sweep()
    path = tempfile.mkdtemp(prefix=PREFIX)
    lock(path)  # never closed: held until the process ends
    return path, lambda: shutil.rmtree(path, ignore_errors=True)


def lock(path):
    """The locked directory's descriptor; BlockingIOError if somebody else has it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def sweep():
    for path in glob.glob(os.path.join(tempfile.gettempdir(), PREFIX + "*")):
        # An empty one may be new and not locked yet: left alone.
        with contextlib.suppress(OSError):
            if os.listdir(path):
                descriptor = lock(path)
                shutil.rmtree(path, ignore_errors=True)
                os.close(descriptor)
