"""Does the request target reach the worker byte for byte?"""
import pytest

from harness.wire import make_request

pytestmark = pytest.mark.core

TARGETS = [
    "/api/userdata/workflows%2Fx.json", "/api/userdata/workflows%2fx.json", "//queue", "/a//b///c", "/a/./b", "/./",
    "/a/b/../c", "/?", "/a?", "/?a=%zz", "/%", "/%2", "/%00", "/a%20b", "/a+b?c+d", "/a;b=1/c,d/~e/!$&'()*+,",
    "/view?filename=ComfyUI_00001_.png&type=output&subfolder=", "/view?u=http://x/y", "/a?b?c??d", "/a&b=c", "/:8188/x",
    '/<>"{}|\\^`', "/a/b/", "/ws?clientId=%22", "/@a", "/a:b@c", "/%E2%9C%93", "/a%23b",
]


@pytest.mark.parametrize("target", TARGETS)
def test_the_target_is_forwarded_as_it_is(rig, target):
    assert rig.ask(target).status == 200
    assert rig.backend.paths() == [target]


@pytest.mark.parametrize("target", ["/../../etc/passwd", "/..", "/a/../../b", "/%2e%2e/x", "/a/%2E%2E/%2e%2e/b"])
def test_a_target_that_climbs_out_is_refused_or_left_alone(rig, target):
    response = rig.ask(target)
    assert response.status in (200, 400)
    assert rig.backend.paths() == ([target] if response.status == 200 else [])


def test_many_targets_on_one_connection_do_not_mix(rig):
    with rig.client() as client:
        client.send(b"".join(make_request(t) for t in TARGETS))
        for _ in TARGETS:
            assert client.response().status == 200
    assert rig.backend.paths() == TARGETS
