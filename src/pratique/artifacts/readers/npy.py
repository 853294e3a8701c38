"""Reads numpy's .npy versions 1 to 3; an array of objects hides a pickle behind its header.

Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.blob import cut
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.literal import Literal, parse_literal
from pratique.artifacts.readers.tensor_layout import Problems, elements_of, tensors_fact
from pratique.artifacts.views import TensorHeader, TensorSpan, TensorTable
from pratique.core.errors import MalformedError

MAGIC = b"\x93NUMPY"
LOADER_MOST = 10_000
"""The longest header that numpy.load takes unless it is told to trust the file."""
MAX_HEADER = 64 * 1024
MAX_PADDING = 160
"""numpy aligns to 64 bytes and leaves room for the shape to grow."""
MAX_DIMS = 64
MAX_FIELDS = 1_000
MAX_ITEMSIZE = 1 << 31
KEYS = ["descr", "fortran_order", "shape"]
_SIMPLE = re.compile(r"([<>|=]?)([biufcmMOSUV?])(\d{0,10})(\[[0-9a-zA-Z/]{1,20}\])?")
_WORDS = {"b": "bool", "i": "i", "u": "u", "f": "f", "c": "c"}
_DEFAULT_SIZES = {"O": 8, "?": 1}


class NpyReader(Reader):
    """Reads the header as strictly as numpy, and hands an object array's pickle on as a member."""

    name: ClassVar[str] = "npy"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TensorHeader, TensorTable)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the magic, which no text begins with."""
        return subject.head.startswith(MAGIC)

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield the header's problems, the array as one tensor or a pickle member, and claims."""
        problems, start, span = Problems(), 0, None
        broke = None
        try:
            start, text = _header_text(subject, problems)
            dtype, itemsize, shape = _array(text, problems)
            span = _span(subject, dtype, shape, (start, itemsize))
        except MalformedError as e:
            problems.add("lie", str(e), e.at)
            broke = e
        yield TensorHeader(
            source=self.name, size=start, problems=tuple(problems.kept), covered=start
        )
        if broke or span is None:
            raise broke or MalformedError("the header tells no array")
        yield Claim(0, span.end, "npy array" if span.dtype else "npy array of objects")
        if not span.dtype:
            yield Member("object.pkl", cut(subject.blob, start, subject.size))
            return
        yield TensorTable(source=self.name, tensors=(span,), covered=subject.size)
        yield tensors_fact(self.name, (span,))


def _header_text(subject: Subject, problems: Problems) -> tuple[int, str]:
    """Return where the elements begin, and the header's text."""
    head = subject.head
    major, minor = head[6:7], head[7:8]
    if major not in {b"\1", b"\2", b"\3"} or minor != b"\0":
        raise MalformedError(f"npy version {(major + minor).hex()} is none that numpy knows", 6)
    width = 2 if major == b"\1" else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    start = 8 + width + length
    if start > subject.size:
        raise MalformedError(f"the header says it is {length} bytes long; the file ends before", 8)
    if length > MAX_HEADER:
        raise MalformedError(f"the header is {length} bytes long; numpy stops at {LOADER_MOST}", 8)
    if length > LOADER_MOST:
        says = f"the header is {length} bytes long; numpy.load takes {LOADER_MOST}"
        problems.add("lie", says, 8)
    raw = subject.blob.read(8 + width, length)
    padding = raw[len(raw.rstrip()) :]
    if len(padding) > MAX_PADDING or padding.strip(b" \n"):
        problems.add("lie", f"{len(padding)} bytes of white space pad the header", 8 + width)
    try:
        return start, raw.decode("utf-8" if major == b"\3" else "latin-1")
    except UnicodeDecodeError:
        raise MalformedError("the header is not UTF-8", 8 + width) from None


