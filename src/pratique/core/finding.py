"""What a rule says, where, how bad it is and how sure."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NewType

RuleId = NewType("RuleId", str)
"""Three letters of the stage and three digits, such as `MAL001`; never reused."""

Digest = NewType("Digest", str)
"""`sha256:` and 64 lower-case hex digits."""


class Severity(IntEnum):
    """How bad it is if the finding is true."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Confidence(IntEnum):
    """How likely the finding is true."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


class Stage(StrEnum):
    """The parts of an inspection; a stage without any rule is reported as absent."""

    MALWARE = "malware"
    VULNERABILITIES = "vulnerabilities"
    BACKDOORS = "backdoors"
    NETWORK = "network"
    INTEGRITY = "integrity"
    TENSORS = "tensors"
    SECRETS = "secrets"


@dataclass(frozen=True, slots=True)
class Span:
    """Where in one file: the chain of members, then bytes `start` to `end` of the last one.

    `chain` is empty for the file itself. `tensor` and `line` (1-based; 0 is none) say it in the
    words a person looks for.
    """

    chain: tuple[str, ...] = ()
    start: int = 0
    end: int = 0
    tensor: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The card of one rule; everything a page, a policy or SARIF needs."""

    id: RuleId
    slug: str
    stage: Stage
    severity: Severity
    confidence: Confidence
    refs: tuple[str, ...]
    since: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One true-or-false claim about one place in one artifact.

    `evidence` is a sorted tuple of (word, value) pairs, each value at most 500 characters. `bound`
    is the digest of the bytes that a grave finding was made in; the parent fills it in.
    """

    rule: RuleId
    severity: Severity
    confidence: Confidence
    at: Span
    says: str
    evidence: tuple[tuple[str, str], ...] = ()
    bound: str = ""
