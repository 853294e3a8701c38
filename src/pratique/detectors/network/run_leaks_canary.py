"""NET008 run-leaks-canary."""

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import HEARSAY, acts, deed, told
from pratique.detectors.network.addresses import peer
from pratique.detectors.network.canaries import LEAST, Search

_OUT = {
    "sendto": "sends",
    "received": "sends",
    "connect": "sends",
    "dns": "asks for a name that holds",
    "execve": "hands to a program",
    "open": "names a file after",
    "rename": "names a file after",
    "link": "names a file after",
    "symlink": "names a file after",
    "mkdir": "names a folder after",
    "audit": "hands on",
}


def _key(search: Search, word: str, event: Event) -> tuple[str, bool] | None:
    name = search.found(event) if word in _OUT else None
    return (name, event.source == HEARSAY) if name else None


class RunLeaksCanary(Detector[DetonationTrace]):
    """A secret that was planted leaves the sandbox when a model is loaded or asked.

    ## What it looks for
    The canary texts of planted files and environment variables, in anything that was sent to a
    decoy, in names that were asked for, in arguments of programs and in names of files: as they
    are, backwards, and in hexadecimal, base64, base32 or percent signs, whole or in pieces.

    ## Why it matters
    This is theft, seen from end to end: it was read, and it was sent away.

    ## What to do
    Do not load the model. Change every key and token that a machine that loaded it could read, then
    look for the address in your network's logs.

    ## What it cannot see
    Text that was encrypted or compressed before it left; that it was read, NET007 sees.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET008"),
        slug="run-leaks-canary",
        stage=Stage.NETWORK,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-200",
            "CWE-506",
            "ATLAS:AML.T0025",
            "ATLAS:AML.T0055",
            "OWASP-LLM:2025-LLM02",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        decoys = [d for d in view.detonation.decoys if len(d.value) >= LEAST]
        search = Search(decoys)
        found = [
            (act, search.found(act.event) or "", (act.run.loader, act.run.target))
            for act in acts(view, partial(_key, search))
        ]
        certain = {(pair, name) for act, name, pair in found if not act.hearsay}
        for act, name, pair in found:
            if act.hearsay and (pair, name) in certain:
                continue  # it was seen to leave
            yield told(
                type(self),
                act,
                f"{_OUT[deed(act.event)]} what was planted as {name!r} {act.when()}",
                decoy=name,
                address=peer(act.event),
                first_bytes=act.event.word("preview"),
                argv=act.event.word("argv"),
                name=act.event.word("name"),
                path=act.event.word("path"),
            )
