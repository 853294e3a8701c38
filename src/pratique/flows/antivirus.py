"""Every file sent to an antivirus, if one is named, and what it says of the very same bytes."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pratique.antivirus.clamd import BLOCK, Answer, Clamd, Status
from pratique.artifacts.sources.base import SourceFile
from pratique.core.errors import ArtifactError
from pratique.core.scan import FileReport, Inspection
from pratique.engine.antivirus import judged
from pratique.engine.handle import opened
from pratique.engine.repository import pinned
from pratique.flows.asked import Asked


def antivirus(asked: Asked) -> str:
    """Return the version of the antivirus that is asked, before anything is read; empty for none.

    Raises:
        MachineError: it does not answer, or has no signatures.
        UsageError: its address is none.

    """
    return Clamd(asked.clamd).version() if asked.clamd else ""


def with_antivirus(
    told: Inspection,
    listed: Sequence[SourceFile],
    files: Sequence[FileReport],
    by: tuple[Asked, str],
) -> Inspection:
    """Return `told` with what the antivirus of this version says of all files, if there is one."""
    asked, version = by
    if not version:
        return told
    daemon = Clamd(asked.clamd)
    answers = []
    for file, report in zip(listed, files, strict=True):
        answer = _asked(daemon, file, report)
        answers.append((file.path, answer.status.value, answer.says))
    said = pinned(judged(answers, version), files)
    return replace(
        told,
        findings=(*told.findings, *said.findings),
        receipts=(*told.receipts, *said.receipts),
    )


def _asked(daemon: Clamd, file: SourceFile, report: FileReport) -> Answer:
    digest = hashlib.sha256()
    try:
        with opened(file) as handle:
            answer = daemon.scan(_pieces(handle.fd, handle.size, digest), handle.size)
    except (ArtifactError, OSError) as e:
        return Answer(Status.UNSEEN, f"cannot be read: {e}")
    if answer.status is Status.CLEAN and f"sha256:{digest.hexdigest()}" != report.digest:
        return Answer(Status.UNSEEN, "the file changed meanwhile")
    return answer


def _pieces(fd: int, size: int, digest: "hashlib._Hash") -> Iterator[bytes]:
    at = 0
    while at < size:
        piece = os.pread(fd, min(BLOCK, size - at), at)
        if not piece:
            return
        digest.update(piece)
        at += len(piece)
        yield piece
