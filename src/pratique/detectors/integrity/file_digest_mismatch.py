"""INT120 file-digest-mismatch."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class FileDigestMismatch(Detector[Repository]):
    """A file is not the one that its source promised.

    ## What it looks for
    Digests that came with the file from its hub, index or manifest, compared with the digest of the
    bytes that were scanned.

    ## Why it matters
    The file was damaged on the way, replaced on a mirror, or changed after it was published.
    Nothing that was said about the intended file holds for this one.

    ## What to do
    Delete the file and fetch it again from the original source. If it differs again, tell the
    publisher and keep both copies.

    ## What it cannot see
    Whether the promised digest itself was forged: that is what signatures are for.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT120"),
        slug="file-digest-mismatch",
        stage=Stage.INTEGRITY,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=("CWE-354", "CWE-345", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each file whose digest differs from the promised one."""
        for file in view.files:
            for kind, chain, data in file.facts:
                if kind != "intended" or chain or not isinstance(data, dict):
                    continue
                if data.get("matches") is False:
                    promised = str(data.get("promised", "?"))
                    algorithm = str(data.get("algorithm", "digest"))
                    yield self.finding(
                        Span(chain=(file.path,)),
                        f"is not the file that its source promises: {algorithm} {promised[:16]}...",
                        expected=promised,
                        actual=str(data.get("actual", "")),
                    )
