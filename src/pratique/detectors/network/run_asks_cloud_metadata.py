"""NET004 run-asks-cloud-metadata."""

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, deed, name_of, told
from pratique.detectors.network.addresses import address_of, is_metadata, peer, spelled


def _key(decoys: frozenset[str], word: str, event: Event) -> str | None:
    if word == "dns":
        name = name_of(event)
        return name if is_metadata(name) else None
    address = address_of(event)
    if word not in {"connect", "sendto", "received"}:
        return None
    return address if is_metadata(address) or address in decoys else None


class RunAsksCloudMetadata(Detector[DetonationTrace]):
    """A model asks a cloud's metadata service, which hands out credentials.

    ## What it looks for
    Connections, datagrams and questions for names that lead to the metadata services of AWS, Azure,
    Google Cloud, Oracle, Alibaba and others, or to a decoy that stands for one.

    ## Why it matters
    In a cloud that address answers every process of the machine with the machine's own credentials.
    Nothing but malware and the cloud's own tools asks for them.

    ## What to do
    Do not load the model. If it was loaded in a cloud, revoke the credentials of that machine's
    role now, then look at what they were used for.

    ## What it cannot see
    Requests that go through a proxy of the machine.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET004"),
        slug="run-asks-cloud-metadata",
        stage=Stage.NETWORK,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-918",
            "CWE-522",
            "ATLAS:AML.T0055",
            "ATLAS:AML.T0025",
            "OWASP-LLM:2025-LLM02",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        decoys = frozenset(spelled(d.name) for d in view.detonation.decoys if d.kind == "address")
        for act in acts(view, partial(_key, decoys)):
            where = name_of(act.event) if deed(act.event) == "dns" else peer(act.event)
            yield told(
                type(self),
                act,
                f"asks {where} for a cloud's credentials {act.when()}",
                address=where,
                first_bytes=act.preview,
            )
