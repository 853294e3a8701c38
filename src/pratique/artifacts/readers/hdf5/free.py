"""What is left inside an HDF5 file when structures and elements are accounted for: free space."""

import re
from collections.abc import Iterator

from pratique.artifacts.blob import Blob, blocks, cut
from pratique.artifacts.readers.hdf5.source import Source
from pratique.artifacts.views import TextView
from pratique.core.limits import KiB

MAX_TEXTS = 200
MAX_TEXT = 64 * KiB
PIECE = KiB
_RARE = 30
"""One word in so many of a piece may be no likely weight: what stands around the elements."""
_LIKELY = bytes([0, *range(0x18, 0x44), *range(0x98, 0xC4)])
"""The highest byte of a 32-bit float between 1e-24 and 200, or of zero."""
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]{200,}")


class Free:
    """The runs that nothing accounts for.

    `used` is how many of their bytes are not zero, `odd` how many of those are no text either, and
    do not look like the 32-bit weights that stood in a deleted dataset.

    The library leaves such runs between blocks of metadata, and where objects were deleted.
    """

    def __init__(self, source: Source, blob: Blob) -> None:
        self._blob = blob
        self.runs = list(_left(source))
        self.used = self.odd = 0

    def shown(self) -> Iterator[TextView]:
        """Yield longer texts in free space; programs and archives the one pass finds anywhere."""
        left = MAX_TEXTS
        for start, end in self.runs:
            for at, block in blocks(cut(self._blob, start, end)):
                body = block.tobytes()
                self.used += len(body) - body.count(0)
                self.odd += _odd(body)
                for match in _TEXT.finditer(body):
                    if not left:
                        break
                    left -= 1
                    yield TextView(
                        text=match[0][:MAX_TEXT].decode("ascii"),
                        origin="hdf5:free space",
                        base=start + at + match.start(),
                        covered=min(len(match[0]), MAX_TEXT),
                    )


def _odd(body: bytes) -> int:
    found = 0
    for at in range(0, len(body), PIECE):
        piece = body[at : at + PIECE]
        if not _is_weights(piece):
            found += len(_TEXT.sub(b"", piece).replace(b"\0", b""))
    return found


def _is_weights(piece: bytes) -> bool:
    """Tell little-endian floats of 32 bits, wherever the first of them begins."""
    tops = (piece[start::4] for start in range(4))
    return any(len(top.translate(None, _LIKELY)) * _RARE < len(top) for top in tops)


def _left(source: Source) -> Iterator[tuple[int, int]]:
    at = source.base
    for start, end in sorted(source.marks.runs):
        if start > at:
            yield at, start
        at = max(at, end)
    if at < source.end:
        yield at, source.end
