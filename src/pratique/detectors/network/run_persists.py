"""NET010 run-persists."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, deed, told
from pratique.detectors.network.places import VERBS, changed, is_persistent


def _key(word: str, event: Event) -> tuple[str, str] | None:
    path = changed(word, event)
    return (word, path) if path and is_persistent(path) else None


class RunPersists(Detector[DetonationTrace]):
    """A model writes to places that start programs when it is loaded or asked.

    ## What it looks for
    Start-up files of shells, cron, systemd, autostart folders, `authorized_keys`,
    `sitecustomize.py`, `.pth` files and modules of installed packages, `ld.so.preload`, in anything
    that is written, moved or linked.

    ## Why it matters
    What installs itself there runs again after the model is gone, for every program of that user or
    of the machine.

    ## What to do
    Do not load the model. Compare these places with a clean machine on every one that did.

    ## What it cannot see
    Places that start programs only in software that this list does not know.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET010"),
        slug="run-persists",
        stage=Stage.NETWORK,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-506",
            "CWE-732",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        for act in acts(view, _key):
            path = changed(deed(act.event), act.event)
            yield told(
                type(self),
                act,
                f"{VERBS[deed(act.event)]} {path[:200]!r}, which starts programs, {act.when()}",
                path=path,
                to=act.event.word("to"),
            )
