"""Exact statistics of tensors from their bit patterns, window by window, in a few fast sweeps.

Floating-point numbers are sign and magnitude, so their order, their zeros, NaN and Inf can be told
from integer reductions that numpy runs at memory speed; nothing is decoded but the extremes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pratique.artifacts.measures.dtypes import LAYOUTS, RAW, Layout
from pratique.artifacts.views import TensorSpan, TensorStats
from pratique.core.limits import KiB, MiB

PIECE = 1 * MiB
"""Bytes swept at a time: several sweeps over one piece find it in the cache."""
SMALL = 16 * KiB
"""Tensors up to this size are measured many at a time."""
FEW = 8
GATHER = 512 * KiB
LOOK_AHEAD = SMALL
"""How far behind its end a window must still show bytes."""

Words = npt.NDArray[np.unsignedinteger]
Ints = npt.NDArray[np.int64]
_FLOATS = {("u8", 0x7FF0 << 48): "<f8", ("u4", 0x7F80_0000): "<f4", ("u2", 0x7C00): "<f2"}


@dataclass(slots=True)
class _Swept:
    """What a sweep over one piece of one tensor saw; `low` and `high` None without finite words."""

    nan: int = 0
    inf: int = 0
    zeros: int = 0
    low: float | None = None
    high: float | None = None
    constant: bool = False


class TensorStatistics:
    """Accumulates over windows that are shown in ascending order."""

    def __init__(self, spans: Iterable[TensorSpan], size: int) -> None:
        self.spans, self.skipped = _disjoint(spans, size)
        count = len(self.spans)
        self._starts = np.fromiter((s.start for s in self.spans), np.int64, count)
        self._ends = np.fromiter((s.end for s in self.spans), np.int64, count)
        self._small = (self._ends - self._starts) <= SMALL
        self._nan = np.zeros(count, np.int64)
        self._inf = np.zeros(count, np.int64)
        self._zeros = np.zeros(count, np.int64)
        self._low = np.full(count, np.inf)
        self._high = np.full(count, -np.inf)
        self._constant = np.ones(count, np.bool_)
        self._first: dict[int, bytes] = {}

    def window(self, base: int, window: bytes, start: int, end: int) -> None:
        """Measure the units that begin at `start` to `end` of a window that lies at `base`."""
        low = int(np.searchsorted(self._ends, base + start, side="right"))
        high = int(np.searchsorted(self._starts, base + end, side="left"))
        begins = self._starts[low:high] >= base + start
        batch = np.flatnonzero(self._small[low:high] & begins) + low
        if len(batch) < FEW:
            batch = batch[:0]
        single = np.setdiff1d(np.arange(low, high), batch, assume_unique=True)
        for index in single.tolist():
            self._tensor(index, base, window, (start, end))
        if len(batch):
            self._batches(batch, base, window)

    def result(self) -> Iterator[TensorStats]:
        """Yield the statistics of each tensor, by offset."""
        for i, span in enumerate(self.spans):
            layout = layout_of(span)
            elements = _elements(span, layout)
            finite = bool(self._low[i] <= self._high[i]) and layout.decoded
            zeros, constant = self._verdict(i, layout, elements)
            yield TensorStats(
                span=span,
                elements=elements,
                nan=int(self._nan[i]),
                inf=int(self._inf[i]),
                zeros=zeros,
                constant=constant and span.end > span.start,
                minimum=float(self._low[i]) if finite else 0.0,
                maximum=float(self._high[i]) if finite else 0.0,
                decoded=layout.decoded,
            )

    def _verdict(self, i: int, layout: Layout, elements: int) -> tuple[int, bool]:
        """Return the zeros and whether the tensor is constant, as far as its type tells."""
        zeros, constant = int(self._zeros[i]), bool(self._constant[i])
        if layout.scales:  # equal scales are normal; scales that are all zero leave nothing
            return zeros, 0 < elements == zeros
        if not layout.decoded and constant and not any(self._first.get(i, b"\1")):
            return elements, True
        return zeros, constant

    def _tensor(self, index: int, base: int, window: bytes, part: tuple[int, int]) -> None:
        """Sweep the units of one tensor that begin in this window, a piece at a time."""
        layout = layout_of(self.spans[index])
        first = int(self._starts[index])
        begin = max(base + part[0], first)
        begin += -(begin - first) % layout.size
        stop = min(base + part[1], int(self._ends[index]))
        units = max(0, -(-(stop - begin) // layout.size))
        units = min(units, max(0, (len(window) + base - begin) // layout.size))
        step = max(1, PIECE // layout.size)
        for at in range(0, units, step):
            words = _words(layout, window, begin - base + at * layout.size, min(step, units - at))
            self._add(index, layout, words)

    def _add(self, index: int, layout: Layout, words: Words) -> None:
        first = self._first.setdefault(index, words.reshape(-1)[:1].tobytes())
        swept = _sweep(layout, words, int.from_bytes(first, "little"))
        self._nan[index] += swept.nan
        self._inf[index] += swept.inf
        self._zeros[index] += swept.zeros
        self._constant[index] &= swept.constant
        if swept.low is not None and swept.high is not None:
            self._low[index] = min(self._low[index], swept.low)
            self._high[index] = max(self._high[index], swept.high)

    def _batches(self, batch: Ints, base: int, window: bytes) -> None:
        kinds: dict[str, list[int]] = {}
        for index in batch.tolist():
            kinds.setdefault(self.spans[index].dtype, []).append(index)
        for dtype, indices in kinds.items():
            layout = LAYOUTS.get(dtype, RAW)
            chosen = np.array(indices, np.int64)
            starts = self._starts[chosen] - base
            units = np.minimum(self._ends[chosen] - base, len(window)) - starts
            units //= layout.size
            full = units > 0
            for part in _portions(units[full] * layout.size):
                words = _gather(layout, window, starts[full][part], units[full][part])
                words = words.T.reshape(-1) if layout.scales else words
                self._add_many(chosen[full][part], layout, words, units[full][part])

    def _add_many(self, indices: Ints, layout: Layout, words: Words, units: Ints) -> None:
        """Do what `_add` does for many small tensors whose words lie one after the other."""
        columns = max(1, len(layout.scales))
        counts = units * columns
        at = np.cumsum(counts) - counts
        # Without decoding, the first word decides between zeros and another constant.
        self._first.update(zip(indices.tolist(), _each(words[at]), strict=True))
        self._constant[indices] = np.maximum.reduceat(words, at) == np.minimum.reduceat(words, at)
        if layout.infinity:
            magnitude = words & words.dtype.type(_sign(words) - 1)
            nan, inf = _special(layout, magnitude)
            zero = magnitude == 0
            finite = ~(nan | inf)
            self._nan[indices] = np.add.reduceat(nan, at, dtype=np.int64)
            self._inf[indices] = np.add.reduceat(inf, at, dtype=np.int64)
        else:
            zero = words == 0
            finite = np.ones(len(words), np.bool_)
        if layout.scales:
            whole = zero.reshape(-1, columns).all(axis=1)
            total = np.add.reduceat(whole, at // columns, dtype=np.int64)
            self._zeros[indices] = total * layout.elements
        elif layout.decoded:
            self._zeros[indices] = np.add.reduceat(zero, at, dtype=np.int64)
            values = decode(layout, words)
            with np.errstate(invalid="ignore"):
                lows = np.minimum.reduceat(np.where(finite, values, np.inf), at)
                highs = np.maximum.reduceat(np.where(finite, values, -np.inf), at)
            self._low[indices] = lows
            self._high[indices] = highs


def layout_of(span: TensorSpan) -> Layout:
    """Return how a tensor's elements lie in memory."""
    return LAYOUTS.get(span.dtype, RAW)


