from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from harness.badges import NOW
from pratique.attest.statement import Headline
from pratique.attest.svg import svg


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ("PASSED", "L1 statically scanned · until 2026-12-23"),
        ("WARNED", "L1 scanned, with warnings · until 2026-12-23"),
        ("FAILED", "scan failed · 2026-11-23"),
        ("INCOMPLETE", "scan incomplete · 2026-11-23"),
    ],
)
def test_the_picture_says_it_to_readers_and_screen_readers(result: str, says: str) -> None:
    body = svg(Headline(result, "L1", NOW, NOW + timedelta(days=30)))
    told = ET.fromstring(body)  # noqa: S314 - we made it
    space = "{http://www.w3.org/2000/svg}"
    assert told.findtext(f"{space}title") == f"pratique: {says}"
    assert result in (told.findtext(f"{space}desc") or "")
    assert [e.text for e in told.iter(f"{space}text")] == ["pratique", says]
    for word in (b"script", b"href", b"style", b"onload"):
        assert word not in body
