"""Scores that FIRST published: specification examples of version 3.1, and of version 4.0."""

import pytest

from pratique.advisories.cvss import best, score, severity
from pratique.core.finding import Severity


@pytest.mark.parametrize(
    ("vector", "value"),
    [
        # https://www.first.org/cvss/v3.1/examples
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:N", 0.0),
        # https://www.first.org/cvss/v4.0/examples
        ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0),
        ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7),
        ("CVSS:2.0/AV:N", None),
        ("CVSS:3.1/AV:N", None),
        ("CVSS:4.0/AV:Z/AC:L", None),
        ("", None),
    ],
)
def test_scores(vector: str, value: float | None) -> None:
    assert score(vector) == value


def test_the_newest_version_counts_before_the_highest_score() -> None:
    third = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"
    fourth = "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
    assert best([third, fourth, "rubbish"]) == (7.3, fourth)
    assert best(["rubbish"]) == (0.0, "")


def test_words() -> None:
    words = [severity(v).name for v in (0.0, 0.1, 4.0, 6.9, 7.0, 8.9, 9.0)]
    assert words == ["INFO", "LOW", "MEDIUM", "MEDIUM", "HIGH", "HIGH", "CRITICAL"]
    assert severity(10.0) is Severity.CRITICAL
