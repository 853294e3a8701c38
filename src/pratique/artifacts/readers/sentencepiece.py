"""Reads a SentencePiece model, the tokenizer beside many weights: a strict subset of protobuf.

Format: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
"""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.views import TextView
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.limits import KiB, MiB

VARINT, BYTES, FIXED32 = 0, 2, 5
PIECES, TRAINER, NORMALIZER, SELF_TEST, DENORMALIZER = 1, 2, 3, 4, 5
MAX_PIECES = 4_000_000
MAX_PIECE = 4 * KiB
MAX_CHARSMAP = 4 * MiB
MAX_CUT = 100
LONG = 256
"""A piece or setting longer than this is shown to the rules that read texts."""
MAX_SHOWN = 1_000
_PIECE = {1: BYTES, 2: FIXED32, 3: VARINT}
_STRINGS = frozenset({1, 2, 5, 7, 30, 31, 36, 44, 45, 46, 47, 48, 53})
_FLOATS = frozenset({10, 15, 51})
_TRAINER = {
    n: BYTES if n in _STRINGS else FIXED32 if n in _FLOATS else VARINT for n in range(1, 55)
}
_NORMALIZER = {1: BYTES, 2: BYTES, 3: VARINT, 4: VARINT, 5: VARINT, 6: BYTES}
_PARTS = {
    TRAINER: _TRAINER,
    NORMALIZER: _NORMALIZER,
    SELF_TEST: {1: BYTES},
    DENORMALIZER: _NORMALIZER,
}
_Field = tuple[int, int, int, int]
"""Number, wire type, start and end of the value."""


class SentencePieceReader(Reader):
    """Accounts for every byte as a field that the format knows, or says where it cannot."""

    name: ClassVar[str] = "sentencepiece"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TextView,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by a first piece that is a text with a score, which no text file holds."""
        head = subject.head
        try:
            number, wire, start, end = _field(head, 0, len(head))
            inner = list(_fields(head, start, end))
        except MalformedError:
            return False
        told = [(number, wire) for number, wire, _, _ in inner]
        return (number, wire) == (PIECES, BYTES) and told[:2] == [(1, BYTES), (2, FIXED32)]

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim of all fields, long texts among them, and a fact."""
        body = subject.blob.read(0, subject.limits.text_bytes)
        pieces, at, shown = 0, 0, 0
        cut: list[Json] = []
        seen: set[int] = set()
        try:
            while at < len(body):
                number, wire, start, end = _field(body, at, len(body))
                known = _PIECE if number == PIECES else _PARTS.get(number)
                if known is None or wire != BYTES:
                    raise MalformedError(f"field {number} is none of a SentencePiece model", at)
                seen.add(number)
                pieces += number == PIECES
                if number == PIECES and len(cut) < MAX_CUT and b"\0" in body[start:end]:
                    cut += _with_nul(body, start, end)
                if pieces > MAX_PIECES:
                    raise LimitExceededError(f"more than {MAX_PIECES} pieces")
                for view in _part(body, (number, wire, start, end), known):
                    shown += 1
                    if shown <= MAX_SHOWN:
                        yield view
                at = end
        finally:
            yield Claim(0, at, "sentencepiece model")
        if TRAINER not in seen or shown > MAX_SHOWN:
            raise MalformedError("the model has no trainer's settings, or too many long pieces", at)
        data: Json = {"pieces": pieces, "with_nul": cut}
        yield Fact("sentencepiece", subject.chain, data)


def _with_nul(body: bytes, start: int, end: int) -> list[Json]:
    """Return [text, type] of a piece whose text holds a NUL, where programs in C cut it off."""
    text, kind = b"", 1
    for number, wire, first, last in _fields(body, start, end):
        if (number, wire) == (1, BYTES):
            text = body[first:last]
        elif (number, wire) == (3, VARINT):
            kind = _varint(body, first, last)[0]
    return [[text[:80].decode("utf-8", "replace"), kind]] if b"\0" in text else []


def _part(body: bytes, part: _Field, known: dict[int, int]) -> Iterator[TextView]:
    """Check the fields of one part; yield its long texts."""
    number, _, start, end = part
    for inner, wire, first, last in _fields(body, start, end):
        if known.get(inner) != wire:
            raise MalformedError(f"field {number}.{inner} is none that the format knows", first)
        if number in {NORMALIZER, DENORMALIZER} and inner == 2:  # noqa: PLR2004 - compiled rules
            if last - first > MAX_CHARSMAP:
                raise LimitExceededError(f"compiled rules of {last - first} bytes")
        elif wire == BYTES and last - first > LONG:
            if number == PIECES and last - first > MAX_PIECE:
                raise MalformedError(f"a piece of {last - first} bytes", first)
            text = body[first:last].decode("utf-8", "replace")
            yield TextView(text=text, origin=f"sentencepiece:{number}.{inner}", base=first)


def _fields(body: bytes, at: int, end: int) -> Iterator[_Field]:
    while at < end:
        field = _field(body, at, end)
        yield field
        at = field[3]


def _field(body: bytes, at: int, end: int) -> _Field:
    """Read one field; its value must end within `end`."""
    key, start = _varint(body, at, end)
    number, wire = key >> 3, key & 7
    if wire == VARINT:
        _, last = _varint(body, start, end)
    elif wire == BYTES:
        size, start = _varint(body, start, end)
        last = start + size
    elif wire == FIXED32:
        last = start + 4
    else:
        raise MalformedError(f"wire type {wire}", at)
    if last > end or not number:
        raise MalformedError("a field ends outside its message", at)
    return number, wire, start, last


def _varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    for where in range(at, min(end, at + 10)):
        value |= (body[where] & 0x7F) << shift
        if body[where] < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, where + 1
        shift += 7
    raise MalformedError("a number does not end", at)
