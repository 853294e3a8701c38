"""Names mean what the programs make of them that write them to disk."""

import pytest

from pratique.patterns.paths import climbs, disguised_way_out, plain, steps_up, way_out


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "is absolute"),
        ("\\\\host\\share", "is absolute"),
        ("C:\\x", "begins with a drive letter"),
        ("a/../../b", "climbs out of its folder"),
        ("..\\b", "climbs out of its folder"),
        ("a/.. /.. /b", "climbs out of its folder"),
        ("ok.txt\0.pkl", "holds a NUL, where some programs cut it off"),
        ("a/b..c/...", ""),
        ("a/../b", ""),
        ("", ""),
    ],
)
def test_ways_out(name: str, why: str) -> None:
    assert way_out(name) == why


def test_disguises() -> None:
    assert disguised_way_out("..\u2215up")
    assert disguised_way_out("\u2025/up")
    assert not disguised_way_out("重み/é.bin")
    assert not disguised_way_out("../up")


def test_plain_names() -> None:
    assert plain("./a//b/") == plain("a\\b") == "a/b"
    assert plain("/a") == "/a"
    assert climbs("..")
    assert not climbs("a/b/../..")
    assert steps_up("a/../b")
    assert not steps_up("a..b")
