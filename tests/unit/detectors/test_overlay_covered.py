"""Each CVE that the overlay gives to a rule of another family: the rule fires on a sample of it."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from harness import make_pickles as p
from harness import make_tensors
from harness.inspecting import inspect_bytes, inspect_tree, sample_bytes
from harness.make_archives import centrals, locals_of, patched, zipped
from pratique.advisories.overlay import entries
from pratique.core.finding import Severity
from pratique.detectors.catalog import CATALOG

SAMPLES = Path(__file__).parents[2] / "samples"


def calls(module: str, name: str) -> bytes:
    return p.stream(p.call(module, name, p.text("x")))


IMPORTS = {
    "CVE-2025-10155": ("os", "system"),
    "CVE-2025-10157": ("asyncio.unix_events", "_UnixSubprocessTransport._start"),
    "CVE-2025-1716": ("pip", "main"),
    "CVE-2026-3490": ("pkgutil", "resolve_name"),
    "CVE-2026-53875": ("builtins", "eval"),
    "CVE-2025-67748": ("pty", "spawn"),
    "CVE-2026-22607": ("cProfile", "run"),
    "CVE-2025-46417": ("ssl", "get_server_certificate"),
    "CVE-2025-71354": ("idlelib.debugobj", "ObjectTreeItem"),
    "CVE-2025-71323": ("ctypes", "CDLL"),
    "CVE-2025-71339": ("numpy.f2py.crackfortran", "_eval_length"),
    "CVE-2025-71358": ("idlelib.autocomplete", "AutoComplete"),
    "CVE-2025-71361": ("idlelib.calltip", "Calltip"),
    "CVE-2026-53872": ("io", "FileIO"),
    "CVE-2025-71322": ("pty", "spawn"),
    "CVE-2025-71344": ("ensurepip", "_run_pip"),
    "CVE-2026-56304": ("logging", "FileHandler"),
    "CVE-2025-71348": ("torch.utils._config_module", "ConfigModule.load_config"),
    "CVE-2025-71357": ("idlelib.pyshell", "ModifiedInterpreter"),
    "CVE-2025-71378": ("cProfile", "runctx"),
    "CVE-2026-53873": ("profile", "run"),
    "CVE-2025-67747": ("marshal", "loads"),
    "CVE-2026-22606": ("runpy", "run_path"),
    "CVE-2026-14534": ("_posixsubprocess", "fork_exec"),
}


@pytest.mark.parametrize(("cve", "named"), IMPORTS.items())
def test_pickles_that_scanners_missed_are_found(cve: str, named: tuple[str, str]) -> None:
    assert "MAL001" in inspect_bytes(calls(*named)).rules, cve


def test_a_pickle_by_any_name_is_found() -> None:
    """CVE-2025-1889: the ending of the name decides nothing."""
    assert "MAL001" in inspect_tree({"weights.xyz": calls("os", "system")}).rules


ZIP = zipped({"m/data.pkl": calls("os", "system")})


def _flagged(body: bytes, at: int) -> bytes:
    return patched(body, at, bytes([body[at] | 1]))


ARCHIVES = {
    "CVE-2025-10156": ("INT065", patched(ZIP, centrals(ZIP)[0] + 16, b"\1\2\3\4")),
    "CVE-2025-1944": ("INT066", patched(ZIP, locals_of(ZIP)[0] + 30, b"n")),
    "CVE-2025-1945": (
        "INT067",
        _flagged(_flagged(ZIP, locals_of(ZIP)[0] + 6), centrals(ZIP)[0] + 8),
    ),
}


@pytest.mark.parametrize(("cve", "case"), ARCHIVES.items())
def test_archives_that_scanners_gave_up_on_are_read(cve: str, case: tuple[str, bytes]) -> None:
    rule, body = case
    assert {rule, "MAL001"} <= inspect_bytes(body).rules, cve
    assert zipfile.is_zipfile(io.BytesIO(body))


def test_templates_that_reach_out_are_found() -> None:
    """CVE-2024-34359 and CVE-2026-5760: the template comes out of the GGUF file itself."""
    template = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    body = make_tensors.gguf([("tokenizer.chat_template", template)], [])
    assert "BKD001" in inspect_bytes(body).rules


def test_tokens_without_end_are_found() -> None:
    """CVE-2025-49847: the sample's token is far shorter, and far longer than any honest one."""
    tokens = ["a"] * 70 + ["b" * 70_000]
    body = make_tensors.gguf([("tokenizer.ggml.tokens", tokens)], [])
    assert "INT044" in inspect_bytes(body).rules


