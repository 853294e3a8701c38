"""VUL061 torch-items-into-tensor."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import tell, told, words

_TENSOR = re.compile(
    r"torch\._utils\._rebuild_(?!.*dict)|torch\.(?:\w*Storage|storage\.|Tensor|tensor|Size)"
    r"|torch\._tensor\.|puts items into a persistent object"
)


class TorchItemsIntoTensor(Detector[Repository]):
    """A torch checkpoint puts keys and values into something that has none.

    ## What it looks for
    The pickle opcodes SETITEM and SETITEMS on what a call of torch made, or on a storage, in
    place of a dictionary.

    ## Why it matters
    The restricted unpickler of torch did as it was told: assigning to a tensor by index writes
    into its memory, behind its end as well. Covers CVE-2026-24747.

    ## What to do
    Do not load the file, not with `weights_only` either. No tool writes such a pickle.

    ## What it cannot see
    Objects of other libraries that are filled by their own rules.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL061"),
        slug="torch-items-into-tensor",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-787",
            "CWE-502",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such target, with the loaders that it hits."""
        for at, stream in told(view, "pickle"):
            for callee in words(stream, "fills"):
                if _TENSOR.match(callee):
                    yield tell(
                        type(self), view, at, f"fills {callee[:120]!r} as if it were a dictionary"
                    )
