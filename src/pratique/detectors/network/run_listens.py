"""NET003 run-listens."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, deed, told
from pratique.detectors.network.addresses import is_unix, peer


def _key(word: str, event: Event) -> tuple[str, str] | None:
    if word not in {"bind", "listen", "accept"}:
        return None
    return ("bind" if word == "bind" else "listen", event.word("path") or peer(event))


class RunListens(Detector[DetonationTrace]):
    """A model waits for connections when it is loaded or asked.

    ## What it looks for
    Ports that are bound, listened on or accepted from, and sockets in the file system that others
    could connect to.

    ## Why it matters
    A port that a model opens is a way in for whoever can reach the machine, and needs no connection
    outwards that a firewall would stop.

    ## What to do
    Do not load the model outside of a sandbox. On machines that did, look for the open port and for
    who connected.

    ## What it cannot see
    Ports that are opened under a condition that was not tried.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET003"),
        slug="run-listens",
        stage=Stage.NETWORK,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-506",
            "CWE-1327",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        for act in acts(view, _key):
            where = act.event.word("path") if is_unix(act.event) else peer(act.event)
            verb = "binds" if deed(act.event) == "bind" else "waits for connections at"
            yield told(
                type(self),
                act,
                f"{verb} {where or 'a port'} {act.when()}",
                Severity.MEDIUM if is_unix(act.event) else None,
                address=where,
            )
