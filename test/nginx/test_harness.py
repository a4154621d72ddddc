"""The comparison finds what differs, wherever it is."""
import pytest

from harness import wire
from harness.case import Case, cases, get, on
from harness.pair import Differs


@cases("harness", [Case(get("/same")), Case(get("/same"), get("/nowhere"), pipelined=True, note="pipelined")])
def test_equal_answers_are_equal(both, case):
    both.compare(case)


@pytest.mark.parametrize(("path", "part"), [("/head", "client"), ("/body", "client"), ("/worker", "backends"),
                                            ("/log", "access"), ("/error", "errors")])
@on("harness")
def test_a_difference_is_found(both, path, part, monkeypatch):
    monkeypatch.setattr("harness.pair.DIFFERENCES", None)
    with pytest.raises(Differs, match=rf"(?m)^{part}:"):
        both.compare(Case(get(path), errors="error"))


class Pieces:
    """A socket that gives one octet at a time."""

    def __init__(self, octets):
        self.octets = octets

    def recv(self, _):
        taken, self.octets = self.octets[:1], self.octets[1:]
        return taken


def test_a_chunked_body_is_read_whole():
    reader = wire.Reader(Pieces(b"3\r\nabc\r\n1;x\r\nd\r\n0\r\nT: 1\r\n\r\nrest"))
    data, whole, length, trailer = wire.chunked_body(reader)
    assert (data, whole, trailer) == (b"abcd", True, [b"T: 1"])
    assert length == len(b"3\r\nabc\r\n1;x\r\nd\r\n0\r\nT: 1\r\n\r\n")
    assert reader.rest() == b"rest"


@pytest.mark.parametrize("octets", [b"", b"3\r\nab", b"x\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3\r\nabc\r\n", b"0\r\n"])
def test_a_broken_chunked_body_is_not_whole(octets):
    assert not wire.chunked_body(wire.Reader(Pieces(octets)))[1]
