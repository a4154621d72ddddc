"""Is a file refused that the workers would not take a copy of?"""
import pytest

from harness.wait import wait_until
from test_fleet_files import form

MIB = 1 << 20


def post(fleet, octets):
    fields, body = form(octets)
    return fleet.mux.ask("/upload/image", "POST", fields, body).status


@pytest.mark.parametrize("size, status", [(MIB - 4096, 200), (MIB + 1, 413)])
def test_the_smallest_limit_of_the_workers_counts(start_fleet, size, status):
    fleet = start_fleet([("--max-upload-size", 1), ()])
    wait_until(lambda: fleet.get("/features").get("max_upload_size") == MIB, "the workers' limit")
    assert post(fleet, b"x" * size) == status
