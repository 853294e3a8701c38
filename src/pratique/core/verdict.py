"""What may happen to an artifact next, and why."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pratique.core.finding import Severity


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Leave to keep a finding for a while: which, where, why, by whose word and until when.

    It names either a `rule` or the `fingerprint` of one finding. A waiver that lacks its reason,
    approver or expiry, or whose day has passed, has no effect.
    """

    rule: str = ""
    fingerprint: str = ""
    path: str = "**"
    reason: str = ""
    approver: str = ""
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A policy's answer: the verdict, every line that led to it, and what it was decided on.

    `threshold` is the severity that findings were counted from: the pack's, or the caller's.
    `waived` are the fingerprints of findings that were left out of the count, `waivers` what let
    them out, `ignored` one sentence for each waiver that had no effect.
    """

    verdict: Verdict
    pack: str
    pack_digest: str
    input_digest: str
    results: tuple[RuleResult, ...]
    threshold: Severity
    waived: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    ignored: tuple[str, ...] = ()
