"""Every rule explains itself, is listed, and has samples: bad, good and evasion."""

import json
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest

import pratique.detectors
from harness.advised import inspect_advised
from harness.inspecting import (
    Told,
    inspect_answered,
    inspect_bytes,
    inspect_ruled,
    inspect_trace,
    inspect_tree,
    sample_bytes,
)
from pratique.artifacts.readers.catalog import readers_key
from pratique.detectors import index
from pratique.detectors.base import Detector
from pratique.detectors.catalog import CATALOG, catalogued
from pratique.detectors.page import page
from pratique.detectors.refs import ATLAS, EDITION_2026, references
from pratique.engine import advice

SAMPLES = Path(__file__).parent.parent / "samples"
ENDINGS = (".hex", ".tree.json", ".trace.json", ".advised.json", ".ruled.json", ".answered.json")
CASES = sorted(p for p in SAMPLES.glob("*/*") if p.name.endswith(ENDINGS))


def told(case: Path) -> Told:
    if case.name.endswith(".trace.json"):
        return inspect_trace(case.read_bytes())
    if case.name.endswith(".advised.json"):
        return inspect_advised(json.loads(case.read_text()))
    if case.name.endswith(".ruled.json"):
        return inspect_ruled(json.loads(case.read_text()))
    if case.name.endswith(".answered.json"):
        return inspect_answered(json.loads(case.read_text()))
    sample = sample_bytes(case)
    return inspect_tree(sample) if isinstance(sample, dict) else inspect_bytes(sample)


def expected(case: Path) -> Path:
    name = case.name
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    return case.with_name(f"{name}.expected")


@pytest.mark.parametrize("make", CATALOG, ids=lambda m: m.rule.id)
def test_every_rule_explains_itself(make: type[Detector[Any]]) -> None:
    told = page(make)
    assert all((told.title, told.looks_for, told.matters, told.to_do, told.cannot_see))
    assert any(ref.startswith("CWE-") for ref in make.rule.refs)


def test_no_rule_is_forgotten() -> None:
    for m in walk_packages(pratique.detectors.__path__, "pratique.detectors."):
        import_module(m.name)
    assert set(Detector.__subclasses__()) == set(CATALOG)


def test_the_index_says_what_the_rules_say() -> None:
    """A command plans by the index: a version or a rule that it lacks would never be asked for."""
    assert dict(index.entries()) == catalogued(), "run scripts/make_reference.py"
    assert index.index().readers == readers_key(), "run scripts/make_reference.py"


def test_rules_over_advisories_are_listed_where_they_run() -> None:
    assert {m.rule.id for m in advice.RULES} == index.reading("MatchedComponents")


def test_ids_and_slugs_are_unique() -> None:
    assert len({m.rule.id for m in CATALOG}) == len(CATALOG)
    assert len({m.rule.slug for m in CATALOG}) == len(CATALOG)


@pytest.mark.parametrize("make", CATALOG, ids=lambda m: m.rule.slug)
def test_every_rule_has_samples(make: type[Detector[Any]]) -> None:
    names = [p.name for p in CASES if p.parent.name == make.rule.slug]
    for kind in ("bad-", "good-", "evasion-"):
        assert any(name.startswith(kind) for name in names), f"{make.rule.slug}: no {kind} sample"


@pytest.mark.parametrize("case", CASES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_samples(case: Path) -> None:
    got = told(case)
    want = json.loads(expected(case).read_text())
    slug = {m.rule.slug: m.rule.id for m in CATALOG}[case.parent.name]
    assert (slug in got.rules) == (not case.name.startswith("good-"))
    assert got.brief() == want


@pytest.mark.parametrize("make", CATALOG, ids=lambda m: m.rule.id)
def test_every_reference_is_of_a_known_catalogue(make: type[Detector[Any]]) -> None:
    for ref in make.rule.refs:
        scheme, _, name = ref.rpartition(":")
        known = {"": name.startswith("CWE-"), "ATLAS": name in ATLAS}
        edition = name.removeprefix("2025-")  # of 2026, the ids are worked out
        assert known.get(scheme, scheme == "OWASP-LLM" and edition in EDITION_2026), ref


def test_entries_of_owasp_come_in_both_editions() -> None:
    assert sorted(EDITION_2026) == sorted(EDITION_2026.values())
    card = next(m.rule for m in CATALOG if "OWASP-LLM:2025-LLM03" in m.rule.refs)
    assert "OWASP-LLM:2026-LLM04" in references(card)
