"""NET005 run-executes-program."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, said, told


def _key(word: str, event: Event) -> str | None:
    return said(event, "argv", "path") if word == "execve" else None


class RunExecutesProgram(Detector[DetonationTrace]):
    """A model starts another program when it is loaded or asked.

    ## What it looks for
    Programs that any process of the run starts, or tries to, with their arguments.

    ## Why it matters
    A model that runs commands is a program that somebody else wrote, with the rights of whoever
    loads it. Most attacks by way of a model file end in exactly this call.

    ## What to do
    Do not load the model outside of a sandbox. Read the arguments: they say what was wanted.
    Machines that loaded it have run them.

    ## What it cannot see
    What the program would have done: in the sandbox it is refused, or finds nothing that it needs.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET005"),
        slug="run-executes-program",
        stage=Stage.NETWORK,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-78",
            "CWE-506",
            "ATLAS:AML.T0050",
            "ATLAS:AML.T0011.000",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        for act in acts(view, _key):
            argv = said(act.event, "argv", "path")
            path = act.event.word("path")
            hidden = path.startswith(("/proc/self/fd/", "/dev/fd/", "/memfd:")) or not path
            yield told(
                type(self),
                act,
                f"runs {argv[:120]!r} {act.when()}",
                argv=argv,
                path=path,
                note="" if not hidden or act.hearsay else "it was run from memory, not from a file",
            )
