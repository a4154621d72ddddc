"""Waiting for the thing itself: every wait has a deadline, none has a fixed length.

The one place that may pause is _pause(), a few milliseconds between two looks
at something that cannot tell us by itself (a file, /proc, the admin side).
"""
import os
import select
import time

# Two busy cores and an address sanitizer: generous, because it is only reached by failures.
PATIENCE = float(os.environ.get("TEST_PATIENCE", "10"))


class TooLate(AssertionError):
    """Something that had to happen did not."""


class Deadline:
    def __init__(self, seconds=None):
        self.seconds = PATIENCE if seconds is None else seconds
        self.end = time.monotonic() + self.seconds

    def left(self):
        return max(0.0, self.end - time.monotonic())

    def check(self, what):
        if time.monotonic() >= self.end:
            raise TooLate(f"{what}: not within {self.seconds} s")


def _pause(seconds):
    select.select([], [], [], seconds)


def pace(seconds):
    """For peers whose slowness is what the test is about. Never to wait for something."""
    _pause(seconds)


def wait_until(question, what, seconds=None):
    """Asks until the answer is true and returns it."""
    deadline = Deadline(seconds)
    step = 0.001
    while True:
        answer = question()
        if answer:
            return answer
        deadline.check(what)
        _pause(step)
        step = min(step * 1.5, 0.05)


def stays(question, what, seconds):
    """The opposite: the answer must be true all the time. Only for "nothing happens", and short."""
    deadline = Deadline(seconds)
    while deadline.left() > 0:
        assert question(), f"{what}: it changed"
        _pause(0.01)


class Stopwatch:
    """Measures a wait. Tests compare it with wide bounds only."""

    def __init__(self):
        self.start = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.start
