"""INT121 artifact-digest-mismatch."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class ArtifactDigestMismatch(Detector[Repository]):
    """The artifact as a whole is not the one that was expected.

    ## What it looks for
    The digest that the caller asked for with --expect-digest, compared with the digest of
    everything that was scanned.

    ## Why it matters
    A decision was made about another artifact: files were added, removed or changed since.

    ## What to do
    Find out which side is out of date before anything is loaded: compare the lists of files and
    their digests.

    ## What it cannot see
    Which file differs, when only the digest of the whole was given.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT121"),
        slug="artifact-digest-mismatch",
        stage=Stage.INTEGRITY,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=("CWE-354", "CWE-345", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report a digest that differs."""
        for kind, data in view.said:
            if (
                kind == "expected-digest"
                and isinstance(data, dict)
                and data.get("matches") is False
            ):
                expected, actual = str(data.get("expected")), str(data.get("actual"))
                yield self.finding(
                    Span(),
                    f"has the digest {actual[:24]}..., and {expected[:24]}... was expected",
                    expected=expected,
                    actual=actual,
                )
