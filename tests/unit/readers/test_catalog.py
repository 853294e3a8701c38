"""Every place that names readers knows each one of the catalogue, and no other."""

import re
from pathlib import Path

import pytest

import pratique.policy
from harness.seeds import SEEDS
from pratique.artifacts.readers.catalog import READERS
from pratique.detectors.integrity.name_contradicts_content import (
    PROMISED,
    TEXTS,
    WITHOUT_A_NAME,
)

NAMES = {reader.name for reader in READERS}
PAGES = Path(__file__).parents[3] / "docs" / "formats"
PACKS = sorted(Path(pratique.policy.__file__).parent.glob("packs/*.yaml"))
_LISTED = re.compile(r"\bf in \[([^\]]*)\]|\bf [!=]= (\"[^\"]*\")|(\"[^\"]*\") in formats")


def test_names_are_given_once() -> None:
    assert len(NAMES) == len(READERS)


def test_an_extension_promises_each_reader_or_none_can() -> None:
    promised = frozenset().union(*PROMISED.values())
    assert promised | WITHOUT_A_NAME == NAMES
    assert not promised & WITHOUT_A_NAME
    assert promised >= TEXTS


@pytest.mark.parametrize("pack", PACKS, ids=lambda p: p.stem)
def test_a_pack_names_readers_that_there_are(pack: Path) -> None:
    text = pack.read_text()
    named = {
        word for found in _LISTED.finditer(text) for word in re.findall(r'"([^"]*)"', found[0])
    }
    assert named <= NAMES
    if "formats." in text:
        assert named, "the pack tells of formats in words that this test does not read"


def test_every_reader_has_a_seed_to_fuzz() -> None:
    assert {reader.name for reader, _ in SEEDS} == NAMES


def test_each_reader_has_a_page_and_each_page_a_reader() -> None:
    text = (PAGES / "README.md").read_text()
    rows = [row for row in text.splitlines() if row.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == NAMES
    linked = set(re.findall(r"\((\w[\w-]*\.md)\)", text))
    assert linked == {page.name for page in PAGES.glob("*.md")} - {"README.md"}
