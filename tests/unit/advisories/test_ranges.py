"""Versions in ranges, by the rules of each ecosystem and by OSV's own evaluation."""

from itertools import pairwise

import pytest

from pratique.advisories.ranges import contains
from pratique.advisories.versions import key_of
from pratique.core.advisory import State

IN, OUT, UNKNOWN = State.AFFECTED, State.NOT_AFFECTED, State.UNKNOWN


@pytest.mark.parametrize(
    ("version", "events", "state"),
    [
        ("1.0", [{"introduced": "0"}], IN),
        ("0.dev1", [{"introduced": "0"}, {"fixed": "1"}], IN),
        ("2.6.0", [{"introduced": "0"}, {"fixed": "2.6.0"}], OUT),
        ("2.6.0rc1", [{"introduced": "0"}, {"fixed": "2.6.0"}], IN),
        ("2.5.9+cu118", [{"introduced": "0"}, {"fixed": "2.6.0"}], IN),
        ("2.6.0", [{"introduced": "0"}, {"last_affected": "2.6.0"}], IN),
        ("2.6.0.post1", [{"introduced": "0"}, {"last_affected": "2.6.0"}], OUT),
        ("1.5", [{"introduced": "2"}, {"introduced": "1"}, {"fixed": "1.6"}], IN),
        ("1.8", [{"introduced": "2"}, {"introduced": "1"}, {"fixed": "1.6"}], OUT),
        ("3", [{"introduced": "2"}, {"introduced": "1"}, {"fixed": "1.6"}], IN),
        ("5", [{"introduced": "0"}, {"limit": "4"}], OUT),
        ("5", [{"introduced": "0"}, {"limit": "4"}, {"limit": "*"}], OUT),
        ("3", [{"introduced": "0"}, {"limit": "4"}], IN),
        ("1", [{"fixed": "2"}], OUT),
        ("2.5", [{"introduced": "0"}, {"fixed": "2"}, {"introduced": "2"}, {"fixed": "3"}], IN),
        ("1", [{"fixed": "1"}, {"introduced": "1"}], IN),
        ("not a version", [{"introduced": "0"}], UNKNOWN),
        ("1", [{"introduced": "0"}, {"fixed": "2.6.0-cu124"}], UNKNOWN),
    ],
)
def test_python(version: str, events: list[dict[str, str]], state: State) -> None:
    assert contains("PyPI", version, events) is state


ORDERED = {
    "npm": ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0"],
    "Go": ["v0.0.0-20190101000000-abcdefabcdef", "v0.9.0", "v1.0.0", "v2.0.0+incompatible"],
    "crates.io": ["0.1.0-pre", "0.1.0", "0.2.0"],
    "Debian:12": ["0.9~rc1-1", "0.9-1", "0.9-1+deb12u1", "0.9-2", "1:0.1-1"],
    "PyPI": ["1.0.dev1", "1.0a1", "1.0", "1.0.post1", "1!0.1"],
}  # fmt: skip


@pytest.mark.parametrize("ecosystem", ORDERED)
def test_order(ecosystem: str) -> None:
    keys = [key_of(ecosystem, version) for version in ORDERED[ecosystem]]
    assert all(key is not None for key in keys)
    assert all(a < b for a, b in pairwise(keys))


def test_no_rules_no_order() -> None:
    assert key_of("Hex", "1.0") is None
    assert key_of("PyPI", "1" * 1_100) is None
