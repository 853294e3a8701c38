"""Reads GGUF versions 1 to 3 of either byte order: metadata, tensor infos, aligned tensors.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from pratique.artifacts.blob import Blob
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.ggml_types import GGML_TYPES
from pratique.artifacts.readers.gguf_metadata import Cursor, FlawError, Metadata, read_metadata
from pratique.artifacts.readers.packed_text import in_value
from pratique.artifacts.readers.tensor_layout import (
    Problems,
    claims_of,
    elements_of,
    tensors_fact,
)
from pratique.artifacts.readers.values import together
from pratique.artifacts.views import (
    ModelText,
    TemplateView,
    TensorHeader,
    TensorSpan,
    TensorTable,
    TextView,
)
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json

VERSIONS = (1, 2, 3)
MAX_KEYS = 100_000
MAX_TENSOR_NAME = 64
"""GGML_MAX_NAME: the longest name that loaders take, its end included."""
MAX_DIMS = 4
MAX_FACT_KEYS = 300
MAX_FACT_TEXT = 300
MAX_FLAWS = 100
MAGIC = b"GGUF"
LEAST = 24
"""Magic, version and both counts."""
INT_MAX = (1 << 31) - 1
TEXT_FROM = 40
TEMPLATE_WORD = "template"
"""Loaders read `tokenizer.chat_template` and `.NAME`; forks and plug-ins read keys of their own."""
ALIGNMENT_KEY = "general.alignment"
DEFAULT_ALIGNMENT = 32
PADDING_MOST = 1 << 20


@dataclass(slots=True)
class _File:
    """What has been understood of a file so far."""

    size: int
    version: int = 0
    order: str = "<"
    problems: Problems = field(default_factory=Problems)
    metadata: Metadata = field(default_factory=Metadata)
    tensors: list[TensorSpan] = field(default_factory=list)
    padding: list[tuple[int, int]] = field(default_factory=list)
    header_end: int = 0
    data: int = 0
    alignment: int = DEFAULT_ALIGNMENT
    lost: int = 0
    flaws: list[Json] = field(default_factory=list)
    wide: list[Json] = field(default_factory=list)

    def flaw(self, sort: str, says: str) -> None:
        """Note for rules over the whole repository in which way the header lies."""
        if len(self.flaws) < MAX_FLAWS:
            self.flaws.append([sort, says[:MAX_FACT_TEXT]])

    def refuse(self, name: str, says: str, at: int, sort: str = "tensor") -> None:
        """Report a tensor that cannot be trusted, and leave it out."""
        self.problems.add("lie", f"tensor {name[:80]!r} {says}", at, name)
        self.flaw(sort, f"tensor {name[:80]!r} {says}")
        self.lost += 1


class GgufReader(Reader):
    """Reads GGUF as strictly as llama.cpp, and keeps what it would refuse."""

    name: ClassVar[str] = "gguf"
    kind: ClassVar[Kind] = Kind.DATA
    version: ClassVar[int] = 3
    views: ClassVar[tuple[type[View], ...]] = (
        TensorHeader,
        TensorTable,
        TemplateView,
        TextView,
        ModelText,
    )

    def recognises(self, subject: Subject) -> bool:
        """Tell by the magic and a small version in either byte order."""
        if not subject.head.startswith(MAGIC):
            return False
        return subject.size == len(MAGIC) or _version(subject.head)[0] > 0

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield the header's problems, the texts, the tensors, their claims and two facts."""
        file = _File(subject.size)
        file.version, file.order = _version(subject.head)
        broke: ArtifactError | None = None
        cursor = Cursor(subject.blob, 8, file.order, wide=file.version > 1)
        cursor.stop = min(subject.size, subject.limits.header_bytes)
        try:
            _header(cursor, file, subject.limits.tensors)
        except MalformedError as e:
            file.problems.add("lie", str(e), e.at)
            file.flaw(e.sort if isinstance(e, FlawError) else "other", str(e))
            broke = e
        except LimitExceededError as e:
            broke = e
        file.header_end = cursor.at
        if not broke:
            _check_spans(subject.blob, file)
        yield TensorHeader(
            source=self.name,
            size=cursor.at,
            problems=tuple(file.problems.kept),
            covered=cursor.at,
            partial=file.problems.partial,
        )
        yield from _texts(file.metadata)
        yield _fact(file)
        if broke:
            raise broke
        yield from self._body(file)

    def _body(self, file: _File) -> Iterator[Item]:
        yield TensorTable(
            source=self.name,
            tensors=tuple(file.tensors),
            metadata=file.metadata.texts(),
            covered=file.size,
            partial=f"{file.lost} tensors left out" if file.lost else "",
        )
        yield from _claims(file)
        yield tensors_fact(self.name, file.tensors)


