"""INT152 folder-special-entry."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

_LOST = re.compile(r"dangling|circle")


class FolderSpecialEntry(Detector[Repository]):
    """A folder holds what is no file: a link that leads out of it, a device, a FIFO.

    ## What it looks for
    Entries that were not opened because they are no regular files: links to absolute paths or out
    of the folder, devices, sockets, FIFOs. Links that lead nowhere, or in a circle, are low. Links
    within the folder, and those of the Hugging Face cache into its own blobs, are read as files.

    ## Why it matters
    Whoever copies or serves the folder and follows the link hands out a file of the host, and a
    loader reads what was never scanned.

    ## What to do
    Replace the entry by the file itself, or remove it. A model needs neither links nor devices.

    ## What it cannot see
    Links in archives: archive-link-escape reports those.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT152"),
        slug="folder-special-entry",
        stage=Stage.INTEGRITY,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=("CWE-59", "CWE-22", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such entry."""
        for file in view.files:
            for kind, _, data in file.facts:
                if kind == "unopened" and isinstance(data, str):
                    yield self.finding(
                        Span(chain=(file.path,)),
                        f"{file.path[:200]!r} {data[:200]}",
                        severity=Severity.LOW if _LOST.search(data) else None,
                    )
