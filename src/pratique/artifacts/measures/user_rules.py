"""The user's own YARA rules over a subject's bytes.

They are compiled before a worker is locked: compiling makes code. What a rule's `meta` says of
`severity` and `description` goes into the finding; includes are off, so that a rule names no file.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pratique.artifacts.blob import Blob
from pratique.artifacts.views import UserMatch, UserMatches
from pratique.core.errors import UsageError
from pratique.core.limits import MiB

MOST_WHOLE = 256 * MiB
"""A larger subject is searched in windows of this size, which rules over a whole file may miss."""
OVERLAP = MiB
MAX_MATCHES = 200
MAX_PLACES = 1_000
SEVERITIES = frozenset({"info", "low", "medium", "high", "critical"})


@dataclass(frozen=True, slots=True)
class Source:
    """One file of rules: its name, as errors and findings tell it, and its text."""

    name: str
    text: str


def packed(sources: Sequence[Source]) -> bytes:
    """Return rules as bytes for `unpacked`, the same for the same rules in whatever order."""
    rows = sorted((one.name, one.text) for one in sources)
    return json.dumps(rows).encode()


def unpacked(body: bytes) -> list[Source]:
    """Return what `packed` was given."""
    return [Source(name, text) for name, text in json.loads(body)]


def digest(body: bytes) -> str:
    """Return what names packed rules in keys and receipts."""
    return hashlib.sha256(body).hexdigest()


def compiled(sources: Sequence[Source]) -> Any:  # noqa: ANN401 - yara_x is imported late
    """Return the rules of all sources, each in a namespace of its own.

    Raises:
        UsageError: rules are broken; every broken file is named with what is wrong in it.

    """
    import yara_x  # noqa: PLC0415 - most scans have no such rules

    compiler, wrong = yara_x.Compiler(), []
    compiler.enable_includes(False)  # noqa: FBT003 - its only parameter
    for source in sources:
        compiler.new_namespace(source.name)
        try:
            compiler.add_source(source.text, origin=source.name)
        except (yara_x.CompileError, ValueError) as e:
            wrong.append(_wrong(compiler.errors(), source, e))
    if wrong:
        raise UsageError("--rules: " + "; ".join(wrong))
    return compiler.build()


def _wrong(errors: Sequence[Any], source: Source, error: Exception) -> str:
    """Say in one line what is wrong in a file, and where."""
    own = [told for told in errors if _origin(told) == source.name]
    if not own:
        return f"{source.name}: {str(error).strip().splitlines()[0]}"
    labels = [label["text"] for label in own[0]["labels"][:1]]
    words = ": ".join([own[0]["title"], *labels])
    at = own[0] if "line" in own[0] else own[0]["labels"][0]
    return f"{source.name} line {at['line']} column {at['column']}: {words}"


def _origin(told: Mapping[str, Any]) -> str:
    labels = told.get("labels") or [{}]
    return str(told.get("code_origin") or labels[0].get("code_origin", ""))


class UserRules:
    """Compiled rules, ready to search in a locked process.

    Without a time limit of its own: yara-x would start a thread for it, and the file's deadline
    ends the worker anyway.
    """

    def __init__(self, body: bytes) -> None:
        import yara_x  # noqa: PLC0415 - as above

        self.name = f"user-rules@{digest(body)[:16]}"
        self._scanner = yara_x.Scanner(compiled(unpacked(body)))
        self._scanner.max_matches_per_pattern(MAX_PLACES)
        self._scanner.scan(b"warm")

    def search(self, blob: Blob) -> UserMatches:
        """Return what matches in a subject; `partial` where rules did not see it whole."""
        found: dict[tuple[str, str], UserMatch] = {}
        partial = ""
        for start in range(0, max(1, blob.size), MOST_WHOLE):
            begin = max(0, start - OVERLAP)
            window = blob.read(begin, min(blob.size, start + MOST_WHOLE) - begin)
            for rule in self._scanner.scan(window).matching_rules:
                found.setdefault((rule.namespace, rule.identifier), _match(rule, begin))
        if blob.size > MOST_WHOLE:
            partial = f"rules saw pieces of {MOST_WHOLE // MiB} MiB, not the whole"
        if len(found) > MAX_MATCHES:
            partial = f"more than {MAX_MATCHES} of the user's rules match"
        return UserMatches(
            matches=tuple(found.values())[:MAX_MATCHES], covered=blob.size, partial=partial
        )


def _match(rule: Any, base: int) -> UserMatch:  # noqa: ANN401 - a rule of yara_x
    places = [(m.offset, m.length) for pattern in rule.patterns for m in pattern.matches]
    at, length = min(places, default=(0, 0))
    meta = {name: value for name, value in rule.metadata if isinstance(value, str)}
    severity = meta.get("severity", "").lower()
    return UserMatch(
        file=rule.namespace[:200],
        rule=rule.identifier[:200],
        severity=severity if severity in SEVERITIES else "high",
        says=meta.get("description", "")[:300],
        tags=tuple(str(tag)[:100] for tag in rule.tags)[:20],
        at=base + at,
        length=length,
    )