def _version(head: bytes) -> tuple[int, str]:
    """Return the version and byte order; version 0 when neither order gives a sane one."""
    for order in ("little", "big"):
        version = int.from_bytes(head[4:8], "little" if order == "little" else "big")
        if 1 <= version < 1 << 16:
            return version, "<" if order == "little" else ">"
    return 0, "<"


def _header(cursor: Cursor, file: _File, most: int) -> None:
    """Read all up to the first tensor's bytes into `file`."""
    if file.size < LEAST and file.version != 1:
        raise FlawError("length", f"the file ends after {file.size} bytes of its header", 0)
    if file.version not in VERSIONS:
        raise MalformedError(f"version {file.version} is none that loaders know", 4)
    tensors, keys = cursor.count(), cursor.count()
    # The shortest key takes 13 bytes (10 in version 1), the shortest tensor 24: lies end here.
    room = file.size - cursor.at
    if keys * 9 > room or tensors * 20 > room:
        says = f"the header says {tensors} tensors and {keys} keys in {room} bytes"
        raise FlawError("length", says, 8)
    if tensors > most or keys > MAX_KEYS:
        raise LimitExceededError(f"{tensors} tensors and {keys} keys are more than are read")
    read_metadata(cursor, keys, file.metadata, file.problems)
    file.alignment = _alignment(file)
    infos = [_info(cursor, file) for _ in range(tensors)]
    file.data = cursor.at + -cursor.at % file.alignment
    _place(infos, file)


def _alignment(file: _File) -> int:
    told = file.metadata.scalars.get(ALIGNMENT_KEY, DEFAULT_ALIGNMENT)
    if type(told) is int and 0 < told <= PADDING_MOST and not told & (told - 1):
        return told
    file.problems.add("lie", f"the alignment {str(told)[:40]!r} is no power of two")
    return DEFAULT_ALIGNMENT


_Info = tuple[str, tuple[int, ...], int, int, int]


def _info(cursor: Cursor, file: _File) -> _Info:
    """Read one tensor info: name, shape in numpy's order, type, offset, and where it stands."""
    at = cursor.at
    name = cursor.text(MAX_TENSOR_NAME * 64)
    if len(name.encode()) >= MAX_TENSOR_NAME:
        file.problems.add("lie", f"tensor {name[:80]!r} has a name that loaders refuse", at, name)
    if "\0" in name:
        file.problems.add("lie", f"tensor {name[:80]!r} ends early for programs in C", at, name)
    dims = cursor.u32()
    if dims > MAX_DIMS:
        says = f"tensor {name[:80]!r} has {dims} dimensions; ggml has 4"
        raise FlawError("tensor", says, at)
    shape = tuple(reversed([cursor.count() for _ in range(dims)]))
    return name, shape, cursor.u32(), cursor.u64(), at


