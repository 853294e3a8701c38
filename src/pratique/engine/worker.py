"""What runs inside a jailed worker: a descriptor and a request in, bounded JSON frames out."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import chain
from typing import Any

from pratique.artifacts.blob import FdBlob, Scratch
from pratique.artifacts.laid import laid_of
from pratique.artifacts.measures.user_rules import UserRules
from pratique.artifacts.reader import Budget, Subject
from pratique.artifacts.readers.catalog import READERS
from pratique.artifacts.traces import makers, trace_of
from pratique.artifacts.views import Repository, RepositoryFile
from pratique.core.limits import Limits, MiB
from pratique.core.wire import encode
from pratique.detectors.catalog import CATALOG
from pratique.engine.inspect import Account, Inspector, inventory
from pratique.patterns import literals

Send = Callable[[Mapping[str, Any]], None]

PROGRESS_STEP = 32 * MiB
_BY_USER: list[UserRules] = []
"""The user's own rules, if a scan has any: one entry at most."""


def warm() -> None:
    """Import and compile, before lockdown, all that needs files, threads or new code."""
    from pratique.advisories import overlay  # noqa: PLC0415 - the zygote's own moment
    from pratique.artifacts.measures import one_pass  # noqa: PLC0415

    one_pass.warm()
    literals.warm()
    overlay.entries()  # a file of ours, which a locked worker cannot open
    for reader in READERS:
        reader.warm()


def given(body: bytes) -> None:
    """Compile, before lockdown, the user's own rules."""
    _BY_USER[:] = [UserRules(body)]


def serve(request: Mapping[str, Any], fds: Sequence[int], send: Send) -> None:
    """Answer one request with frames of findings, receipts, facts and progress.

    `request` is `{"do": "file", "size": bytes, "rules": [ids] or null, "limits": {...}}` with the
    file's and the scratch descriptor, and `laid` where a file beside it tells what it holds; or
    `{"do": "repository", ...}` with one descriptor that holds the JSON
    `{"files": [...], "said": [...]}` of every file's facts and of what was intended, or
    `{"do": "trace", ...}` with one that holds a detonation (core/trace_json.py).
    """
    limits = Limits(**{f.name: int(request["limits"][f.name]) for f in fields(Limits)})
    wanted = request.get("rules")
    chosen = [make for make in CATALOG if wanted is None or make.rule.id in wanted]
    pending = 0

    def progress(count: int) -> None:
        nonlocal pending
        pending += count
        if pending >= PROGRESS_STEP:
            send({"progress": pending})
            pending = 0

    inspector = Inspector(READERS, chosen, progress, next(iter(_BY_USER), None))
    size = int(request["size"])
    if request["do"] == "repository":
        view = _repository(fds[0], size)
        account: Iterator[Account] = chain(inspector.judge((), size, view), inventory(view))
    elif request["do"] == "trace":
        trace = trace_of(FdBlob(fds[0], 0, size).read(0, size))
        account = inspector.judge((), trace.detonation.size, trace, makers(trace.detonation))
    else:
        scratch = Scratch(fds[1] if len(fds) > 1 else None, limits.scratch_bytes)
        laid = laid_of(request.get("laid", []))
        blob, budget = FdBlob(fds[0], 0, size), Budget(limits, size)
        subject = Subject((), blob, budget, scratch, laid=laid)
        account = inspector.inspect(subject)
    for item in account:
        send(encode(item))


def _repository(fd: int, size: int) -> Repository:
    told = json.loads(FdBlob(fd, 0, size).read(0, size))
    files = tuple(
        RepositoryFile(
            path=row["path"],
            digest=row["digest"],
            size=row["size"],
            facts=tuple((k, tuple(chain), data) for k, chain, data in row["facts"]),
        )
        for row in told["files"]
    )
    said = tuple((kind, data) for kind, data in told["said"])
    return Repository(files=files, said=said, covered=size, partial=str(told["partial"]))
