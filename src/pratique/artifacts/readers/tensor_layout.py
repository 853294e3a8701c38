"""What readers of tensor files share: dtypes and their sizes, spans in order, claims, facts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pratique.artifacts.reader import Claim
from pratique.artifacts.views import HeaderProblem, TensorSpan
from pratique.core.fact import Fact, Json

MAX_PROBLEMS = 100
MAX_LISTED = 20_000
MAX_NAME = 300
MAX_BYTES = 1 << 62

BITS = {
    "bool": 8,
    "u8": 8,
    "i8": 8,
    "u16": 16,
    "i16": 16,
    "u32": 32,
    "i32": 32,
    "u64": 64,
    "i64": 64,
    "f16": 16,
    "bf16": 16,
    "f32": 32,
    "f64": 64,
    "c64": 64,
    "c128": 128,
    "f8_e4m3": 8,
    "f8_e5m2": 8,
    "f8_e4m3fnuz": 8,
    "f8_e5m2fnuz": 8,
    "f8_e8m0": 8,
    "f4": 4,
    "f6_e2m3": 6,
    "f6_e3m2": 6,
}
"""Bits of one element of each plain dtype."""


@dataclass(slots=True)
class Problems:
    """Problems as they are met, with a bound on how many are kept."""

    kept: list[HeaderProblem] = field(default_factory=list)
    dropped: int = 0

    def add(self, kind: str, says: str, at: int = 0, tensor: str = "") -> None:
        """Keep a problem, or count it when there are too many."""
        if len(self.kept) < MAX_PROBLEMS:
            self.kept.append(HeaderProblem(kind, says, at, tensor[:MAX_NAME]))
        else:
            self.dropped += 1

    @property
    def partial(self) -> str:
        """Say that some were not kept."""
        return f"{self.dropped} more header problems not listed" if self.dropped else ""


def elements_of(shape: Iterable[int]) -> int | None:
    """Return the product of a shape, or None when it is beyond any file: bounded big integers."""
    count, zero = 1, False
    for dim in shape:
        zero |= dim == 0
        count *= max(1, dim)
        if count > MAX_BYTES:
            return None
    return 0 if zero else count


def bytes_of(dtype: str, shape: Iterable[int]) -> int | None:
    """Return how many bytes a plain tensor takes; None when that is no whole, sane number."""
    count = elements_of(shape)
    if count is None:
        return None
    bits = count * BITS[dtype]
    return None if bits % 8 else bits // 8


def check_order(
    tensors: Sequence[TensorSpan], start: int, problems: Problems, *, gaps: bool
) -> int:
    """Report overlaps, and gaps if asked, of spans in order; return where the last one ends."""
    at, before = start, ""
    for span in tensors:
        if span.start < at and span.end > span.start:
            says = f"tensor {span.name[:80]!r} shares {min(at, span.end) - span.start} bytes with"
            problems.add("overlap", f"{says} {before[:80]!r}", span.start, span.name)
        elif gaps and span.start > at:
            says = f"{span.start - at} bytes before tensor {span.name[:80]!r} belong to no tensor"
            problems.add("gap", says, at, span.name)
        if span.end > at:
            at, before = span.end, span.name
    return at


def claims_of(spans: Iterable[TensorSpan], what: str = "tensors") -> Iterator[Claim]:
    """Yield as few claims as cover the spans, which are sorted by offset."""
    start = end = -1
    for span in spans:
        if span.start > end:
            if end > start:
                yield Claim(start, end, what)
            start, end = span.start, span.end
        else:
            end = max(end, span.end)
    if end > start:
        yield Claim(start, end, what)


def tensors_fact(source: str, spans: Sequence[TensorSpan]) -> Fact:
    """Return the fact that repository rules compare with a config or a shard index."""
    listed: list[Json] = [[s.name[:MAX_NAME], s.dtype, list(s.shape)] for s in spans[:MAX_LISTED]]
    data: dict[str, Json] = {
        "source": source,
        "tensors": listed,
        "count": len(spans),
        "cut": len(spans) > MAX_LISTED,
        "bytes": sum(s.end - s.start for s in spans),
    }
    return Fact("tensors", (), data)
