"""What an attempt promises, what was seen of it, and the verdict: what is not known is open."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

_CATALOGUE = "pratique.sandbox.guest.escape.catalogue"
_INSIDE = "the kernel's answer inside"
_SAYS_MOST = 160
_ANSWER_S = 60.0


class Verdict(StrEnum):
    """What became of an attempt in a sandbox."""

    CONTAINED = "contained"
    OPEN = "open"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Promise:
    """What is known of an attempt without making it; guest/escape/attempt.py tells the fields."""

    name: str
    group: str
    contained: str
    judged: str
    alone: bool
    ends: tuple[str, ...]
    deadline_s: float
    local: str
    machine: str


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on one attempt: `says` is what it rests on."""

    attempt: str
    group: str
    verdict: Verdict
    says: str
    seconds: float = 0.0


@dataclass(slots=True)
class Seen:
    """What came of one inmate.

    `told` are its frames by attempt, `harm` what was seen outside by attempt ("" is for all of
    them), `begun` the last attempt that it began, `ended` the word of the error that ended it.
    """

    told: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    harm: dict[str, str] = field(default_factory=dict)
    begun: str = ""
    ended: str = ""
    says: str = ""


def catalogue() -> tuple[Promise, ...]:
    """Return what each attempt promises, asked of a program: nothing here imports a guest."""
    asked = subprocess.run(
        [sys.executable, "-B", "-m", _CATALOGUE],
        capture_output=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parent.parent.parent.parent)},
        timeout=_ANSWER_S,
    )
    names = Promise.__dataclass_fields__
    rows = ({n: v for n, v in row.items() if n in names} for row in json.loads(asked.stdout))
    return tuple(Promise(**row | {"ends": tuple(row["ends"])}) for row in rows)


def judge(one: Promise, seen: Seen, *, own_kernel: bool) -> tuple[Verdict, str]:
    """Return the verdict on an attempt and what it rests on.

    With `own_kernel` the inmate had a kernel that is not the host's: what it did to that one, and
    nobody saw outside, is no escape and no proof of containment either.
    """
    harm = seen.harm.get(one.name) or seen.harm.get("")
    told = seen.told.get(one.name)
    if harm:
        return Verdict.OPEN, harm[:_SAYS_MOST]
    if told is None:
        return _untold(one, seen)
    says = str(told.get("says"))[:_SAYS_MOST]
    if told.get("ended") not in ("refused", "let"):
        return Verdict.OPEN, f"unknown: {says}"
    if one.judged == _INSIDE and told.get("ended") == "let":
        if own_kernel and one.local:
            return Verdict.NOT_APPLICABLE, one.local
        return Verdict.OPEN, says
    return Verdict.CONTAINED, says if told.get("ended") == "refused" else f"no effect: {says}"


def _untold(one: Promise, seen: Seen) -> tuple[Verdict, str]:
    """Judge an attempt of which the inmate has told no end."""
    if seen.begun == one.name and seen.ended in one.ends:
        return Verdict.CONTAINED, f"ended by {seen.ended}: {seen.says}"[:_SAYS_MOST]
    if seen.begun == one.name and not seen.ended and one.group == "channel":
        return Verdict.CONTAINED, "its answer ended, and nothing more"
    return Verdict.OPEN, f"unknown: the inmate ended: {seen.ended} {seen.says}"[:_SAYS_MOST]
