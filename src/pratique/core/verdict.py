"""What may happen to an artifact next, and why."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What may happen to the artifact next; the first that applies wins, worst first."""

    REJECT = "reject"
    REVIEW = "review"
    INCOMPLETE = "incomplete"
    ADMIT = "admit"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How one `require:` line of a policy pack came out."""

    id: str
    held: bool
    reason: str
    otherwise: Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """A policy's answer: the verdict, every line that led to it, and what it was decided on."""

    verdict: Verdict
    pack: str
    pack_digest: str
    input_digest: str
    results: tuple[RuleResult, ...]
    waived: tuple[str, ...] = ()
