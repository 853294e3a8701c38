"""Datatype and dataspace messages: what an element is, and how many there are."""

from dataclasses import dataclass

from pratique.artifacts.readers.hdf5.source import Words
from pratique.core.errors import MalformedError

FIXED, FLOAT, STRING, OPAQUE, COMPOUND, ENUM, SEQUENCE, ARRAY = 0, 1, 3, 5, 6, 8, 9, 10
MAX_NESTING = 32
MAX_RANK = 32
_BF16_MANTISSA = 7
_NUMBERS = frozenset({1, 2, 4, 8})


@dataclass(frozen=True, slots=True)
class Type:
    """One datatype: its class by number, bytes of an element, and the word of `TensorSpan`.

    `text` tells a sequence that is a string; `base` is what a sequence is made of.
    """

    kind: int
    size: int
    word: str
    text: bool = False
    base: "Type | None" = None


@dataclass(frozen=True, slots=True)
class Space:
    """The shape of a dataset or attribute; `empty` tells that there is no element at all."""

    shape: tuple[int, ...]
    empty: bool = False

    @property
    def count(self) -> int:
        """Return how many elements there are: a whole number of any size."""
        count = 0 if self.empty else 1
        for dim in self.shape:
            count *= dim
        return count


def read_type(words: Words) -> Type:
    """Return the datatype that stands next.

    Raises:
        MalformedError: it breaks off, or nests without end.

    """
    around: list[tuple[int, int, int]] = []
    for _ in range(MAX_NESTING):
        first, bits, size = words.number(1), words.number(3), words.number(4)
        kind, version = first & 15, first >> 4
        if kind not in {SEQUENCE, ARRAY, ENUM}:
            return _wrapped(Type(kind, size, _word(kind, bits, size, words)), around)
        around.append((kind, bits, size))
        if kind == ARRAY:
            rank = words.number(1)
            old = version < 3  # noqa: PLR2004 - version 3 dropped the permutation
            words.take((3 + 8 * rank) if old else 4 * rank)
    raise MalformedError("datatypes nest deeper than any real one", words.where)


def _wrapped(made: Type, around: list[tuple[int, int, int]]) -> Type:
    for kind, bits, size in reversed(around):
        text = kind == SEQUENCE and bits & 15 == 1
        word = made.word if kind == ENUM else f"v{size}"
        made = Type(kind, size, word, text, made)
    return made


def _word(kind: int, bits: int, size: int, words: Words) -> str:
    """Return numpy's kind of word for little-endian numbers, `vN` for all else."""
    if kind == FIXED and size in _NUMBERS and not (bits & 1 and size > 1):
        return f"{'i' if bits & 8 else 'u'}{8 * size}"
    if kind == FLOAT and size in _NUMBERS and not bits & 0x41:
        told = words.take(12) if words.left >= 12 else bytes(12)  # noqa: PLR2004 - its properties
        if size == 2 and told[7] == _BF16_MANTISSA:  # noqa: PLR2004
            return "bf16"
        return f"f{8 * size}" if size > 1 else f"v{size}"
    return f"v{size}"


def read_space(words: Words) -> Space:
    """Return the dataspace that stands next.

    Raises:
        MalformedError: it breaks off, or has more dimensions than the format allows.

    """
    version, rank, _ = words.number(1), words.number(1), words.number(1)
    if version not in {1, 2} or rank > MAX_RANK:
        raise MalformedError(f"dataspace version {version} with {rank} dimensions", words.where)
    kind = words.number(1)
    words.take(4 if version == 1 else 0)
    shape = tuple(words.length() for _ in range(rank))
    return Space(shape, empty=version == 2 and kind == 2)  # noqa: PLR2004 - version 2, null
