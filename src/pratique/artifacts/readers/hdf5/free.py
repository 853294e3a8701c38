"""What is left inside an HDF5 file when structures and elements are accounted for: free space."""

import re
from collections.abc import Iterator

from pratique.artifacts.blob import Blob, blocks, cut
from pratique.artifacts.readers.hdf5.source import Source
from pratique.artifacts.views import TextView
from pratique.core.limits import KiB

MAX_TEXTS = 200
MAX_TEXT = 64 * KiB
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]{200,}")


class Free:
    """The runs that nothing accounts for.

    `used` is how many of their bytes are not zero, `odd` how many of those are no text either.

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
                self.odd += len(_TEXT.sub(b"", body).replace(b"\0", b""))
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


def _left(source: Source) -> Iterator[tuple[int, int]]:
    at = source.base
    for start, end in sorted(source.marks.runs):
        if start > at:
            yield at, start
        at = max(at, end)
    if at < source.end:
        yield at, source.end
