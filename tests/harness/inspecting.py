"""Run readers and rules in this process, over bytes that a test made itself."""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pratique.artifacts.blob import MemoryBlob, Scratch
from pratique.artifacts.laid import LAID, Laid, first
from pratique.artifacts.laid import told as laid_told
from pratique.artifacts.measures.user_rules import Source, UserRules, packed
from pratique.artifacts.reader import Budget, Subject
from pratique.artifacts.readers.catalog import READERS
from pratique.artifacts.traces import makers, trace_of
from pratique.artifacts.views import Repository, RepositoryFile
from pratique.core.fact import Fact
from pratique.core.finding import Finding
from pratique.core.limits import Limits
from pratique.core.receipt import Coverage, Receipt
from pratique.core.wire import decode, encode
from pratique.detectors.catalog import CATALOG
from pratique.engine.antivirus import judged
from pratique.engine.inspect import Account, Inspector


@dataclass(slots=True)
class Told:
    """What an inspection said."""

    findings: list[Finding] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    @property
    def rules(self) -> set[str]:
        return {f.rule for f in self.findings}

    @property
    def full(self) -> bool:
        return bool(self.receipts) and {r.coverage for r in self.receipts} == {Coverage.FULL}

    @property
    def not_full(self) -> list[Receipt]:
        return [r for r in self.receipts if r.coverage is not Coverage.FULL]

    def brief(self) -> list[list[object]]:
        """Return the findings as a snapshot holds them."""
        return [[f.rule, "!".join(f.at.chain), f.at.start, f.says] for f in self.findings]

    def add(self, item: Account) -> None:
        item = decode(json.loads(json.dumps(encode(item))))  # as it would cross the wire
        if isinstance(item, Finding):
            self.findings.append(item)
        elif isinstance(item, Receipt):
            self.receipts.append(item)
        else:
            self.facts.append(item)


def subject_of(
    body: bytes,
    limits: Limits | None = None,
    scratch_fd: int | None = None,
    laid: tuple[Laid, ...] = (),
) -> Subject:
    """Return a subject over bytes in memory."""
    limits = limits or Limits()
    scratch = Scratch(scratch_fd, limits.scratch_bytes)
    return Subject((), MemoryBlob(body), Budget(limits, len(body)), scratch, laid=laid)


def inspect_bytes(body: bytes, limits: Limits | None = None, laid: tuple[Laid, ...] = ()) -> Told:
    """Inspect one file's bytes with every reader and every rule."""
    told = Told()
    with tempfile.TemporaryFile() as scratch:
        subject = subject_of(body, limits, scratch.fileno(), laid)
        for item in Inspector(READERS, CATALOG).inspect(subject):
            told.add(item)
    return told


def inspect_ruled(sample: Mapping[str, str]) -> Told:
    """Inspect a sample: `rules` is a YARA file of the user's, `text` what is searched."""
    told = Told()
    by_user = UserRules(packed([Source("own.yar", sample["rules"])]))
    with tempfile.TemporaryFile() as scratch:
        subject = subject_of(sample["text"].encode(), scratch_fd=scratch.fileno())
        for item in Inspector(READERS, CATALOG, by_user=by_user).inspect(subject):
            told.add(item)
    return told


def inspect_answered(answers: Sequence[tuple[str, str, str]]) -> Told:
    """Inspect a sample: rows of a path, `clean`, `found` or `unseen`, and words."""
    told, said = Told(), judged([(a, b, c) for a, b, c in answers], "1.0/1")
    for finding in said.findings:
        told.add(finding)
    for receipt in said.receipts:
        told.add(receipt)
    return told


BESIDE = "//told.json"
"""In a tree: what the caller knows besides the files, `said` of the whole, `intended` of each."""


def inspect_tree(
    files: Mapping[str, bytes],
    limits: Limits | None = None,
    said: tuple[tuple[str, object], ...] = (),
) -> Told:
    """Inspect several files, then what rules say over the repository they make."""
    told, rows, files = Told(), [], dict(files)
    places: dict[str, tuple[Laid, ...]] = {}
    beside = json.loads(files.pop(BESIDE, b"{}"))
    said = (*said, *((kind, data) for kind, data in beside.get("said", ())))
    for path, body in sorted(files.items(), key=lambda row: not first(row[0])):
        one = inspect_bytes(body, limits, places.get(path, ()))
        for fact in one.facts:
            if fact.kind == LAID and not fact.chain:
                places |= laid_told(path, fact.data)
        told.findings += one.findings
        told.receipts += one.receipts
        facts = tuple((f.kind, f.chain, f.data) for f in one.facts)
        if path in beside.get("unopened", {}):
            facts = (*facts, ("unopened", (), beside["unopened"][path]))
        if path in beside.get("intended", {}):
            facts = (*facts, ("intended", (), beside["intended"][path]))
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        rows.append(RepositoryFile(path=path, digest=digest, size=len(body), facts=facts))
    view = Repository(files=tuple(rows), said=said, covered=1)
    for item in Inspector(READERS, CATALOG).judge((), 1, view):
        told.add(item)
    return told


def inspect_trace(body: bytes) -> Told:
    """Inspect a detonation, given as JSON, with every rule over such."""
    told, view = Told(), trace_of(body)
    made_by = makers(view.detonation)
    for item in Inspector(READERS, CATALOG).judge((), view.detonation.size, view, made_by):
        told.add(item)
    return told


def sample_bytes(path: Path) -> bytes | dict[str, bytes]:
    """Return a sample: bytes of a `.hex` file, or the files of a `.tree.json` one.

    A tree maps a path to hex text; lines of hex may be broken anywhere. A line `20*70000` repeats.
    """
    if path.name.endswith(".tree.json"):
        tree = json.loads(path.read_text())
        return {name: bytes.fromhex(body) for name, body in tree.items()}
    text = path.read_text()
    return b"".join(map(_line, text.split("\n"))) if "*" in text else bytes.fromhex(text)


def _line(text: str) -> bytes:
    """Return the bytes of a line of hex, which `*COUNT` may repeat."""
    body, _, count = text.partition("*")
    return bytes.fromhex(body) * int(count or 1)


def open_descriptors() -> int:
    """Return how many descriptors this process holds, to show that nothing leaks."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
