"""What rules over a whole repository are shown: every file's name, digest and facts, as JSON."""

import json
from collections.abc import Sequence
from typing import Any

from pratique.artifacts.sources.base import SourceFile
from pratique.core.errors import LimitExceededError
from pratique.core.fact import VIEWS
from pratique.core.finding import Digest
from pratique.core.limits import Limits
from pratique.core.scan import FileReport, root_digest

Said = tuple[str, object]


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


def outcome(data: object) -> str:
    """Return in a word how a check of what was intended came out."""
    if not isinstance(data, dict):
        return "unknown"
    held = data.get("matches", data.get("verified"))
    return "held" if held is True else "failed"


def too_many(most: int) -> SourceFile:
    """Return the file that stands for all those past the limit: it cannot be opened."""

    def refuse() -> int:
        raise LimitExceededError(f"more than {most} files; the rest was not read")

    return SourceFile("(more files)", -1, refuse)


def descriptor(files: Sequence[FileReport], said: Sequence[Said], limits: Limits) -> bytes:
    """Return the JSON bytes that a worker makes a `Repository` of.

    A file whose facts do not fit into `limits.repository_bytes` is listed without them, and then
    `partial` says so: each rule's receipt will not be full.
    """
    rows: list[str] = []
    room, cut = limits.repository_bytes, []
    for file in sorted(files, key=lambda f: f.path):
        row = _row(file, file.inspection.facts)
        if len(row) > room:
            cut.append(file.path)
            row = _row(file, ())
        elif _was_cut(file):
            cut.append(file.path)
        room -= len(row)
        rows.append(row)
    why = f"the facts of {cut[0]!r} and {len(cut) - 1} more files were too many" if cut else ""
    body = f'{{"partial": {json.dumps(why)}, "said": {json.dumps(said)}, "files": ['
    return (body + ",".join(rows) + "]}").encode()


def _row(file: FileReport, facts: Sequence[Any]) -> str:
    told = [[f.kind, f.chain, f.data] for f in facts if f.kind != VIEWS]
    row = {"path": file.path, "digest": file.digest, "size": file.size, "facts": told}
    return json.dumps(row)


def _was_cut(file: FileReport) -> bool:
    for fact in file.inspection.facts:
        if fact.kind == VIEWS and isinstance(fact.data, dict):
            return bool(fact.data.get("cut"))
    return False
