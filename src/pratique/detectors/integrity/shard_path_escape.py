"""INT026 shard-path-escape."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.integrity.shard_index import indexes

MARKS = ("\\", "\0", "://", "\n")
SHOWN = 5


class ShardPathEscape(Detector[Repository]):
    """The index of a sharded model names files outside the model's folder.

    ## What it looks for
    Shard names in an index (`*.index.json`) that are absolute, climb with `..`, carry a drive
    letter, a backslash, a URL or a control character.

    ## Why it matters
    A loader joins the shard's name to the model's folder and opens what comes out. A name that
    leaves the folder makes it read any file of the machine as weights, or load a model that was
    never scanned.

    ## What to do
    Reject the model: no tool writes such names. Ask where the index comes from.

    ## What it cannot see
    A plain name that is a link to somewhere else: links are refused when the folder is opened.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT026"),
        slug="shard-path-escape",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-22", "CWE-73", "ATLAS:AML.T0018", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each shard name that leaves the folder, a few per index."""
        for index in indexes(view):
            bad = sorted({name for name in index.weight_map.values() if _escapes(name)})
            for name in bad[:SHOWN]:
                says = f"the index {index.path[:200]!r} names the shard {name[:200]!r}"
                yield self.finding(Span(chain=(index.path,)), f"{says}, outside its own folder")


def _escapes(name: str) -> bool:
    drive = name[1:2] == ":"
    return (
        not name
        or name.startswith("/")
        or drive
        or ".." in name.split("/")
        or any(mark in name for mark in MARKS)
    )