def decode(layout: Layout, words: Words) -> npt.NDArray[np.float64]:
    """Return the values of bit patterns; only extremes and small tensors are ever decoded."""
    with np.errstate(invalid="ignore"):  # signalling NaNs: replaced right after
        return _decode(layout, words)


def _decode(layout: Layout, words: Words) -> npt.NDArray[np.float64]:
    if layout.infinity == 0x7F80 and layout.word == "u2":  # noqa: PLR2004 - bfloat16
        return (words.astype("<u4") << 16).view("<f4").astype(np.float64)
    if layout.infinity and layout.word == "u1":
        return np.take(_FLOAT8[layout.infinity], words)
    if layout.infinity:
        return words.view(_FLOATS[layout.word, layout.infinity]).astype(np.float64)
    if layout.signed:
        return words.view(np.dtype(words.dtype.str.replace("u", "i"))).astype(np.float64)
    return words.astype(np.float64)


def _float8(exponent_bits: int) -> npt.NDArray[np.float64]:
    """Return the 256 values of a float8 (OCP 8-bit floating point), NaN and Inf not set apart."""
    mantissa_bits = 7 - exponent_bits
    bits = np.arange(256)
    exponent = (bits & 0x7F) >> mantissa_bits
    fraction = (bits & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
    bias = (1 << (exponent_bits - 1)) - 1
    scale = 2.0 ** (np.maximum(exponent, 1) - bias)
    value: npt.NDArray[np.float64] = np.where(exponent > 0, 1 + fraction, fraction) * scale
    value[128:] *= -1
    return value


_FLOAT8 = {LAYOUTS["f8_e5m2"].infinity: _float8(5), LAYOUTS["f8_e4m3"].infinity: _float8(4)}


def _disjoint(spans: Iterable[TensorSpan], size: int) -> tuple[list[TensorSpan], int]:
    """Return the spans by offset without those that share bytes: each byte is swept once."""
    kept: list[TensorSpan] = []
    skipped = at = 0
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if span.start < at or span.end > size or span.end < span.start:
            skipped += 1
        else:
            kept.append(span)
            at = span.end
    return kept, skipped


def _elements(span: TensorSpan, layout: Layout) -> int:
    if layout is RAW:
        count = 1
        for dim in span.shape:
            count *= dim
        return count
    return (span.end - span.start) // layout.size * layout.elements


def _words(layout: Layout, window: bytes, at: int, units: int) -> Words:
    """Return the words of `units` units at `at`: all, or a row for each scale of a block."""
    width = int(layout.word[1])
    words = np.frombuffer(window, "<" + layout.word, units * layout.size // width, at)
    if layout.scales:
        blocks = words.reshape(units, layout.size // width)
        words = np.empty((len(layout.scales), units), words.dtype)
        for row, offset in zip(words, layout.scales, strict=True):
            row[:] = blocks[:, offset // width]
    elif not words.flags.aligned:
        words = words.copy()
    return words


def _gather(layout: Layout, window: bytes, starts: Ints, units: Ints) -> Words:
    """Return the words of many tensors, copied together unless they lie so already."""
    sizes = units * layout.size
    if np.array_equal(starts[1:], starts[:-1] + sizes[:-1]):
        return _words(layout, window, int(starts[0]), int(units.sum()))
    body = np.frombuffer(window, np.uint8)
    before = np.cumsum(sizes) - sizes
    places = np.repeat(starts - before, sizes) + np.arange(int(sizes.sum()))
    return _words(layout, body[places].tobytes(), 0, int(units.sum()))


def _portions(sizes: Ints) -> Iterator[slice]:
    """Yield slices of tensors whose bytes together stay under GATHER."""
    if not len(sizes):
        return
    slots = np.cumsum(sizes) // GATHER
    cuts = [0, *(np.flatnonzero(np.diff(slots)) + 1).tolist(), len(sizes)]
    yield from (slice(a, b) for a, b in pairwise(cuts))


def _each(words: Words) -> Sequence[bytes]:
    width = words.dtype.itemsize
    body = words.tobytes()
    return [body[i : i + width] for i in range(0, len(body), width)]


def _sign(words: Words) -> int:
    return 1 << (8 * words.dtype.itemsize - 1)


def _special(
    layout: Layout, magnitude: Words
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which magnitudes are NaN, and which are infinite."""
    nan = magnitude > layout.infinity
    if layout.no_infinity:
        return nan, np.zeros(len(magnitude), np.bool_)
    return nan, magnitude == layout.infinity


def _sweep(layout: Layout, words: Words, first: int) -> _Swept:
    """Measure one piece; `first` is the tensor's first word."""
    if not layout.decoded and not layout.infinity:
        same = int(words.max()) == first == int(words.min())
        return _Swept(constant=same)
    if not layout.infinity:
        return _sweep_integers(layout, words, first)
    swept = _sweep_floats(layout, words.reshape(-1), first)
    if layout.scales:
        nonzero = np.bitwise_or.reduce(words, axis=0) & words.dtype.type(0x7FFF)
        swept.zeros = (len(nonzero) - int(np.count_nonzero(nonzero))) * layout.elements
    return swept


def _sweep_integers(layout: Layout, words: Words, first: int) -> _Swept:
    swept = _Swept(zeros=len(words) - int(np.count_nonzero(words)))
    if layout.signed:
        values = words.view(words.dtype.str.replace("u", "i"))
        low, high = int(values.min()), int(values.max())
        bits = 2 * _sign(words)
        swept.constant = low == high and low % bits == first
    else:
        low, high = int(words.min()), int(words.max())
        swept.constant = low == high == first
    swept.low, swept.high = float(low), float(high)
    return swept


def _sweep_floats(layout: Layout, words: Words, first: int) -> _Swept:
    """Measure sign-and-magnitude words by four reductions; the rare rest only where needed."""
    if not len(words):
        return _Swept()
    sign = _sign(words)
    signed = words.view(words.dtype.str.replace("u", "i"))
    top = int(words.max())  # the most negative value, when its sign bit is set
    high = int(signed.max())  # the greatest value, when it is not negative
    limit = layout.infinity + layout.no_infinity
    if high >= limit or top >= sign + limit:
        return _sweep_specials(layout, words, first)
    swept = _Swept(zeros=len(words) - int(np.count_nonzero(words)))
    if top >= sign and int(signed.min()) == -sign:
        swept.zeros += int(np.count_nonzero(words == sign))
    one_sign = top < sign or high < 0
    bottom = int(words.min()) if one_sign else 0
    swept.constant = one_sign and top == bottom == first
    ends = np.array([top if top >= sign else bottom, max(high, bottom)], words.dtype)
    swept.low, swept.high = (float(v) for v in decode(layout, ends))
    return swept


def _sweep_specials(layout: Layout, words: Words, first: int) -> _Swept:
    magnitude = words & words.dtype.type(_sign(words) - 1)
    nan, inf = _special(layout, magnitude)
    rest = words[~(nan | inf)]
    swept = _sweep_floats(layout, rest, first)
    swept.nan, swept.inf = int(np.count_nonzero(nan)), int(np.count_nonzero(inf))
    swept.constant = int(words.max()) == int(words.min()) == first
    return swept
