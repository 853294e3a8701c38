"""NET012 run-loads-native-code."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, deed, said, told
from pratique.detectors.network.places import changed, is_foreign


class RunLoadsNativeCode(Detector[DetonationTrace]):
    """A model brings native code and has it loaded.

    ## What it looks for
    Libraries that are loaded from the model's own folder, from a folder that anybody may write to,
    from memory, or that the same run has written or moved there before.

    ## Why it matters
    Native code is beyond everything that Python-level tools see, and it runs the moment it is
    loaded.

    ## What to do
    Do not load the model outside of a sandbox. Ask the publisher for the source of the library, and
    build it yourself.

    ## What it cannot see
    Machine code that is put into memory without a file or a library.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET012"),
        slug="run-loads-native-code",
        stage=Stage.NETWORK,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-829",
            "CWE-114",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        written = frozenset(
            path
            for _, event in view.events()
            for path in (changed(deed(event), event), event.word("to"))
            if path
        )
        targets = tuple({f"/{run.target}" for run in view.runs if run.target})

        def foreign(word: str, event: Event) -> str | None:
            path = said(event, "path")
            own = path in written or is_foreign(path) or path.endswith(targets)
            return path if word == "dlopen" and own else None

        for act in acts(view, foreign):
            path = said(act.event, "path")
            yield told(
                type(self),
                act,
                f"loads the library {path[:200]!r} {act.when()}"
                + (", which it wrote itself" if path in written else ""),
                path=path,
            )
