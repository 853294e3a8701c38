"""What rules over a whole repository are shown: every file's name, digest and facts, as JSON."""

import json
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pratique.artifacts.laid import LAID, MAX_FILES, MAX_TOLD, Laid, told
from pratique.artifacts.sources.base import Source, SourceFile
from pratique.core.errors import LimitExceededError
from pratique.core.fact import VIEWS, Fact
from pratique.core.finding import Digest
from pratique.core.limits import Limits
from pratique.core.scan import GRAVE, FileReport, Inspection, root_digest

Said = tuple[str, object]
"""The kind and the data of something that rules over the repository are told."""


def compared(expected: Digest, files: Sequence[FileReport]) -> dict[str, object]:
    """Return how an artifact's digest compares with the one that was expected.

    A single file is known by its own SHA-256, a folder by its root digest. An artifact with a file
    that could not be hashed has neither.
    """
    whole = root_digest((file.path, file.digest) for file in files)
    actual = files[0].digest if len(files) == 1 else whole
    hashed = all(file.digest for file in files)
    matches = hashed and expected in {actual, whole}
    return {"expected": expected, "actual": actual if hashed else "", "matches": matches}


def pinned(inspection: Inspection, files: Sequence[FileReport]) -> Inspection:
    """Return an inspection of the whole, each grave finding bound to the file that it names.

    One that names no file is bound to all of them.
    """
    digests = {file.path: file.digest for file in files}
    whole = root_digest((file.path, file.digest) for file in files)
    found = tuple(
        replace(f, bound=digests.get(f.at.chain[0], whole) if f.at.chain else whole)
        if f.severity >= GRAVE
        else f
        for f in inspection.findings
    )
    return replace(inspection, findings=found)


def outcome(data: object) -> str:
    """Return in a word how a check of what was intended came out."""
    if not isinstance(data, dict):
        return "unknown"
    held = data.get("matches", data.get("verified"))
    return "held" if held is True else "failed"


def bounded(source: Source, most: int) -> Iterator[SourceFile]:
    """Yield a source's files; one that cannot be opened stands for all those past the limit."""

    def refuse() -> int:
        raise LimitExceededError(f"more than {most} files; the rest was not read")

    for count, file in enumerate(source.files()):
        if count == most:
            yield SourceFile("(more files)", -1, refuse)
            return
        yield file


@dataclass(frozen=True, slots=True)
class _Row:
    """One file as repository rules see it: JSON of `size` bytes, packed; `cut` lacks facts."""

    path: str
    bare: bytes
    size: int
    packed: bytes
    cut: bool


class Rows:
    """Takes each file's facts out of its report, and keeps them in little room until all are read.

    A folder of many large documents has more facts than memory, so no more than
    `limits.repository_bytes` are held. Every method may be called from any thread.
    """

    def __init__(self, limits: Limits) -> None:
        self._most, self._held = limits.repository_bytes, 0
        self._rows: list[_Row] = []
        self._laid: dict[str, tuple[Laid, ...]] = {}
        self._room = MAX_TOLD
        self._lock = threading.Lock()

    def take(self, report: FileReport) -> FileReport:
        """Keep a file's row; return its report without facts."""
        bare = _row(report, ())
        whole = _row(report, report.inspection.facts)
        packed = zlib.compress(whole, 1)
        with self._lock:
            fits = self._held + len(packed) <= self._most
            row = _Row(report.path, bare, len(whole), packed, _was_cut(report))
            for fact in report.inspection.facts:
                if fact.kind == LAID and not fact.chain:
                    self._note_laid(report.path, fact)
            if not fits:
                row = _Row(report.path, bare, len(bare), zlib.compress(bare, 1), cut=True)
            self._held += len(row.packed)
            self._rows.append(row)
        return replace(report, inspection=replace(report.inspection, facts=()))

    def _note_laid(self, path: str, fact: Fact) -> None:
        for name, laid in told(path, fact.data):
            if len(self._laid) < MAX_FILES and self._room >= len(laid):
                self._room -= len(laid)
                self._laid[name] = laid

    def laid(self, path: str) -> tuple[Laid, ...]:
        """Return what a file that was taken before says that the one at `path` holds."""
        return self._laid.get(path, ())

    def descriptor(self, said: Sequence[Said]) -> Iterator[bytes]:
        """Yield the JSON, in pieces, that a worker makes a `Repository` of.

        A file whose facts do not fit into `limits.repository_bytes` is listed without them, and
        then `partial` says so: each rule's receipt will not be full.
        """
        yield f'{{"said": {json.dumps(said)}, "files": ['.encode()
        room, lost, first = self._most, [], True
        for row in sorted(self._rows, key=lambda r: r.path):
            fits = row.size <= room
            body = zlib.decompress(row.packed) if fits else row.bare
            if row.cut or not fits:
                lost.append(row.path)
            room -= len(body)
            yield body if first else b"," + body
            first = False
        why = f"the facts of {lost[0]!r} and {len(lost) - 1} more were too many" if lost else ""
        yield f'], "partial": {json.dumps(why)}}}'.encode()


def _row(file: FileReport, facts: Sequence[Fact]) -> bytes:
    shown = [[f.kind, f.chain, f.data] for f in facts if f.kind != VIEWS]
    row = {"path": file.path, "digest": file.digest, "size": file.size, "facts": shown}
    return json.dumps(row).encode()


def _was_cut(file: FileReport) -> bool:
    for fact in file.inspection.facts:
        if fact.kind == VIEWS and isinstance(fact.data, dict):
            return bool(fact.data.get("cut"))
    return False
