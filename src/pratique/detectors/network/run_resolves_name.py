"""NET002 run-resolves-name."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, name_of, told
from pratique.detectors.network.addresses import is_metadata


def _key(word: str, event: Event) -> str | None:
    name = name_of(event)
    return None if word != "dns" or is_metadata(name) else name or None


class RunResolvesName(Detector[DetonationTrace]):
    """A model asks for the address of a name when it is loaded or asked.

    ## What it looks for
    Questions to the name service, as the decoy that answers for every name was asked them. Names of
    cloud metadata services are NET004; a canary within a name is NET008.

    ## Why it matters
    A question for a name leaves the machine by way of every resolver in between, even where all
    connections are blocked: it tells the owner of the name that the model was loaded, and can carry
    data in the name itself.

    ## What to do
    Find out whose name it is. Do not load the model outside of a sandbox, and look for the name in
    your resolvers' logs.

    ## What it cannot see
    Names that are asked under a condition that was not tried, and names that a library of the
    system has already in its cache.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET002"),
        slug="run-resolves-name",
        stage=Stage.NETWORK,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-506",
            "CWE-829",
            "ATLAS:AML.T0025",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        for act in acts(view, _key):
            name = name_of(act.event)
            yield told(
                type(self),
                act,
                f"asks for the name {name[:100]!r} {act.when()}",
                name=name,
                kind=act.event.word("type"),
            )
