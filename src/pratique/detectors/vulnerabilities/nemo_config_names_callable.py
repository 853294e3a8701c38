"""VUL081 nemo-config-names-callable."""

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from pratique.artifacts.views import Repository, RepositoryFile
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import MOST, tell
from pratique.patterns.callables import Standing, standing

KEYS = frozenset(["_target_", "target", "cls", "class_path"])
CONFIG = "model_config.yaml"


class NemoConfigNamesCallable(Detector[Repository]):
    """The configuration of a NeMo model names a function that NeMo runs while it restores it.

    ## What it looks for
    `_target_`, `target`, `cls` and `class_path` in the `model_config.yaml` of a `.nemo` archive, or
    beside an unpacked one, at any depth, that name a callable which runs commands or code. Each
    copy in the archive is looked at: unpacking a tar keeps the last.

    ## Why it matters
    NeMo resolves the name and calls it with the entries beside it, before any weights are read.
    Versions before 2.3.2 took every name (CVE-2025-23304); later ones had a list with ways around
    it (CVE-2026-24157, CVE-2026-24159, CVE-2025-33245).

    ## What to do
    Do not restore the model. A version that is mended refuses it; that makes it no better.

    ## What it cannot see
    Callables of NeMo itself that act on what they are given.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL081"),
        slug="nemo-config-names-callable",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-94",
            "CWE-470",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each dangerous callable once, with the versions of NeMo that it hits."""
        for file in view.files:
            bad = (row for row in _targets(file) if standing(row[1]) is Standing.DANGEROUS)
            for at, target in islice(dict.fromkeys(bad), MOST):
                yield tell(type(self), view, at, f"makes NeMo call {target[:80]!r}")


def _targets(file: RepositoryFile) -> Iterator[tuple[Span, str]]:
    for kind, chain, data in file.facts:
        place = (file.path, *chain)
        ours = CONFIG in place[-1].rpartition("/")[2]  # a second copy is `model_config.yaml#2`
        for row in data if ours and kind in {"yaml", "named"} and isinstance(data, list) else []:
            match row:
                case [str() as key, str() as value, int() as line] if key in KEYS:
                    yield Span(chain=place, line=line), value.strip()
                case _:
                    continue
