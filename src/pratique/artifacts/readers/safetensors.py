"""Reads safetensors: a length, a JSON header, and tensors that must fill the rest exactly.

Format: https://github.com/huggingface/safetensors#format
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.packed_text import in_value
from pratique.artifacts.readers.tensor_layout import (
    BITS,
    Problems,
    bytes_of,
    check_order,
    claims_of,
    tensors_fact,
)
from pratique.artifacts.readers.values import together
from pratique.artifacts.views import ModelText, TensorHeader, TensorSpan, TensorTable, TextView
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.limits import Limits

OFFICIAL_MOST = 100_000_000
"""The longest header that the reference implementation loads."""
PLAUSIBLE = 1 << 48
MAX_DIMS = 64
MAX_INT = 1 << 63
MAX_TEXT = 4_000
MOST_TEXTS = 5_000
TEXT_FROM = 40
PADDING_MOST = 4_096
"""Spaces that may follow the header's JSON: writers align to eight bytes, some to a page."""
DTYPES = {word.upper(): word for word in BITS}
_FIELDS = frozenset({"dtype", "shape", "data_offsets"})
_SPACE = b" \t\r\n"


@dataclass(slots=True)
class _Pairs:
    """A JSON object that is no plain tensor entry, duplicates kept."""

    pairs: list[tuple[str, Any]]


@dataclass(slots=True)
class _Header:
    """What has been understood of a header so far."""

    start: int
    end: int
    problems: Problems = field(default_factory=Problems)
    tensors: list[TensorSpan] = field(default_factory=list)
    metadata: list[tuple[str, str]] = field(default_factory=list)
    lost: int = 0

    def refuse(self, name: str, says: str, kind: str = "lie") -> None:
        """Report an entry that cannot be trusted, and leave it out."""
        self.problems.add(kind, f"tensor {name[:80]!r} {says}", 8, name)
        self.lost += 1


class SafetensorsReader(Reader):
    """Reads safetensors as strictly as the reference loader, and keeps what it would refuse."""

    name: ClassVar[str] = "safetensors"
    version: ClassVar[int] = 4
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (
        TensorHeader,
        TensorTable,
        TextView,
        ModelText,
    )

    def recognises(self, subject: Subject) -> bool:
        """Tell by a sane length and a JSON object that speaks of tensors right after it."""
        if subject.size < 10:  # noqa: PLR2004 - the length and `{}`
            return False
        length = int.from_bytes(subject.head[:8], "little")
        body = subject.head[8:].lstrip(_SPACE)
        # Eight letters of text are a number between the two bounds: `var x = {"a": 1}` is no model.
        if PLAUSIBLE <= length < MAX_INT or not body.startswith((b'{"', b"{}", b"{ ", b"{\n")):
            return False
        words = (b'"dtype"', b'"data_offsets"', b'"__metadata__"')
        if any(word in subject.head for word in words):
            return True
        last = subject.blob.read(8 + length - 1, 1) if length <= subject.size - 8 else b""
        return last in {b"}", b" "}

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield the header's problems, the tensors, their claims and the fact."""
        length = int.from_bytes(subject.head[:8], "little")
        header = _Header(min(8 + length, subject.size), subject.size)
        broke = _length_problem(length, subject, header)
        if not broke:
            broke = _parse(subject.blob.read(8, length), header, subject.limits)
        if isinstance(broke, MalformedError):
            header.problems.add("lie", str(broke), broke.at)
        elif not broke:
            _check_spans(header)
        yield _view(header)
        if broke:
            raise broke
        yield Claim(0, header.start, "safetensors header")
        yield TensorTable(
            source=self.name,
            tensors=tuple(header.tensors),
            metadata=tuple(header.metadata[:1000]),
            covered=subject.size,
            partial=f"{header.lost} tensor entries left out" if header.lost else "",
        )
        yield from claims_of(header.tensors)
        yield tensors_fact(self.name, header.tensors)
        if header.metadata:
            shown: dict[str, Json] = {k[:100]: v[:500] for k, v in header.metadata[:200]}
            yield Fact("safetensors", subject.chain, {"metadata": shown})
        yield from _texts(header)


