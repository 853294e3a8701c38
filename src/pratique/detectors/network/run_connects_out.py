"""NET001 run-connects-out."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event, Run
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, deed, place, told
from pratique.detectors.network.addresses import (
    address_of,
    is_local,
    is_metadata,
    is_resolving,
    is_unix,
    numeric,
    peer,
)

_VERB = {"connect": "connects to", "sendto": "sends to", "received": "sends data to"}


def _key(word: str, event: Event) -> str | None:
    if word in _VERB and is_unix(event) and event.word("path").startswith("/model/"):
        return event.word("path")
    if word not in _VERB or is_unix(event) or is_resolving(event):
        return None
    if event.word("unreadable"):
        return "unreadable"
    address = address_of(event)
    if not address or is_metadata(address) or is_metadata(event.word("name")):
        return None
    # ports of the machine itself are one finding: a flood of them says no more
    return "" if is_local(address) else peer(event)


def _asked(run: Run) -> bool:
    return any(event.call == "dns" for event in run.events)


def _looks(event: Event) -> bool:
    return event.call in _VERB and is_resolving(event)


class RunConnectsOut(Detector[DetonationTrace]):
    """A model connects to the network when it is loaded or asked.

    ## What it looks for
    Connections, datagrams and listening decoys that were sent something, to any address outside of
    the machine; to the machine itself as a high finding. Addresses at which clouds hand out
    credentials are NET004.

    ## Why it matters
    Weights have no reason to talk to anybody. Whoever is at that address learns that the model was
    loaded, by whom and where, and can send back what runs next.

    In the sandbox nothing answers but a decoy, so what is seen is the attempt: a real machine would
    have been reached.

    ## What to do
    Do not load the model outside of a sandbox. Look for the address in your network's logs for
    every machine that did, and take each that shows it as compromised.

    ## What it cannot see
    Traffic under a condition that was not tried, and channels that are no sockets, such as timing.
    An address is read while the call waits: another thread can show another than the kernel uses.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET001"),
        slug="run-connects-out",
        stage=Stage.NETWORK,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-506",
            "CWE-829",
            "ATLAS:AML.T0025",
            "ATLAS:AML.T0011.000",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        for act in acts(view, _key):
            event, where = act.event, peer(act.event)
            local = is_local(address_of(event))
            yield told(
                type(self),
                act,
                f"{_VERB[deed(event)]} {where or 'an address'} {act.when()}",
                Severity.HIGH if local else None,
                address=numeric(event),
                name=event.word("name"),
                first_bytes=act.preview,
            )
        yield from self._unasked(view)

    def _unasked(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report connections to the resolver, or to no port, where no decoy was asked for a name.

        What a call's pointer led to may be changed while the call waits. These two addresses are
        what a liar would show, since they are otherwise left to the rule about names.
        """
        odd = [(run, e) for run in view.runs if not _asked(run) for e in run.events if _looks(e)]
        for run, event in odd[:1]:
            yield self.finding(
                place(run),
                "connects to the resolver and asks for no name",
                severity=Severity.HIGH,
                address=numeric(event),
                conditions=", ".join(sorted({one.condition.name for one, _ in odd})),
                loader=f"{run.loader}@{run.version}",
            )
