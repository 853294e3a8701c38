"""INT140 blob-digest-lie."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

_BLOB = re.compile(r"(?:.*/)?blobs/sha256[/:-]([0-9a-f]{64})")


class BlobDigestLie(Detector[Repository]):
    """A blob of an image layout is not the content that its name says.

    ## What it looks for
    Files called `blobs/sha256/DIGEST`, as OCI image layouts, registries and Ollama (there
    `sha256-DIGEST`) store content, whose own SHA-256 is another one.

    ## Why it matters
    Everything in such a store refers to content by that name. A tool that trusts the folder and
    does not hash again loads what somebody put there in the place of what was signed or scanned.

    ## What to do
    Reject the folder, and fetch the image anew from its registry, by digest.

    ## What it cannot see
    Blobs inside of an archive, which have no digest of their own here, and a store in which all
    names were made to fit: only a signature or an expected digest tells that.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT140"),
        slug="blob-digest-lie",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-345", "CWE-354", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each blob whose name is not its digest."""
        for file in view.files:
            named = _BLOB.fullmatch(file.path)
            actual = file.digest.removeprefix("sha256:")
            if named and actual and actual != named[1]:
                says = f"is named {named[1][:12]}... and has the digest {actual[:12]}..."
                yield self.finding(Span(chain=(file.path,)), says, actual=actual)
