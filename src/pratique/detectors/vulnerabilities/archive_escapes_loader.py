"""VUL065 archive-escapes-loader."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told
from pratique.patterns.paths import way_out

_LOADERS = {
    "tar": frozenset(
        [
            "CVE-2024-55459",
            "CVE-2025-12060",
            "CVE-2026-11816",
            "CVE-2024-7776",
            "CVE-2025-15036",
        ]
    ),
    "zip": frozenset(
        ["CVE-2026-11816", "CVE-2025-58755", "CVE-2023-48299", "CVE-2024-7773", "CVE-2024-45436"]
    ),
}


_LINKS = frozenset({"CVE-2026-27905"})
"""Of these the condition is a link alone: names that lead out were refused."""


class ArchiveEscapesLoader(Detector[Repository]):
    """An archive that named loaders unpack writes outside of the folder it is unpacked to.

    ## What it looks for
    Entries whose names climb, are absolute or begin with a drive, and links that point outside.

    ## Why it matters
    Loaders that fetch and unpack models wrote such entries where they say. This rule says which
    versions do; archive-name-escape and archive-link-escape judge every archive. Covers
    CVE-2024-55459, CVE-2025-12060 and CVE-2026-11816 (Keras), CVE-2024-7776 (ONNX),
    CVE-2025-15036 (MLflow), CVE-2025-58755 (MONAI), CVE-2023-48299 (TorchServe), CVE-2026-27905
    (BentoML, links alone), CVE-2024-7773 and CVE-2024-45436 (Ollama).

    ## What to do
    Do not unpack the file. A model needs no such entries.

    ## What it cannot see
    Chains of links that lead out step by step, which archive-link-escape follows.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL065"),
        slug="archive-escapes-loader",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-22", "CWE-59", "ATLAS:AML.T0010", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report the first such entry of each archive, with the loaders that it hits."""
        for at, archive in told(view, "archive"):
            form = str(archive.get("format"))
            only = _LOADERS.get(form, _LOADERS["tar"])
            for name, kind, target in rows(archive, "placed", 3):
                way = _way(str(name), str(kind), str(target))
                if way:
                    links = _LINKS if form == "tar" and kind != "file" else frozenset[str]()
                    says = f"{kind} {str(name)[:120]!r} {way}"
                    yield tell(type(self), view, at, says, only=only | links)
                    break


def _way(name: str, kind: str, target: str) -> str:
    """Say how an entry leads out, empty where it does not."""
    way = way_out(name)
    if way or kind not in {"symlink", "hardlink"}:
        return way
    base = name.rpartition("/")[0] if kind == "symlink" else ""
    direct = way_out(target)
    joined = f"{base}/{target}" if base and not target.startswith(("/", "\\\\")) else target
    way = direct if direct and direct != "climbs out of its folder" else way_out(joined)
    return f"points at {target[:120]!r}, which {way}" if way else ""
