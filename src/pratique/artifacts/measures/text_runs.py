"""Find readable text in tensor bytes, where numbers look like none.

A block of 256 printable bytes does not happen by chance: even bytes of 8-bit weights, of which
two in five are printable, make one in 10^100. Blocks of few different bytes are constants or packed
zero points, and floats of one narrow range share their high byte: neither counts as text.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pratique.artifacts.views import TensorSpan, TextRun

BLOCK = 256
LEAST = 512
"""The shortest run that is told: two blocks side by side."""
PROBE = 8
DISTINCT = 10
"""Different bytes at least, in each of the two lanes of a block; hexadecimal text has 16."""
MAX_RUNS = 1_000
SAMPLE = 4_096
BEGINS = 60

_HIGH_BITS = np.uint64(0x8080_8080_8080_8080)
_PRINTABLE = np.zeros(256, np.bool_)
_PRINTABLE[[9, 10, 13, *range(32, 127)]] = True


class TextRuns:
    """Collects runs of text over windows that are shown in ascending order."""

    def __init__(self, spans: Sequence[TensorSpan]) -> None:
        self._spans = spans
        self._starts = np.fromiter((s.start for s in spans), np.int64, len(spans))
        self._runs: list[list[int]] = []
        self._samples: list[bytes] = []
        self.partial = ""

    def window(self, base: int, window: bytes, start: int, end: int) -> None:
        """Look at whole blocks that begin at `start` to `end` of a window that lies at `base`."""
        start += -(base + start) % BLOCK
        rows = max(0, min(end - start + BLOCK - 1, len(window) - start) // BLOCK)
        if not rows or not len(self._starts):
            return
        body = np.frombuffer(window, np.uint8, rows * BLOCK, start).reshape(rows, BLOCK)
        heads = np.ascontiguousarray(body[:, :PROBE])
        maybe = np.flatnonzero(heads.view("<u8")[:, 0] & _HIGH_BITS == 0)  # as all ASCII is
        rows_left = maybe[_PRINTABLE[heads[maybe]].all(axis=1)]
        for part in np.array_split(rows_left, max(1, len(rows_left) // 1024)):
            text = part[_PRINTABLE[body[part]].all(axis=1)]
            for row, varied in zip(text.tolist(), _varied(body[text]), strict=True):
                self._block(window, base, start + row * BLOCK, varied=varied)

    def runs(self) -> tuple[TextRun, ...]:
        """Return the runs that are long enough, by offset."""
        return tuple(
            TextRun(at, end, self._spans[i], _first_line(sample), sample)
            for (i, at, end), sample in zip(self._runs, self._samples, strict=True)
            if end - at >= LEAST
        )

    def _block(self, window: bytes, base: int, where: int, *, varied: bool) -> None:
        at = base + where
        last = self._runs[-1] if self._runs else [-1, -1, -1]
        if last[2] != at and not varied:
            return
        index = int(np.searchsorted(self._starts, at, side="right")) - 1
        if index < 0 or at + BLOCK > self._spans[index].end:
            return
        if last[2] == at and last[0] == index:
            last[2] = at + BLOCK
            if len(self._samples[-1]) < SAMPLE:
                self._samples[-1] += window[where : where + BLOCK]
        elif varied:
            lead = _lead(window, max(where - BLOCK, self._spans[index].start - base, 0), where)
            self._begin([index, at - lead, at + BLOCK], window[where - lead : where + BLOCK])

    def _begin(self, run: list[int], sample: bytes) -> None:
        if self._runs and self._runs[-1][2] - self._runs[-1][1] < LEAST:
            self._runs.pop()  # it was too short, and nothing followed it
            self._samples.pop()
        if len(self._runs) >= MAX_RUNS:
            self.partial = f"more than {MAX_RUNS} runs of text in tensors"
            return
        self._runs.append(run)
        self._samples.append(sample)


def _lead(window: bytes, start: int, end: int) -> int:
    """Return how many bytes of text stand right before `end`, from `start` on."""
    odd = np.flatnonzero(~_PRINTABLE[np.frombuffer(window, np.uint8, end - start, start)])
    return end - start - (int(odd[-1]) + 1 if len(odd) else 0)


def _varied(blocks: npt.NDArray[np.uint8]) -> list[bool]:
    """Tell for each block whether both its lanes hold enough different bytes for a text."""
    enough = np.ones(len(blocks), np.bool_)
    for lane in (0, 1):
        ordered = np.sort(blocks[:, lane::2], axis=1)
        enough &= np.count_nonzero(np.diff(ordered, axis=1), axis=1) + 1 >= DISTINCT
    told: list[bool] = enough.tolist()
    return told


def _first_line(sample: bytes) -> str:
    return " ".join(sample[: 4 * BEGINS].decode("ascii").split())[:BEGINS]
