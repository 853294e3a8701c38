"""Merkle trees over a list of entries, their inclusion and consistency proofs, and both checks.

Source: RFC 6962 section 2.1 (hashes and proofs), RFC 9162 sections 2.1.3.2 and 2.1.4.2 (checks).
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from pratique.core.errors import EvidenceError

SIZE: Final = 32
"""Bytes of a hash."""
EMPTY: Final = hashlib.sha256(b"").digest()

Reader: TypeAlias = "Callable[[int, int], bytes]"
"""Answers (level, index) with the hash of the whole subtree of `2**level` entries there."""


def leaf(entry: bytes) -> bytes:
    """Return the hash of one entry."""
    return hashlib.sha256(b"\0" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees that stand side by side."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Growing:
    """The hash over entries that come one after another, in memory for their count's digits."""

    def __init__(self) -> None:
        self.size = 0
        self._whole: list[bytes] = []

    def add(self, leaf_hash: bytes) -> None:
        """Take the hash of the next entry."""
        self._whole.append(leaf_hash)
        self.size += 1
        count = self.size
        while not count & 1:
            right = self._whole.pop()
            self._whole[-1] = node(self._whole[-1], right)
            count >>= 1

    def root(self) -> bytes:
        """Return the hash over all entries so far."""
        if not self._whole:
            return EMPTY
        top = self._whole[-1]
        for left in reversed(self._whole[:-1]):
            top = node(left, top)
        return top


def root(read: Reader, size: int) -> bytes:
    """Return the hash over the first `size` entries."""
    return _over(read, 0, size) if size else EMPTY


def inclusion(read: Reader, index: int, size: int) -> list[bytes]:
    """Return the proof that entry `index` is among the first `size`, from the leaf up.

    Raises:
        ValueError: there is no such entry.

    """
    if not 0 <= index < size:
        raise ValueError(f"entry {index} of {size}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_over(read, middle, end))
            end = middle
        else:
            proof.append(_over(read, start, middle))
            start = middle
    return proof[::-1]


def consistency(read: Reader, old: int, new: int) -> list[bytes]:
    """Return the proof that the first `old` entries still begin the first `new`.

    Raises:
        ValueError: `old` is more than `new`.

    """
    if not 0 <= old <= new:
        raise ValueError(f"{old} entries of {new}")
    if old in {0, new}:
        return []
    proof: list[bytes] = []
    start, end, whole = 0, new, True
    while old - start < end - start:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_over(read, middle, end))
            end = middle
        else:
            proof.append(_over(read, start, middle))
            start, whole = middle, False
    if not whole:
        proof.append(_over(read, start, end))
    return proof[::-1]


def check_inclusion(
    top: bytes, size: int, index: int, leaf_hash: bytes, proof: Sequence[bytes]
) -> None:
    """Make sure that a leaf is entry `index` of the tree of `size` entries under `top`.

    Raises:
        EvidenceError: it is not, or the proof is of another shape.

    """
    if not 0 <= index < size:
        raise EvidenceError(f"the log has no entry {index}: it holds {size}")
    at, last, got = index, size - 1, leaf_hash
    for step in proof:
        if last == 0:
            raise EvidenceError("the inclusion proof has more steps than the tree has levels")
        if at & 1 or at == last:
            got = node(step, got)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            got = node(got, step)
        at, last = at >> 1, last >> 1
    if last or got != top:
        raise EvidenceError(f"entry {index} is not in the log of {size} entries")


def check_consistency(
    old: int, new: int, old_top: bytes, new_top: bytes, proof: Sequence[bytes]
) -> None:
    """Make sure that the tree of `old` entries begins the tree of `new` entries.

    Raises:
        EvidenceError: it does not, or the proof is of another shape.

    """
    if not 0 <= old <= new:
        raise EvidenceError(f"a log of {new} entries cannot follow one of {old}")
    if old in {0, new}:
        same = old_top == (EMPTY if old == 0 else new_top)
        if proof or not same:
            raise EvidenceError(f"the log of {new} entries does not begin as it did at {old}")
        return
    steps = list(proof) if old & (old - 1) else [old_top, *proof]
    before, after = _both(old, new, steps)
    if before != old_top or after != new_top:
        raise EvidenceError(f"the log of {new} entries does not begin as it did at {old}")


def _both(old: int, new: int, steps: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the hashes over `old` and over `new` entries that a proof's steps make."""
    if not steps:
        raise EvidenceError("the consistency proof is empty")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise EvidenceError("the consistency proof has more steps than the tree has levels")
        if at & 1 or at == last:
            before, after = node(step, before), node(step, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node(after, step)
        at, last = at >> 1, last >> 1
    if last:
        raise EvidenceError("the consistency proof has fewer steps than the tree has levels")
    return before, after


def _split(size: int) -> int:
    """Return the greatest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _over(read: Reader, start: int, end: int) -> bytes:
    """Return the hash over entries from `start` up to `end`, which begin on a whole subtree."""
    size = end - start
    if not size & (size - 1):
        level = size.bit_length() - 1
        return read(level, start >> level)
    middle = start + _split(size)
    return node(_over(read, start, middle), _over(read, middle, end))
