"""Every directive that comfymux has for more than being accepted is in a configuration here."""
import re

from harness import directives
from harness.pair import CONFS


def test_every_directive_is_in_a_configuration():
    used = set()
    for path in CONFS.glob("*.conf"):
        used |= directives.used(path.read_text())
    missing = {name for name, only_accepted in directives.table().items() if not only_accepted} - used
    # What Debian's nginx does not know cannot be compared with it.
    assert missing <= NEWER, sorted(missing - NEWER)


def test_the_reference_lists_what_the_tables_have():
    text = (directives.ROOT / "doc/nginx.md").read_text()
    done = set(re.findall(r"`([a-z][a-z0-9_]*)`", text.split("### Done")[1].split("###")[0]))
    accepted = set(re.findall(r"`([a-z][a-z0-9_]*)`", text.split("### Accepted")[1].split("Newer spellings")[0]))
    table = directives.table()
    assert done == {name for name, only_accepted in table.items() if not only_accepted}
    assert accepted == {name for name, only_accepted in table.items() if only_accepted}


# Spellings of later versions, and comfymux's own.
NEWER = {"http2", "least_time", "sticky", "keepalive_time", "comfymux", "comfymux_websocket"}


def test_the_reader_of_configurations():
    text = "a 1; b { c 'x;y'; # d 1;\n e \"{\"; } map $x $y { f 1; '~^{' 2; } g ${h}i { j; }"
    assert directives.used(text) == {"a", "b", "c", "e", "map", "g", "j"}


def test_there_are_enough_configurations():
    assert len(list(CONFS.glob("*.conf"))) >= 40