def _length_problem(length: int, subject: Subject, header: _Header) -> Exception | None:
    """Return why the header cannot be read at all, None when it can."""
    if length > subject.size - 8:
        says = f"the header says it is {length} bytes long; {subject.size - 8} follow"
        return MalformedError(says, 0)
    if length > min(OFFICIAL_MOST, subject.limits.header_bytes):
        says = f"the header is {length} bytes long; loaders stop at {OFFICIAL_MOST}"
        header.problems.add("lie", says)
        return LimitExceededError(says)
    return None


def _view(header: _Header) -> TensorHeader:
    return TensorHeader(
        source="safetensors",
        size=header.start,
        problems=tuple(header.problems.kept),
        covered=header.start,
        partial=header.problems.partial,
    )


def _parse(raw: bytes, header: _Header, limits: Limits) -> Exception | None:
    """Fill `header` from its JSON; return what makes it unreadable."""
    try:
        _bounded(raw, limits.tensors)
        top = json.loads(raw.decode(), object_pairs_hook=_pairs, parse_constant=_no_constant)
    except LimitExceededError as e:
        return e
    except RecursionError:
        return MalformedError("the header nests too deep for any tensor entry", 8)
    except UnicodeDecodeError as e:
        return MalformedError("the header is not UTF-8", 8 + e.start)
    except json.JSONDecodeError as e:
        return MalformedError(f"the header is not JSON: {e.msg}", 8 + e.pos)
    except ValueError as e:
        return MalformedError(f"the header is not JSON: {str(e)[:100]}", 8)
    if not isinstance(top, _Pairs):
        return MalformedError("the header is not a JSON object of tensors", 8)
    _white_space(raw, header)
    _entries(top, header)
    return None


