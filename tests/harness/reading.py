"""Run one reader over bytes and keep what it gave."""

import tempfile
from collections.abc import Iterable

from harness.inspecting import subject_of
from pratique.artifacts.archive import ArchiveEntries, TorchScriptCode
from pratique.artifacts.reader import Claim, Item, Member, Reader, TensorRole
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.limits import Limits, MiB
from pratique.engine.layout import uncovered


class Read:
    """What one run of an archive reader gave; any other error than the two promised goes up."""

    def __init__(self, body: bytes, reader: Reader, limits: Limits | None = None) -> None:
        self.members: dict[str, bytes] = {}
        self.roles: dict[str, TensorRole | None] = {}
        self.claims: list[tuple[int, int]] = []
        self.code: list[TorchScriptCode] = []
        self.raised: Exception | None = None
        self.view: ArchiveEntries | None = None
        self.body = body
        with tempfile.TemporaryFile() as scratch:
            subject = subject_of(body, limits, scratch.fileno())
            self.recognised = reader.recognises(subject)
            if self.recognised:
                self._take(reader.read(subject))

    def _take(self, items: Iterable[Item]) -> None:
        try:
            for item in items:
                self._item(item)
        except (MalformedError, LimitExceededError) as e:
            self.raised = e

    def _item(self, item: Item) -> None:
        match item:
            case Member():
                self.members[item.name] = item.blob.read(0, 10 * MiB)
                self.roles[item.name] = item.role
            case Claim():
                assert 0 <= item.start <= item.end <= len(self.body)
                self.claims.append((item.start, item.end))
            case ArchiveEntries():
                self.view = item
            case TorchScriptCode():
                self.code.append(item)
            case _:
                pass

    @property
    def kinds(self) -> set[str]:
        """Return the kinds of problems seen."""
        assert self.view
        return {p.kind for p in self.view.problems}

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """Return unclaimed runs that hold more than zeros."""
        runs = uncovered(self.claims, len(self.body))
        return [(start, end) for start, end in runs if self.body[start:end].strip(b"\0")]