def _array(text: str, problems: Problems) -> tuple[str, int, tuple[int, ...]]:
    """Return dtype word, bytes of an element (no word: objects) and shape of a header's text."""
    told = parse_literal(text)
    if not isinstance(told, dict) or sorted(map(str, told)) != KEYS:
        raise MalformedError(
            "the header does not have exactly the keys descr, fortran_order, shape"
        )
    if len(told) < told.pairs:
        problems.add("duplicate", "the header has a key twice")
    order, shape = told["fortran_order"], told["shape"]
    if not isinstance(order, bool):
        raise MalformedError("fortran_order is neither True nor False")
    if not isinstance(shape, tuple) or len(shape) > MAX_DIMS:
        raise MalformedError("the shape is no tuple of numbers")
    dims = tuple(dim for dim in shape if type(dim) is int and dim >= 0)
    if len(dims) != len(shape):
        raise MalformedError("the shape is no tuple of numbers")
    dtype, itemsize = _dtype(told["descr"])
    return dtype, itemsize, dims


def _span(
    subject: Subject, dtype: str, shape: tuple[int, ...], place: tuple[int, int]
) -> TensorSpan:
    start, itemsize = place
    count = elements_of(shape)
    if count is None:
        raise MalformedError("the shape has more elements than any file", 10)
    end = start + count * itemsize if dtype else subject.size
    if end > subject.size:
        says = f"the array takes {end - start} bytes, {subject.size - start} follow the header"
        raise MalformedError(says, start)
    return TensorSpan("", dtype, shape, start, end)


def _dtype(descr: Literal) -> tuple[str, int]:
    """Return (word, bytes) of a dtype; no word when any part of it is a Python object."""
    if isinstance(descr, str):
        return _simple(descr)
    total, fields, objects = 0, 0, False
    pending: list[tuple[Literal, int]] = [(descr, 1)]
    while pending:
        part, times = pending.pop()
        if isinstance(part, str):
            word, size = _simple(part)
            objects |= not word
            total += size * times
        else:
            rows = _fields(part)
            fields += len(rows)
            pending += [(kind, times * repeat) for kind, repeat in rows]
        if total > MAX_ITEMSIZE or fields > MAX_FIELDS:
            raise MalformedError("the dtype is larger than any real one")
    return ("", 0) if objects else (f"v{total}", total)


def _fields(descr: Literal) -> list[tuple[Literal, int]]:
    """Return (dtype, repetitions) of each field of a structured dtype's list."""
    if isinstance(descr, tuple) and len(descr) == 2:  # noqa: PLR2004 - (dtype, shape)
        return [(descr[0], _repeat(descr[1]))]
    if not isinstance(descr, list) or not descr:
        raise MalformedError("the dtype is no text and no list of fields")
    rows: list[tuple[Literal, int]] = []
    for field in descr:
        if not isinstance(field, tuple) or len(field) not in {2, 3}:
            raise MalformedError("a field of the dtype is no (name, dtype) pair")
        rows.append((field[1], _repeat(field[2]) if len(field) > 2 else 1))  # noqa: PLR2004
    return rows


def _repeat(shape: Literal) -> int:
    dims = shape if isinstance(shape, tuple) else (shape,)
    whole = [dim for dim in dims if type(dim) is int and dim >= 0]
    count = elements_of(whole)
    if len(whole) != len(dims) or count is None:
        raise MalformedError("the shape of a field is no tuple of numbers")
    return count


def _simple(text: str) -> tuple[str, int]:
    """Return (word, bytes) of a dtype such as `<f4`; no word when it is an object."""
    match = _SIMPLE.fullmatch(text)
    if not match:
        raise MalformedError(f"the dtype {text[:40]!r} is none that numpy stores")
    order, kind, digits, _ = match.groups()
    size = int(digits) if digits else _DEFAULT_SIZES.get(kind, 0)
    if kind == "O":
        return "", 0
    if kind == "U":
        size *= 4
    if size > MAX_ITEMSIZE:
        raise MalformedError("the dtype is larger than any real one")
    if kind in {"m", "M"}:
        return "i64", 8
    if kind in {"S", "U", "V"} or order == ">":
        return f"v{size}", size
    return _number(kind, size)


def _number(kind: str, size: int) -> tuple[str, int]:
    if kind in {"b", "?"} and size == 1:
        return "bool", 1
    if kind in _WORDS and size in ({8, 16, 32} if kind == "c" else {1, 2, 4, 8, 16}):
        return f"{_WORDS[kind]}{8 * size}", size
    raise MalformedError(f"the dtype {kind}{size} is none that numpy stores")
