"""Yesterday's badges verify for ever."""

import shutil
from pathlib import Path

import pytest

from harness.badges import NOW
from pratique.attest.verify import NotVerifiedError, Question, verify

VECTOR = Path(__file__).parents[2] / "vectors" / "badge-1"


def test_a_badge_of_schema_1_verifies_as_of_its_day(tmp_path: Path) -> None:
    shutil.copytree(VECTOR, tmp_path / "v")
    here = tmp_path / "v"
    asked = Question(
        model=here / "model", badge=here / "model.pratique", trust=here / "trust.json", at=NOW
    )
    assert verify(asked).result == "PASSED"
    (here / "model" / "config.json").write_bytes(b"[]")
    with pytest.raises(NotVerifiedError, match=r"'config\.json' has changed"):
        verify(asked)
