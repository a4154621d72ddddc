"""Ends this process when its parent ends, however it ends."""
import os
import select
import threading


def exit_with_parent(last):
    """Calls last() and exits as soon as the parent process is gone.

    A thread on a pidfd and not PR_SET_PDEATHSIG: that signal is tied to the
    parent's thread, and a test runner may start us from a thread that ends. A
    stalled event loop does not hold the thread up.
    """
    parent = os.getppid()
    descriptor = os.pidfd_open(parent)
    if os.getppid() != parent:
        end(last)

    def wait():
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll()
        end(last)

    threading.Thread(target=wait, daemon=True, name="parent").start()


def end(last):
    try:
        last()
    finally:
        os._exit(1)
