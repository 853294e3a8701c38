"""NET009 run-writes-outside."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, deed, told
from pratique.detectors.network.places import VERBS, changed, is_persistent, is_temporary


def _key(word: str, event: Event) -> tuple[str, str] | None:
    path = changed(word, event)
    if not path or is_temporary(path) or is_persistent(path):
        return None
    return word, path


class RunWritesOutside(Detector[DetonationTrace]):
    """A model writes outside of its temporary folder when it is loaded or asked.

    ## What it looks for
    Files and folders that are made, opened for writing, moved, removed or given other rights
    anywhere but below `/tmp`, `/var/tmp` and `/dev/shm`, the model's own folder included. Places
    from which programs are started are NET010.

    ## Why it matters
    What is written stays when the model has gone: another model that others will load, a library, a
    setting.

    ## What to do
    Compare the named places with a clean machine, and load the model only where it can write
    nothing.

    ## What it cannot see
    Writes that the loader's own baseline does as well, to a path of the same name.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET009"),
        slug="run-writes-outside",
        stage=Stage.NETWORK,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-506",
            "CWE-732",
            "CWE-73",
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
            cached = "/.cache/" in path
            yield told(
                type(self),
                act,
                f"{VERBS[deed(act.event)]} {path[:200]!r} {act.when()}",
                Severity.MEDIUM if cached else None,
                path=path,
            )