def test_keras_models_in_yaml_are_found() -> None:
    """CVE-2021-37678: the tag is one of those that unsafe loaders build objects from."""
    body = b"class_name: Sequential\nconfig: !!python/object/apply:os.system [touch /tmp/x]\n"
    assert "MAL045" in inspect_tree({"model.yaml": body}).rules


TRUSTING = frozenset(
    ["CVE-2026-6859", "CVE-2026-46432", "CVE-2026-7669", "CVE-2026-22807", "CVE-2026-27893"]
)
"""Loaders that ran the code which a configuration names without being asked to."""


@pytest.mark.parametrize("part", ["", "text_config"])
def test_code_that_loaders_trusted_unasked_is_found(part: str) -> None:
    named = {"auto_map": {"AutoModel": "modeling_x.X"}}
    config = json.dumps({"model_type": "x", **({part: named} if part else named)}).encode()
    assert "BKD020" in inspect_tree({"config.json": config, "modeling_x.py": b"import os"}).rules


def test_every_entry_names_a_rule_and_every_covered_one_is_proven() -> None:
    known = {make.rule.id for make in CATALOG}
    here = {*IMPORTS, *ARCHIVES, "CVE-2025-1889", "CVE-2024-34359", "CVE-2026-5760"}
    here |= {"CVE-2025-49847", "CVE-2021-37678", *TRUSTING}
    for entry in entries():
        assert entry.rule in known, entry.id
        assert entry.rule.startswith("VUL") or entry.id in here, entry.id


@pytest.mark.parametrize("rule", sorted({e.rule for e in entries() if e.rule.startswith("VUL")}))
def test_every_entry_of_a_rule_of_this_family_is_told_of_a_sample(rule: str) -> None:
    slug = next(make.rule.slug for make in CATALOG if make.rule.id == rule)
    told: set[str] = set()
    for case in sorted((SAMPLES / slug).iterdir()):
        if case.name.startswith(("bad-", "evasion-")) and case.suffix != ".expected":
            sample = sample_bytes(case)
            found = inspect_tree(sample) if isinstance(sample, dict) else inspect_bytes(sample)
            rows = [f.evidence for f in found.findings if f.rule == rule]
            told |= {
                cve
                for row in rows
                for key, text in row
                if key.startswith("cves")
                for cve in text.split(", ")
            }
    assert told == {entry.id for entry in entries() if entry.rule == rule}


def test_a_mended_pin_leaves_little_and_a_hit_one_says_so() -> None:
    body = make_tensors.gguf([("a", "b")], [("t", 2, [4096, 1 << 20], b"x")])
    for pin, severity in (("0.9.0", Severity.MEDIUM), ("0.24.0", Severity.INFO)):
        told = inspect_tree({"m.gguf": body, "requirements.txt": f"vllm=={pin}\n".encode()})
        found = next(f for f in told.findings if f.rule == "VUL058")
        assert found.severity is severity
        assert f"vllm=={pin}" in dict(found.evidence)["own_pins"]


def test_long_lists_of_loaders_are_not_cut() -> None:
    told = inspect_tree({"a.bin": calls("os", "system")})
    found = next(f for f in told.findings if f.rule == "VUL060")
    shown = " ".join(text for key, text in found.evidence if key.startswith("cves"))
    assert all(e.id in shown for e in entries() if e.rule == "VUL060")
    assert all(len(text) <= 500 for _, text in found.evidence)
