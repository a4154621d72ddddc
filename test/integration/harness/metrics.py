"""Prometheus text, read strictly: what a scraper would refuse, this refuses too."""
import re

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_HELP = re.compile(rf"# HELP ({_NAME}) (.*)")
_TYPE = re.compile(rf"# TYPE ({_NAME}) (counter|gauge|histogram|summary|untyped)")
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? ([-+]?(?:[0-9.]+(?:[eE][-+]?[0-9]+)?|Inf|NaN))")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


class BadMetrics(AssertionError):
    pass


def _labels(text, line):
    labels, position = {}, 0
    while position < len(text):
        match = _LABEL.match(text, position)
        if not match:
            raise BadMetrics(f"labels of {line!r}")
        if match[1] in labels:
            raise BadMetrics(f"label {match[1]} twice in {line!r}")
        labels[match[1]] = match[2].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        position = match.end()
    return labels


class Metrics:
    """samples: [(name, labels, value)]; types and helps: {family: text}."""

    def __init__(self, text):
        self.samples, self.types, self.helps = [], {}, {}
        seen, closed, family = set(), set(), None
        if not text.endswith("\n"):
            raise BadMetrics("the last line has no end")
        for line in text.split("\n")[:-1]:
            if line.startswith("#"):
                family = self._meta(line, family, closed)
                continue
            match = _SAMPLE.fullmatch(line)
            if not match:
                raise BadMetrics(f"line {line!r}")
            labels = _labels(match[2] or "", line)
            key = (match[1], tuple(sorted(labels.items())))
            if key in seen:
                raise BadMetrics(f"sample twice: {line!r}")
            seen.add(key)
            if self._family(match[1]) != family:
                raise BadMetrics(f"{line!r} stands outside its family, in {family}")
            self.samples.append((match[1], labels, float(match[3])))
        self._check_histograms()

    def _meta(self, line, family, closed):
        found = _HELP.fullmatch(line) or _TYPE.fullmatch(line)
        if not found:
            raise BadMetrics(f"comment {line!r}")
        name = found[1]
        table = self.helps if line.startswith("# HELP") else self.types
        if name in table:
            raise BadMetrics(f"{name} is described twice")
        table[name] = found[2]
        if name != family:
            if name in closed:
                raise BadMetrics(f"the family {name} is not in one piece")
            closed.add(family)
        return name

    def _family(self, name):
        for suffix in ("_bucket", "_sum", "_count"):
            base = name[:-len(suffix)]
            if name.endswith(suffix) and self.types.get(base) in ("histogram", "summary"):
                return base
        if name not in self.types or name not in self.helps:
            raise BadMetrics(f"{name} lacks HELP or TYPE")
        return name

    def _check_histograms(self):
        series = {}
        for name, labels, value in self.samples:
            for suffix in ("_bucket", "_sum", "_count"):
                base = name[:-len(suffix)]
                if name.endswith(suffix) and self.types.get(base) == "histogram":
                    rest = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
                    one = series.setdefault((base, rest), {"_bucket": []})
                    if suffix == "_bucket":
                        one["_bucket"].append((float(labels["le"]), value))
                    else:
                        one[suffix] = value
        for key, one in series.items():
            bounds, counts = [b for b, _ in one["_bucket"]], [c for _, c in one["_bucket"]]
            if bounds != sorted(bounds) or counts != sorted(counts) or not bounds or bounds[-1] != float("inf"):
                raise BadMetrics(f"buckets of {key}")
            if one.get("_count") != counts[-1] or "_sum" not in one:
                raise BadMetrics(f"count or sum of {key}")

    def value(self, name, **labels):
        """Sum over all samples of this name that carry these labels; 0 when there is none."""
        return sum(v for n, have, v in self.samples
                   if n == name and all(have.get(k) == w for k, w in labels.items()))

    def names(self):
        return {name for name, _, _ in self.samples}

    def find(self, pattern, **labels):
        """{name: sum} of every sample whose name matches."""
        out = {}
        for name, have, value in self.samples:
            if re.search(pattern, name) and all(have.get(k) == w for k, w in labels.items()):
                out[name] = out.get(name, 0) + value
        return out
