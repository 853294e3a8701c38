"""A log's tiles: 256 hashes each, laid out so that any file server can serve them.

Source: https://c2sp.org/tlog-tiles
"""

import re
import struct
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from pratique.attest.tlog import merkle
from pratique.core.errors import EvidenceError

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
MAX_ENTRY: Final = (1 << 16) - 1
"""The longest entry that a bundle can hold."""
MAX_SIZE: Final = 1 << 40
MAX_PATH: Final = 100
_ENTRIES: Final = "entries"
_PATH = re.compile(
    r"tile/(?P<level>0|[1-9]\d?|entries)/(?P<n>(?:x\d{3}/)*\d{3})(?:\.p/(?P<w>[1-9]\d{0,2}))?"
)


class Tiles(Protocol):
    """Keeps what is written under a path; a tile that was written is never written differently."""

    def read(self, path: str) -> bytes:
        """Return what is under a path.

        Raises:
            EvidenceError: there is nothing.

        """

    def write(self, path: str, body: bytes) -> None:
        """Keep `body` under a path, safely on disk before it returns."""


def path(level: int | str, number: int, width: int = WIDTH) -> str:
    """Return where a tile stands: level, number in groups of three digits, width if not full."""
    digits = f"{number:03d}"
    digits = digits.rjust(-len(digits) // 3 * -3, "0")
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{name}" + ("" if width == WIDTH else f".p/{width}")


def is_path(text: str) -> bool:
    """Tell whether a text is the path of a tile, spelt in the one way that there is."""
    found = _PATH.fullmatch(text)
    if found is None or len(text) > MAX_PATH:
        return False
    number = int(found["n"].replace("x", "").replace("/", ""))
    width = int(found["w"]) if found["w"] else WIDTH
    return width <= WIDTH and text == path(found["level"], number, width)


def append(tiles: Tiles, size: int, entries: Sequence[bytes]) -> tuple[int, bytes]:
    """Add entries behind the first `size`; return the new size, and the hash over all.

    What is written before a checkpoint names it belongs to nobody: to append the same entries
    again, after a crash, writes the same tiles.

    Raises:
        ValueError: an entry is longer than `MAX_ENTRY`, or the log would be too long.
        EvidenceError: tiles of the first `size` entries are missing or cut.

    """
    if any(len(entry) > MAX_ENTRY for entry in entries):
        raise ValueError(f"an entry of more than {MAX_ENTRY} bytes")
    if size + len(entries) > MAX_SIZE:
        raise ValueError(f"a log of more than {MAX_SIZE} entries")
    fresh = [merkle.leaf(entry) for entry in entries]
    for number, held, added in _spread(size, entries):
        kept = tiles.read(path(_ENTRIES, number, held)) if held else b""
        body = kept + b"".join(struct.pack(">H", len(one)) + one for one in added)
        tiles.write(path(_ENTRIES, number, held + len(added)), body)
    level, start = 0, size
    while fresh:
        fresh = _grow(tiles, level, start, fresh)
        level, start = level + 1, start // WIDTH
    total = size + len(entries)
    return total, merkle.root(reader(tiles, total), total)


def _grow(tiles: Tiles, level: int, start: int, fresh: Sequence[bytes]) -> list[bytes]:
    """Add hashes behind the first `start` of a level; return those of tiles that became full."""
    above = []
    for number, held, added in _spread(start, fresh):
        kept = tiles.read(path(level, number, held)) if held else b""
        if len(kept) != held * merkle.SIZE:
            raise EvidenceError(f"{path(level, number, held)} is not as long as its name says")
        body = kept + b"".join(added)
        tiles.write(path(level, number, held + len(added)), body)
        if len(body) == WIDTH * merkle.SIZE:
            above.append(_top(body))
    return above


def reader(tiles: Tiles, size: int) -> merkle.Reader:
    """Return what answers for hashes of whole subtrees in a log of `size` entries."""
    kept: dict[str, bytes] = {}

    def read(level: int, index: int) -> bytes:
        high, low = divmod(level, HEIGHT)
        count = 1 << low
        number, first = divmod(index * count, WIDTH)
        width = min(WIDTH, (size >> (high * HEIGHT)) - number * WIDTH)
        where = path(high, number, width)
        if where not in kept:
            kept[where] = tiles.read(where)
        row = kept[where][first * merkle.SIZE : (first + count) * merkle.SIZE]
        if len(row) != count * merkle.SIZE:
            raise EvidenceError(f"{where} is not as long as its name says")
        return _top(row)

    return read


def entries(tiles: Tiles, size: int, start: int = 0) -> Iterator[bytes]:
    """Yield the entries of a log of `size` from number `start` on.

    Raises:
        EvidenceError: a bundle is missing or cut.

    """
    for number in range(start // WIDTH, -(-size // WIDTH)):
        width = min(WIDTH, size - number * WIDTH)
        where = path(_ENTRIES, number, width)
        rows = list(_unpacked(tiles.read(where), where))
        if len(rows) != width:
            raise EvidenceError(f"{where} holds {len(rows)} entries")
        yield from rows[max(0, start - number * WIDTH) :]


def _spread(size: int, rows: Sequence[bytes]) -> Iterator[tuple[int, int, Sequence[bytes]]]:
    """Yield (tile, how many it has, which are added) for rows that come behind `size` others."""
    at = 0
    while at < len(rows):
        number, held = divmod(size + at, WIDTH)
        added = rows[at : at + WIDTH - held]
        yield number, held, added
        at += len(added)


def _top(row: bytes) -> bytes:
    """Return the hash over a power of two of hashes that stand side by side."""
    hashes = [row[at : at + merkle.SIZE] for at in range(0, len(row), merkle.SIZE)]
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [merkle.node(left, right) for left, right in pairs]
    return hashes[0]


def _unpacked(body: bytes, where: str) -> Iterator[bytes]:
    at = 0
    while at < len(body):
        length = int.from_bytes(body[at : at + 2], "big")
        entry = body[at + 2 : at + 2 + length]
        if at + 2 > len(body) or len(entry) != length:
            raise EvidenceError(f"{where} is cut")
        yield entry
        at += 2 + length