def _place(infos: list[_Info], file: _File) -> None:
    """Turn infos into spans, and leave out what lies outside or makes no sense."""
    seen: set[str] = set()
    for name, shape, kind, offset, at in infos:
        if name in seen:
            says = f"the header names tensor {name[:80]!r} twice"
            file.problems.add("duplicate", says, at, name)
        seen.add(name)
        word, per, size = GGML_TYPES.get(kind, ("", 1, 0))
        count = elements_of(shape)
        if word and count is not None and count > INT_MAX and len(file.wide) < MAX_FLAWS:
            file.wide.append([name[:80], word, count])
        if not word:
            file.refuse(name, f"is of type {kind}, which is not known", at, "type")
        elif count is None or (shape[-1] if shape else 1) % per:
            file.refuse(name, f"has a shape that {word} cannot hold", at)
        elif file.data + offset + count // per * size > file.size:
            end = file.data + offset + count // per * size
            file.refuse(name, f"ends at byte {end} of {file.size}", at)
        else:
            if offset % file.alignment:
                says = f"tensor {name[:80]!r} begins off its alignment of {file.alignment}"
                file.problems.add("lie", says, at, name)
            start = file.data + offset
            # Statistics decode little-endian words only: a big-endian float would read as NaN.
            order = "-be" if file.order == ">" and size > 1 else ""
            end = start + count // per * size
            file.tensors.append(TensorSpan(name, word + order, shape, start, end))


def _check_spans(blob: Blob, file: _File) -> None:
    """Report overlaps and gaps; claim alignment where it is zeros, as writers leave it."""
    file.tensors.sort(key=lambda s: (s.start, s.end))
    at, before = file.header_end, "the header"
    for span in file.tensors:
        if span.start < at and span.end > span.start:
            says = f"tensor {span.name[:80]!r} shares bytes with {before[:80]!r}"
            file.problems.add("overlap", says, span.start, span.name)
        elif span.start > at:
            _gap(blob, file, at, span.start)
        if span.end > at:
            at, before = span.end, span.name
    if at < file.size:
        _gap(blob, file, at, file.size)


def _gap(blob: Blob, file: _File, start: int, end: int) -> None:
    due = min(end, start + -start % file.alignment)
    if due > start:
        if blob.read(start, due - start).strip(b"\0"):
            says = f"{due - start} bytes of padding are not zeros"
            file.problems.add("hidden", says, start)
        else:
            file.padding.append((start, due))
    if end > due and not file.lost:
        file.problems.add("gap", f"{end - due} bytes belong to no tensor", due)


def _claims(file: _File) -> Iterator[Claim]:
    yield Claim(0, file.header_end, "gguf header")
    runs = sorted([*file.padding, *((s.start, s.end) for s in file.tensors)])
    yield from claims_of(TensorSpan("", "", (), start, end) for start, end in runs)


def _texts(metadata: Metadata) -> Iterator[View | Member]:
    rows = [row for row in metadata.strings if TEMPLATE_WORD not in row[0]]
    cut = "" if all(whole for *_, whole in rows) else "a text was cut"
    yield from together(((text, base) for _, text, base, _ in rows), "gguf", cut)
    for key, text, base, whole in metadata.strings:
        yield from in_value(key, text)
        partial = "" if whole else "the text was cut"
        if TEMPLATE_WORD in key:
            yield TemplateView(
                source=text,
                origin=f"gguf:{key[:100]}",
                base=base,
                covered=len(text),
                partial=partial,
            )
        elif len(text) >= TEXT_FROM:
            yield TextView(
                text=text, origin=f"gguf:{key[:100]}", base=base, covered=len(text), partial=partial
            )


def _fact(file: _File) -> Fact:
    shown: dict[str, Json] = {}
    for key, value in list(file.metadata.scalars.items())[:MAX_FACT_KEYS]:
        shown[key[:100]] = value[:MAX_FACT_TEXT] if isinstance(value, str) else value
    arrays: dict[str, Json] = {
        key[:100]: count for key, count in list(file.metadata.arrays.items())[:MAX_FACT_KEYS]
    }
    data: dict[str, Json] = {
        "version": file.version,
        "order": "little" if file.order == "<" else "big",
        "metadata": shown,
        "arrays": arrays,
        "flaws": file.flaws,
        "wide": file.wide,
    }
    return Fact("gguf", (), data)
