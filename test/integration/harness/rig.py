"""One proxy and its scripted backends, shared by the tests of a module.

Starting a process per case would cost minutes; so the tests of a table share
one, and each begins with quiet backends and ends with a look at the log.
"""
from . import conf
from .backend import Backend, answering
from .mux import Mux
from .wire import make_response


class Rig:
    def __init__(self, folder, settings, switches):
        settings = dict(settings or {})
        count = settings.pop("backends", 1)
        self.backends = [Backend() for _ in range(count)]
        make = settings.pop("make", None)
        config = make(self.backends) if make else conf.config(self.backends, **settings)
        self.mux = Mux(config, folder, switches)
        self.mux.backends += self.backends
        self.seen = 0
        try:
            self.mux.started()
        except BaseException:
            self.mux.kill()
            raise

    @property
    def backend(self):
        return self.backends[0]

    @property
    def address(self):
        return self.mux.address

    def begin(self):
        for backend in self.backends:
            backend.answer = make_response()
            backend.script = answering()
            backend.forget()
        self.mux.announced.clear()
        self.seen = self.mux.mark()

    def end(self):
        for client in self.mux.clients:
            client.close()
        self.mux.clients.clear()
        for backend in self.backends:
            backend.check()
        assert self.mux.is_running(), f"it has ended:\n{self.mux.log_tail()}"
        wrong = self.mux.unannounced(self.seen)
        assert not wrong, "lines nobody announced:\n" + "\n".join(wrong[:30])

    def client(self, **more):
        return self.mux.client(**more)

    def ask(self, *arguments, **more):
        return self.mux.ask(*arguments, **more)

    def serves(self, backend=0):
        """A plain request on a fresh connection is answered as ever: nothing was left behind."""
        one = self.backends[backend]
        before = one.answer, one.script
        one.answer, one.script = make_response(b"still here"), answering()
        try:
            response = self.mux.ask("/still-here")
            assert (response.status, response.body) == (200, b"still here"), (response.status, response.body)
        finally:
            one.answer, one.script = before

    def nothing_forwarded(self):
        """Up to now the backends have not got one byte. Ends with a request that does get there."""
        for backend in self.backends:
            assert backend.received() == b"", f"forwarded: {backend.received()[:500]!r}"
        self.serves()
        paths = [path for backend in self.backends for path in backend.paths()]
        assert paths == ["/still-here"], f"forwarded: {paths}"

    def close(self):
        # What the tests of the module announced, they were asked about one by one.
        self.mux.announced.clear()
        self.mux.announce(level="warn")
        self.mux.announce(level="error")
        self.mux.finish()
