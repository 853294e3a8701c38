"""Findings, receipts and facts as JSON objects and back; the way back trusts nothing.

A worker that has parsed hostile bytes may be hostile: each field is checked for type and size, and
text is cut, before anything of it becomes one of our words.
"""

from collections.abc import Mapping
from typing import Any

from pratique.core.errors import BugError
from pratique.core.fact import Fact
from pratique.core.finding import Confidence, Finding, RuleId, Severity, Span
from pratique.core.receipt import Coverage, Receipt

MAX_TEXT = 2_000
MAX_CHAIN = 16
MAX_READERS = 32
MAX_EVIDENCE = 16
MAX_INT = 1 << 62


def encode(item: Finding | Receipt | Fact) -> dict[str, Any]:
    """Return the JSON object of one finding, receipt or fact."""
    if isinstance(item, Finding):
        at = item.at
        span = [list(at.chain), at.start, at.end, at.tensor, at.line]
        return {
            "finding": item.rule,
            "severity": int(item.severity),
            "confidence": int(item.confidence),
            "at": span,
            "says": item.says[:MAX_TEXT],
            "evidence": [[k, v[:MAX_TEXT]] for k, v in item.evidence[:MAX_EVIDENCE]],
        }
    if isinstance(item, Receipt):
        return {
            "receipt": item.rule,
            "version": item.version,
            "chain": list(item.chain),
            "readers": list(item.readers),
            "size": item.size,
            "covered": item.covered,
            "coverage": item.coverage.value,
            "why": item.why[:MAX_TEXT],
        }
    return {"fact": item.kind, "chain": list(item.chain), "data": item.data}


def decode(frame: Mapping[str, Any]) -> Finding | Receipt | Fact:
    """Return the word that a JSON object stands for.

    Raises:
        BugError: the object is of none of the three shapes, or a field is out of bounds.

    """
    try:
        if "finding" in frame:
            return _finding(frame)
        if "receipt" in frame:
            return _receipt(frame)
        return Fact(_text(frame["fact"]), _chain(frame["chain"]), frame["data"])
    except (KeyError, TypeError, ValueError) as e:
        raise BugError(f"a worker answered out of shape: {e!r}"[:MAX_TEXT]) from e


def _finding(frame: Mapping[str, Any]) -> Finding:
    chain, start, end, tensor, line = frame["at"]
    at = Span(_chain(chain), _count(start), _count(end), _text(tensor), _count(line))
    pairs = frame["evidence"]
    if not isinstance(pairs, list) or len(pairs) > MAX_EVIDENCE:
        raise ValueError("evidence")
    return Finding(
        RuleId(_text(frame["finding"])),
        Severity(_count(frame["severity"])),
        Confidence(_count(frame["confidence"])),
        at,
        _text(frame["says"]),
        tuple((_text(k), _text(v)) for k, v in pairs),
    )


def _receipt(frame: Mapping[str, Any]) -> Receipt:
    return Receipt(
        RuleId(_text(frame["receipt"])),
        _count(frame["version"]),
        _chain(frame["chain"]),
        _chain(frame["readers"], MAX_READERS),
        _count(frame["size"]),
        _count(frame["covered"]),
        Coverage(_text(frame["coverage"])),
        _text(frame["why"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError(f"not a text of at most {MAX_TEXT} characters")
    return value


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_INT:
        raise ValueError("not a count")
    return value


def _chain(value: object, most: int = MAX_CHAIN) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError("not a chain")
    return tuple(_text(part) for part in value)