def _bounded(raw: bytes, most: int) -> None:
    """Count before anything is built: a JSON value takes up to thirty times its text in memory."""
    if max(raw.count(b"{"), raw.count(b"[") // 2) - 2 > most:
        raise LimitExceededError(f"the header may name more than {most} tensors")
    if max(raw.count(b'"'), raw.count(b",")) > 20 * most:
        raise LimitExceededError("the header holds more words and numbers than are read")


def _white_space(raw: bytes, header: _Header) -> None:
    """Report what stands around the JSON but the spaces that align the tensors."""
    if raw[:1] != b"{":
        header.problems.add("lie", "the header does not begin with '{'", 8)
    padding = raw[len(raw.rstrip(_SPACE)) :]
    if len(padding) > PADDING_MOST or padding.strip(b" "):
        says = f"{len(padding)} bytes of white space pad the header; writers leave 7 spaces"
        header.problems.add("hidden", says, 8 + len(raw) - len(padding))


def _pairs(pairs: list[tuple[str, Any]]) -> object:
    """Turn a well-formed entry into a small tuple at once: a header may hold a million."""
    if len(pairs) == len(_FIELDS):
        got = dict(pairs)
        if got.keys() == _FIELDS:
            return got["dtype"], got["shape"], got["data_offsets"]
    return _Pairs(pairs)


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


def _entries(top: _Pairs, header: _Header) -> None:
    seen: set[str] = set()
    for name, entry in top.pairs:
        if not _encodes(name):
            header.refuse(ascii(name), "has a name that is no text")
            continue
        if name in seen:
            says = f"the header names {name[:80]!r} twice: loaders differ in which one they take"
            header.problems.add("duplicate", says, 8, name)
        seen.add(name)
        if name == "__metadata__":
            _metadata(entry, header)
        elif isinstance(entry, tuple):
            _entry(name, entry, header)
        elif isinstance(entry, _Pairs):
            _odd_entry(name, entry, header)
        else:
            header.refuse(name, "has an entry that is no object")


def _metadata(entry: object, header: _Header) -> None:
    if not isinstance(entry, _Pairs):
        header.problems.add("hidden", "__metadata__ is no object of texts", 8)
        return
    seen: set[str] = set()
    for key, value in entry.pairs:
        if key in seen:
            header.problems.add("duplicate", f"__metadata__ names {key[:80]!r} twice", 8)
        seen.add(key)
        if isinstance(value, str) and _encodes(key) and _encodes(value):
            header.metadata.append((key, value))
        else:
            header.problems.add("hidden", f"__metadata__ {key[:80]!r} is no text", 8)


def _odd_entry(name: str, entry: _Pairs, header: _Header) -> None:
    """Read an entry with fields too few, too many or twice as a loader would: the last one wins."""
    keys = [key for key, _ in entry.pairs]
    got = dict(entry.pairs)
    if len(got) < len(keys):
        header.problems.add("duplicate", f"tensor {name[:80]!r} has a field twice", 8, name)
    extra = sorted(got.keys() - _FIELDS)
    if extra:
        says = f"tensor {name[:80]!r} carries a field that loaders skip: {extra[0][:80]!r}"
        header.problems.add("hidden", says, 8, name)
    if got.keys() >= _FIELDS:
        _entry(name, (got["dtype"], got["shape"], got["data_offsets"]), header)
    else:
        header.refuse(name, "lacks its dtype, shape or data_offsets")


def _entry(name: str, entry: tuple[Any, Any, Any], header: _Header) -> None:
    word, shape, offsets = entry
    dtype = DTYPES.get(word) if isinstance(word, str) else None
    if dtype is None:
        header.refuse(name, f"has an unknown dtype {str(word)[:40]!r}")
    elif not _whole(shape) or len(shape) > MAX_DIMS:
        header.refuse(name, "has a shape that is no list of whole numbers")
    elif not _whole(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:  # noqa: PLR2004 - a pair
        header.refuse(name, "has data_offsets that are no range")
    elif offsets[1] > header.end - header.start:
        says = f"ends at byte {offsets[1]} of {header.end - header.start} of data"
        header.refuse(name, says)
    else:
        _sized(TensorSpan(name, dtype, tuple(shape), *offsets), header)


def _sized(span: TensorSpan, header: _Header) -> None:
    need = bytes_of(span.dtype, span.shape)
    if need != span.end - span.start:
        what = "an impossible number of" if need is None else need
        says = f"takes {what} bytes by its shape, {span.end - span.start} by its offsets"
        header.refuse(span.name, says)
        return
    start = header.start
    header.tensors.append(
        TensorSpan(span.name, span.dtype, span.shape, start + span.start, start + span.end)
    )


def _encodes(text: str) -> bool:
    """Tell whether a text is one: half a surrogate pair, which JSON can spell, is none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole(numbers: object) -> bool:
    """Tell whether this is a list of whole numbers; `true` is none, though Python counts it so."""
    return isinstance(numbers, list) and all(type(n) is int and 0 <= n < MAX_INT for n in numbers)


def _check_spans(header: _Header) -> None:
    header.tensors.sort(key=lambda s: (s.start, s.end))
    # Bytes of an entry that was left out are no hole: the entry is the problem.
    whole = not header.lost
    at = check_order(header.tensors, header.start, header.problems, gaps=whole)
    if at < header.end and whole:
        says = f"{header.end - at} bytes after the last tensor belong to no tensor"
        header.problems.add("gap", says, at)


def _texts(header: _Header) -> Iterator[View | Member]:
    """Show longer metadata to the rules that read text: a card or a licence, or a hiding place."""
    yield from together(((value, 8) for _, value in header.metadata), "safetensors")
    for key, value in header.metadata[:MOST_TEXTS]:
        yield from in_value(key, value)
        if len(value) >= TEXT_FROM:
            yield TextView(
                text=value[: MAX_TEXT * 16],
                origin=f"safetensors:{key[:100]}",
                base=8,
                partial="" if len(value) <= MAX_TEXT * 16 else "a long metadata text was cut",
            )
    if len(header.metadata) > MOST_TEXTS:
        raise LimitExceededError(f"metadata of more than {MOST_TEXTS} texts is not all looked into")
