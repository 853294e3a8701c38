"""VUL052 onnx-external-data-link."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told
from pratique.patterns.paths import plain

MAX_PARTS = 64


class OnnxExternalDataLink(Detector[Repository]):
    """An ONNX model keeps a tensor behind a link of the archive that it came in.

    ## What it looks for
    Tensors whose external data lies at a path that is a symbolic or hard link of the same
    archive, or that passes through one.

    ## Why it matters
    Loaders looked for links at the last step of the path only, or not at all, and a hard link
    looks like any file: the tensor is read from wherever the link points. Covers CVE-2026-27489,
    CVE-2026-34446 and CVE-2026-34447.

    ## What to do
    Do not unpack the archive. A model needs no links.

    ## What it cannot see
    Links that are on the disk already: folders are read without following any.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL052"),
        slug="onnx-external-data-link",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-59", "CWE-61", "ATLAS:AML.T0010", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each tensor that lies behind a link, with the loaders that it hits."""
        links = dict(_links(view))
        for at, model in told(view, "onnx"):
            *archive, base = at.chain
            for tensor, location, *_ in rows(model, "external_data", 5):
                target = _through(
                    str(location), base.rpartition("/")[0], links.get(tuple(archive), {})
                )
                if target:
                    says = f"tensor {str(tensor)[:80]!r} lies behind {target}"
                    yield tell(type(self), view, at, says)


def _links(view: Repository) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Yield, for each archive, its links with what they are."""
    for at, archive in told(view, "archive"):
        found: dict[str, str] = {}
        for name, kind, target in rows(archive, "placed", 3):
            if kind in {"symlink", "hardlink"}:
                says = f"the {kind} {str(name)[:80]!r} to {str(target)[:80]!r}"
                found[plain(str(name))] = says
        if found:
            yield at.chain, found


def _through(location: str, base: str, links: dict[str, str]) -> str:
    """Return the first link that a path inside an archive passes through, empty without one."""
    path = ""
    for part in plain(f"{base}/{location}").split("/")[:MAX_PARTS]:
        path = f"{path}/{part}" if path else part
        if path in links:
            return links[path]
    return ""
