"""What reached the worker, for tests to look at."""
import collections

KEPT = 200


class Seen:
    def __init__(self):
        self.reset()

    def reset(self):
        self.total = 0
        self.counts = collections.Counter()
        self.recent = collections.deque(maxlen=KEPT)
        self.last = {}

    def note(self, request):
        """Called for every request but those to /_test, before any fault has its way."""
        self.total += 1
        path = request.path
        self.counts[f"{request.method} {path}"] += 1
        head = {
            "method": request.method,
            "target": request.raw_path,
            "version": f"HTTP/{request.version.major}.{request.version.minor}",
            "headers": [[name.decode("latin-1"), value.decode("latin-1")]
                        for name, value in request.raw_headers],
            "peer": request.transport.get_extra_info("peername")[1],
        }
        self.recent.append(head)
        if len(self.last) < KEPT or path in self.last:
            self.last[path] = head

    def report(self):
        return {
            "requests": self.total,
            "counts": dict(self.counts),
            "last_request": self.recent[-1] if self.recent else None,
            "last": self.last,
            "recent": list(self.recent),
        }
