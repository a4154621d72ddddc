"""The error log's lines (logfmt, one event each) and the access log's."""
import json
import re

_PAIR = re.compile(r'([A-Za-z_][A-Za-z0-9_.]*)=("(?:[^"\\]|\\.)*"|[^\s"=]*)')
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.S)
_NAMED = {"n": "\n", "r": "\r", "t": "\t"}


def _unquote(text):
    if not text.startswith('"'):
        return text

    def one(match):
        code = match[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        return _NAMED.get(code, code)

    return _ESCAPE.sub(one, text[1:-1])


class Line(dict):
    """One event: its fields, and the text it was read from."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        position = 0
        for match in _PAIR.finditer(text):
            if text[position:match.start()].strip():
                return  # not one of our lines; the strict test of the format looks at is_logfmt
            self[match[1]] = _unquote(match[2])
            position = match.end()
        self.is_logfmt = not text[position:].strip() and _TIME.fullmatch(self.get("time", "")) is not None

    is_logfmt = False

    @property
    def level(self):
        return self.get("level", "")

    @property
    def event(self):
        return self.get("event", "")

    def matches(self, event=None, **fields):
        return (event is None or self.event == event) and all(self.get(k) == str(v) for k, v in fields.items())


COMBINED = re.compile(
    r'(?P<address>\S+) - (?P<user>\S+) \[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] '
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d+) '
    r'"(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"')


def read_json_lines(path):
    """Complete lines only: the log is written in blocks."""
    try:
        with open(path, "rb") as log:
            text = log.read()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.split(b"\n")[:-1]]


def read_combined(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as log:
        lines = log.read().split("\n")[:-1]
    found = []
    for line in lines:
        match = COMBINED.fullmatch(line)
        assert match, f"not a combined log line: {line!r}"
        found.append(match.groupdict())
    return found
