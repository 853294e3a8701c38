"""VUL063 torchscript-acts-on-safe-load."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import tell, told, words

_ACTS = re.compile(
    r"(?:^|\.)(?:from_file|save|load|save_to_file|load_from_file|rpc_(?:sync|async|remote))$"
    r"|^(?:image|video|video_reader|torchaudio|torchaudio_ffmpeg)\.(?:read|write|load|save|open)"
)


class TorchscriptActsOnSafeLoad(Detector[Repository]):
    """A program that torch loads where weights were asked for reaches files or hosts.

    ## What it looks for
    TorchScript archives that name operators for files (`from_file`, `save`, `load`, readers and
    writers of media) or for remote calls.

    ## Why it matters
    Until 2.6, `torch.load` with `weights_only=True` passed such an archive on to the loader of
    programs, where no limit holds. Later versions refuse it. Covers CVE-2025-32434.

    ## What to do
    Do not load the file as weights. See the rules torchscript-file-access and torchscript-
    network-access.

    ## What it cannot see
    Operators that a library of its own adds. The other way around the limit, the format of before
    2017 in a tar, is seen by what its pickles import.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL063"),
        slug="torchscript-acts-on-safe-load",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-502",
            "CWE-73",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each program once, with the loaders that it hits."""
        for at, program in told(view, "torchscript"):
            names = [name for name in words(program, "calls") if _ACTS.search(name)]
            if names:
                shown = ", ".join(repr(name[:80]) for name in names[:5])
                yield tell(type(self), view, at, f"the program names {shown}")
