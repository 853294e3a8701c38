"""Reads R's saved objects: .rds and .rda, as they are inside gzip, bzip2 or xz.

Format: https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.r_input import BinaryInput, TextInput
from pratique.artifacts.readers.r_walk import RTold, RWalk, Use
from pratique.artifacts.readers.values import Values
from pratique.artifacts.views import ModelText
from pratique.core.errors import ArtifactError, MalformedError
from pratique.core.fact import Fact, Json

_HEAD = re.compile(rb"(RD[XAB][23]\n)?([XAB])\n")
_HEADER = re.compile(
    rb"(?:RD[XAB][23]\n)?(?:X\n\0\0\0[\2\3]\0[\0-\x09]..|B\n[\2\3]\0\0\0..[\0-\x09]\0"
    rb"|A\n[23]\n\d{5,7}\n\d{5,7}\n)",
    re.DOTALL,
)
RUNS = frozenset(
    [
        "system",
        "system2",
        "shell",
        "shell.exec",
        "pipe",
        "dyn.load",
        "socketConnection",
        "make.socket",
        "py_run_string",
        "py_run_file",
        "exec_wait",
        "exec_background",
    ]
)
"""Functions of R that start programs, load native code or open a connection."""
FETCHES = frozenset(["source", "sys.source", "download.file", "install.packages", "unlink"])
"""Functions that bring code or files from elsewhere, or delete files."""
BUILDS = frozenset(["parse", "str2lang", "str2expression"])
"""Functions that make code of a text."""
DECODES = frozenset(
    [
        "rawToChar",
        "intToUtf8",
        "chartr",
        "base64decode",
        "base64_dec",
        "memDecompress",
        "url",
        "strtoi",
        "unserialize",
        "readLines",
    ]
)
"""Functions that hide a text, or fetch it."""
WANTED = RUNS | FETCHES | BUILDS | DECODES
MAX_SHOWN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RData(View):
    """What R objects would run: calls, names in other places, promises, the workspace's variables.

    `promises` are the places of promises that stand where a value should and have none yet: R runs
    their code as soon as somebody looks at the object.
    """

    calls: tuple[Use, ...]
    mentions: tuple[Use, ...]
    texts: tuple[Use, ...]
    variables: tuple[Use, ...]
    promises: tuple[int, ...]


class RDataReader(Reader):
    """Walks every object, closures, promises and bytecode included."""

    name: ClassVar[str] = "r-data"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (RData, ModelText)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the spelling's mark and the versions behind it."""
        return _HEADER.match(subject.head) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield what the objects run, their texts, a claim and a fact.

        Raises:
            MalformedError: an object breaks off or is of no kind that R has.
            LimitExceededError: more objects than are followed.

        """
        values = Values(subject.blob, self.name)
        broke: ArtifactError | None = None
        source, is_workspace = _begin(subject)
        walk = RWalk(source, values, WANTED)
        try:
            yield from walk.run(is_workspace=is_workspace)
        except ArtifactError as e:
            broke = e
        end = _spaces(subject, source.at)
        yield from values.rest()
        yield Claim(0, min(end, subject.size), "r objects")
        told = walk.told
        yield RData(
            calls=tuple(told.calls.values()),
            mentions=tuple(told.mentions.values()),
            texts=tuple(told.texts.values()),
            variables=tuple(told.variables),
            promises=tuple(told.promises),
            covered=min(end, subject.size),
        )
        yield Fact("r-data", subject.chain, _data(told))
        if broke is not None:
            raise broke


def _begin(subject: Subject) -> tuple[BinaryInput | TextInput, bool]:
    """Pass over the header; return what reads the rest, and whether it is a workspace."""
    found = _HEAD.match(subject.head)
    if found is None:
        raise MalformedError("no header of R objects")
    at, spelling = found.end(), found[2]
    source: BinaryInput | TextInput
    if spelling == b"A":
        source = TextInput(subject.blob, at)
    else:
        source = BinaryInput(subject.blob, at, ">" if spelling == b"X" else "<")
    version = source.whole()
    source.whole()
    source.whole()
    if version == 3:  # noqa: PLR2004 - from version 3 on, the writer's encoding follows
        source.text(source.whole())
    return source, found[1] is not None


def _spaces(subject: Subject, at: int) -> int:
    """Return where the line's end behind a text ends."""
    tail = subject.blob.read(at, 2)
    return at + len(tail) - len(tail.lstrip(b"\r\n")) if subject.head[:5].count(b"A") else at


def _data(told: RTold) -> Json:
    return {
        "items": told.items,
        "closures": told.closures,
        "bytecode": told.bytecode,
        "promises": len(told.promises),
        "variables": [use.name for use in told.variables[:MAX_SHOWN]],
        "calls": sorted({name for name, _ in told.calls})[:MAX_SHOWN],
    }
