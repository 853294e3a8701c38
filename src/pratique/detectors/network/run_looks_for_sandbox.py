"""NET017 run-looks-for-sandbox."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, told

_TELLING = re.compile(
    r"^/sys/(?:class/dmi|devices/virtual/dmi|hypervisor)/"
    r"|^/proc/(?:1|2)/(?:cmdline|comm|status|cgroup|mountinfo|sched|exe)$"
    r"|^/proc/(?:self|thread-self)/status$"
    r"|^/\.dockerenv$|^/run/\.containerenv$|^/proc/(?:scsi/scsi|ioports|modules)$"
    r"|^/dev/(?:vboxguest|vport\w*|kvm)$|^/proc/xen"
)


def _key(word: str, event: Event) -> str | None:
    path = event.word("path")
    return path if word == "open" and _TELLING.search(path) else None


class RunLooksForSandbox(Detector[DetonationTrace]):
    """A model looks where it is before it does anything.

    ## What it looks for
    Reads of what tells a sandbox, a container or a virtual machine from a workstation: the
    machine's maker, other processes' command lines, marks of containers, the tracer of its own
    process, beyond what the loader reads by itself.

    ## Why it matters
    Code that looks around first behaves well while it is watched. What it did here is then no
    measure of what it does elsewhere.

    ## What to do
    Ask the publisher what for. Compare the runs under other users and hosts, and detonate it again
    in another tier.

    ## What it cannot see
    Looks that need no file: clocks, counts of processors, names of users.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET017"),
        slug="run-looks-for-sandbox",
        stage=Stage.NETWORK,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=(
            "CWE-506",
            "CWE-511",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        for act in acts(view, _key):
            path = act.event.word("path")
            yield told(type(self), act, f"looks at {path!r} {act.when()}", path=path)
