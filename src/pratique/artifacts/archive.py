"""What archive readers show: entries as they are written down, and what is wrong with them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pratique.artifacts.reader import View
from pratique.core.fact import Json

MAX_PROBLEMS = 1_000
MAX_TOLD_NAME = 200
MAX_PLACED = 500
MAX_PATH = 4_096
_PLACED = re.compile(r"[/\\]|[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One entry of an archive, as its headers tell it.

    `kind` is `file`, `directory`, `symlink`, `hardlink`, `device`, `fifo` or `other`; `link` the
    target of a link. `start` is where the entry's header stands, `packed` its bytes in the archive,
    `size` what it says it unpacks to. `listed` is False for an entry that only a walk over the
    whole archive finds. `digest` tells equal contents apart; it is empty where nothing was read.
    """

    name: str
    kind: str
    start: int
    packed: int
    size: int
    method: str
    link: str = ""
    mode: int = 0
    listed: bool = True
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ArchiveProblem:
    """One thing in an archive that contradicts itself or could not be read.

    `kind` is one of the words below; `name` the entry it is about, empty for the whole.

    * `contradiction`  two places describe one entry differently
    * `directory`      the list of entries is missing, broken, or there are two of them
    * `hidden`         an entry that the list of entries does not name
    * `overlap`        an entry shares bytes with another
    * `checksum`       the content does not match its checksum
    * `no-checksum`    the checksum field is zero although there is content
    * `corrupt`        the packed content ends early, is broken, or has another size
    * `false-encrypted` marked as encrypted, and it is not
    * `encrypted`      encrypted: the content cannot be seen
    * `method`         packed in a way that no decoder is here for
    * `limit`          unpacks to more than the limits allow
    * `sparse`         has holes; what is stored was read, not what it unpacks to
    * `record`         a wheel's RECORD and its files do not match
    """

    kind: str
    name: str
    at: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEntries(View):
    """Every entry of one archive, the hidden ones too, and what is wrong with them.

    `format` is `zip`, `tar`, `gzip`, ...; `flavour` what the names make of it (`torch`,
    `torchscript`, `wheel`, `npz`), empty when nothing special.
    """

    format: str
    entries: tuple[ArchiveEntry, ...]
    problems: tuple[ArchiveProblem, ...] = ()
    flavour: str = ""


def placed(entries: Iterable[ArchiveEntry]) -> list[Json]:
    """Return [name, kind, target] of links, and of entries whose name decides where they land.

    At most `MAX_PLACED`: rules over the whole repository weigh them, those over the archive see
    every entry.
    """
    rows: list[Json] = []
    for entry in entries:
        link = entry.kind in {"symlink", "hardlink"}
        if link or ".." in entry.name or _PLACED.match(entry.name):
            rows.append([entry.name[:MAX_PATH], entry.kind, entry.link[:MAX_PATH]])
            if len(rows) >= MAX_PLACED:
                break
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchScriptCode(View):
    """The program of a TorchScript archive: one source file, or the mobile bytecode's bytes.

    `member` names it inside the archive. Bytecode comes as text byte by byte: operator names stand
    in it as they are.
    """

    member: str
    source: str
    bytecode: bool = False


@dataclass(slots=True)
class Ledger:
    """Where a reader writes down problems; bounded, and it knows whether all was read."""

    problems: list[ArchiveProblem] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    over: str = ""
    dropped: int = 0

    def note(self, kind: str, name: str, at: int, says: str) -> None:
        """Write down a problem, as long as there is room."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(ArchiveProblem(kind, name, at, says))
        else:
            self.dropped += 1

    def skip(self, kind: str, name: str, at: int, says: str) -> None:
        """Write down a problem that kept content from being read."""
        self.note(kind, name, at, says)
        if len(self.unread) < MAX_PROBLEMS:
            self.unread.append(f"{name[:MAX_TOLD_NAME]!r} {says}")

    @property
    def partial(self) -> str:
        """Say in one line why not everything was read; empty when it was."""
        told = [*self.unread[:3]]
        if len(self.unread) > len(told):
            told.append(f"{len(self.unread) - len(told)} more entries that were not read in full")
        if self.dropped:
            told.append(f"{self.dropped} more problems that are not listed")
        return "; ".join(told)
