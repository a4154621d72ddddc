"""Waiting for what cannot tell us itself, a file or a port: many short looks, one deadline."""
import os
import select
import time

PATIENCE = float(os.environ.get("TEST_PATIENCE", "10"))


def wait_until(question, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    step = 0.001
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        select.select([], [], [], step)
        step = min(step * 1.5, 0.02)
