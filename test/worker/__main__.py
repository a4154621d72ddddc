"""Starts a worker and says on stdout where it listens."""
import asyncio
import os
import signal
import sys

from . import app, faults, parent, scratch, server, settings, worker


async def run(options):
    one = worker.Worker(options)
    listener = server.Listener(app.build(one), options.host, options.port)
    one.listener = listener
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # While the listener is closed nobody can reach /_test: this is the way back.
    loop.add_signal_handler(signal.SIGUSR1, lambda: loop.create_task(one.faults.clear()))
    await listener.start()
    if options.fault:
        await one.faults.set(options.fault)
    runner = loop.create_task(one.run_jobs())
    publisher = loop.create_task(one.hub.publish())
    print(f"READY http://{options.host}:{listener.port}", flush=True)
    ended, _ = await asyncio.wait({runner, publisher, loop.create_task(stop.wait())},
                                  return_when=asyncio.FIRST_COMPLETED)
    await listener.stop()
    for task in (runner, publisher):
        task.cancel()
        if task in ended:
            task.result()  # neither returns: this raises what ended it


def nothing():
    """The directory is somebody else's to remove."""


def main():
    options = settings.from_arguments()
    clean = nothing
    if not options.dir:
        options.dir, clean = scratch.make()
    faults.before_death = clean
    if options.exit_with_parent:
        parent.exit_with_parent(clean)
    try:
        asyncio.run(run(options))
    except OSError as why:
        print(f"{options.host}:{options.port}: {os.strerror(why.errno) if why.errno else why}",
              file=sys.stderr)
        return 1
    finally:
        clean()
    return 0


sys.exit(main())
