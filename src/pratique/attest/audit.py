"""Audit records: what was done, by whom and to what; each names the one before it by its digest.

A record is one line of JSON, spelt in one way only. Lines are entries of a transparency log too: a
signed checkpoint over the first N of them says that none was changed, left out or put in since.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pratique.attest.strict_json import COUNT, HEX, MOMENT, Of, conform, parse, text
from pratique.attest.tlog import merkle
from pratique.attest.tlog.note import Checkpoint
from pratique.attest.tlog.tiles import MAX_ENTRY
from pratique.core.errors import EvidenceError

FIRST: Final = "0" * 64
"""What stands in the place of a digest where there is no record before."""
_NAME: Final = text(300, least=1)
_VERB = re.compile(r"[a-z][a-z-]{0,30}(?:\.[a-z][a-z-]{0,30}){0,3}")
_SHAPE: Final = {
    "actor": _NAME,
    "at": MOMENT,
    "before": HEX,
    "detail": Of("an object", lambda v: isinstance(v, dict)),
    "number": COUNT,
    "object": _NAME,
    "tenant": _NAME,
    "verb": Of("a verb such as `model.submit`", lambda v: isinstance(v, str) and _fits(v)),
}


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that was done.

    `number` counts from 0, `at` is a moment in UTC to the second, `actor` and `object` are
    `kind:id`, `verb` is such as `model.submit`, `before` the digest of the record before. `detail`
    holds texts, whole numbers, lists and objects; never a secret, for records are handed out.
    """

    number: int
    at: str
    tenant: str
    actor: str
    verb: str
    object: str
    before: str = FIRST
    detail: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> bytes:
        """Return the record as its one line, without a line's end.

        Raises:
            EvidenceError: a field is out of shape, or the line longer than a log's entry.

        """
        told = {name: getattr(self, name) for name in _SHAPE}
        told["detail"] = dict(self.detail)
        conform(told, _SHAPE, f"audit record {self.number}")
        try:
            line = _spelt(told)
        except (TypeError, ValueError, RecursionError) as e:
            raise EvidenceError(f"audit record {self.number}: {e}"[:300]) from e
        if len(line) > MAX_ENTRY:
            raise EvidenceError(f"audit record {self.number}: longer than {MAX_ENTRY} bytes")
        parse(line, f"audit record {self.number}", MAX_ENTRY)  # what cannot be read is not kept
        return line

    def digest(self) -> str:
        """Return the hex SHA-256 by which the next record names this one."""
        return hashlib.sha256(self.line()).hexdigest()


@dataclass(frozen=True, slots=True)
class Audited:
    """What a run over records showed: how many there are, and up to which one it is signed."""

    records: int
    signed: int
    last: str
    root: bytes


def read(line: bytes) -> Record:
    """Return the record that a line is.

    Raises:
        EvidenceError: it is none, or spelt in another way than `Record.line` does.

    """
    told = parse(line, "audit record", MAX_ENTRY)
    conform(told, _SHAPE, "audit record")
    if _spelt(told) != line:
        raise EvidenceError(f"audit record {told['number']}: spelt in another way than it is kept")
    return Record(**told)


def follow(lines: Iterable[bytes]) -> Iterator[tuple[Record, bytes]]:
    """Yield (record, line) of lines that follow one another from the first record on.

    Raises:
        EvidenceError: at the first line that is no record, or does not follow the one before.

    """
    before, number = FIRST, 0
    for line in lines:
        record = read(line)
        if record.number != number:
            raise EvidenceError(f"audit record {number} is missing: {record.number} stands there")
        if record.before != before:
            raise EvidenceError(f"audit record {number} does not follow the one before it")
        yield record, line
        before, number = hashlib.sha256(line).hexdigest(), number + 1


def verify(lines: Iterable[bytes], checkpoints: Iterable[Checkpoint] = ()) -> Audited:
    """Make sure that lines are an unbroken chain, and that each checkpoint is over its beginning.

    Whoever holds only the lines can forge all of them: what is signed is what checkpoints cover.

    Raises:
        EvidenceError: a line is missing, changed or out of order, a checkpoint is over other
            lines, or over more than there are.

    """
    due = sorted(checkpoints, key=lambda one: one.size)
    tree, last, signed = merkle.Growing(), FIRST, 0
    signed = _checked(tree, due, signed)
    for _, line in follow(lines):
        tree.add(merkle.leaf(line))
        last = hashlib.sha256(line).hexdigest()
        signed = _checked(tree, due, signed)
    if due:
        raise EvidenceError(
            f"a checkpoint is over {due[0].size} audit records; there are {tree.size}"
        )
    return Audited(tree.size, signed, last, tree.root())


def _checked(tree: merkle.Growing, due: list[Checkpoint], signed: int) -> int:
    """Take the checkpoints that are due at this size; return up to where it is signed now."""
    while due and due[0].size == tree.size:
        if due.pop(0).root != tree.root():
            raise EvidenceError(f"the checkpoint over {tree.size} audit records is over others")
        signed = tree.size
    return signed


def _spelt(told: object) -> bytes:
    return json.dumps(
        told, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _fits(verb: str) -> bool:
    return _VERB.fullmatch(verb) is not None
