"""The evaluation's files: the same every time, and harmless."""

import json
import pickletools
import re
from pathlib import Path

import pytest

from evals.assemble import CANARY, FORMS, GADGETS
from evals.benign import benign
from evals.cases import generated, samples
from evals.corpus import MANIFEST, PACKAGES
from evals.hostile_models import hostile

ADDRESS = re.compile(rb"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|https?://[a-z.]+")
DOCUMENTATION = (b"192.0.2.", b"http://example.com", b"https://example.com")


def test_two_runs_make_the_same_bytes() -> None:
    assert list(benign()) == list(benign())
    assert list(hostile()) == list(hostile())


def test_nothing_points_at_a_real_address() -> None:
    for _, name, body in [*hostile(), *benign()]:
        for found in ADDRESS.findall(body):
            assert found.startswith(DOCUMENTATION), (name, found)


@pytest.mark.parametrize("gadget", GADGETS, ids=lambda g: f"{g[0]}.{g[1]}")
def test_a_payload_touches_nothing_but_the_canary(
    gadget: tuple[str, str, tuple[object, ...]],
) -> None:
    for said in gadget[2]:
        if isinstance(said, str) and "/" in said and "example" not in said:
            assert CANARY in said or said in {"/bin/true", "/dev/null"}


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"broken-after", "truncated-after"}))
def test_a_form_is_a_pickle_to_the_end(form: str) -> None:
    body = FORMS[form](GADGETS[0])
    opcodes = [op.name for op, _, _ in pickletools.genops(body)]
    assert opcodes[-1] == "STOP"


def test_every_case_is_laid_out(tmp_path: Path) -> None:
    cases = [*generated(tmp_path), *samples(tmp_path)]
    assert len({c.path for c in cases}) == len(cases)
    assert all(c.path.exists() for c in cases)
    assert sum(c.hostile for c in cases) > 300
    assert sum(not c.hostile for c in cases) > 50


def test_the_manifest_names_at_least_twenty_real_files_of_the_listed_packages() -> None:
    rows = json.loads(MANIFEST.read_text())
    assert len(rows) >= 20
    assert {row["package"] for row in rows} == {name for name, _ in PACKAGES}
    assert all(re.fullmatch("[0-9a-f]{64}", row["sha256"]) and row["licence"] for row in rows)
