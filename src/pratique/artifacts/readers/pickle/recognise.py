"""Is this a pickle? By its first bytes and a short trial run, never by its name."""

import re
from dataclasses import dataclass

from pratique.artifacts.blob import Blob
from pratique.artifacts.readers.pickle.machine import Machine
from pratique.artifacts.readers.pickle.opcodes import follower
from pratique.artifacts.readers.pickle.record import Record
from pratique.core.errors import ArtifactError, LimitExceededError
from pratique.core.limits import KiB, Limits, MiB

TRIAL = 16 * KiB
WINDOW = 1 * MiB
TRIAL_LIMITS = Limits(opcodes=8192)
MOST_STREAMS = 8
"""Short streams before one that acts: so many are looked over."""
_MODERN = re.compile(rb"\x80[\x02-\x05]")
_OLD = re.compile(rb"\x80[\x00\x01]|[P(\]}cIFLSVNKMJGXUTBC)\x82-\x84\x88-\x8f\x95\x96]")
"""Every opcode that a stream can begin with: those that need nothing on the stack."""
_FOREIGN = re.compile(rb"PK[\x01-\x08][\x02-\x08]")
"""A zip, which also reads as a persistent id; a plain loader refuses such a stream."""
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*\Z")
_TEXTUAL = re.compile(rb"[\t\n\r\x20-\x7e]*\Z")
_TEXT_ENDS = (b"\n.", b"a.", b"s.", b"t.", b"b.", b"(l.", b"(d.")
_BRACKETED = frozenset(b"(]}")


@dataclass(frozen=True, slots=True)
class _Head:
    """The first bytes of a longer blob."""

    body: bytes
    size: int

    def read(self, at: int, count: int) -> bytes:
        """Return what of these bytes is in the head."""
        return self.body[at : at + max(0, count)] if at >= 0 else b""

    def read_into(self, at: int, buffer: memoryview) -> int:
        """Fill `buffer` with what of these bytes is in the head."""
        part = self.read(at, len(buffer))
        buffer[: len(part)] = part
        return len(part)


def is_pickle(head: bytes, size: int, blob: Blob | None = None, at: int = 0) -> bool:
    """Tell whether bytes start a pickle: `head` its first bytes, `size` how many there are.

    `blob` and `at` are where more of them can be read: without a protocol's mark, the first
    kilobytes may be lines that only what follows shows to be a pickle's.
    """
    body = head[:TRIAL]
    modern = _MODERN.match(body) is not None
    if not modern and (not _OLD.match(body) or _FOREIGN.match(body)):
        return False
    record = Record()
    machine = follower(_Head(body, size), 0, record, TRIAL_LIMITS)
    try:
        end = machine.run()
    except LimitExceededError:
        return modern or _calls(record) or _varied(body) or _after_padding(body, blob, at)
    except ArtifactError:
        if _broken(machine, record, modern=modern, cut=size > len(body)):
            return True
        broke = machine.at
        cut = broke >= len(body) - 1024 or b"\n" not in body[broke:]
        return size > len(body) and cut and blob is not None and _goes_on(blob, at, size)
    if modern or _calls(record):
        return True
    if end != size:
        return _acts_later(body, end, size)
    return bool(record.persistent) or _imports(record) or _certain(body[:end])


def _goes_on(blob: Blob, at: int, size: int) -> bool:
    """Try again with as many bytes as it takes; opcodes are still counted."""
    record, head = Record(), blob.read(at, TRIAL)
    machine = follower(blob, at, record, TRIAL_LIMITS)
    try:
        end = machine.run()
    except LimitExceededError:
        return _varied(head) or _after_padding(head, blob, at)
    except ArtifactError:
        return _calls(record)
    return _calls(record) or bool(record.persistent) or _imports(record) or end == at + size


def _acts_later(body: bytes, end: int, size: int) -> bool:
    """Tell whether one of the next streams calls something, as files of several streams do."""
    for _ in range(MOST_STREAMS):
        record = Record()
        machine = follower(_Head(body[end:], size - end), 0, record, TRIAL_LIMITS)
        try:
            length = machine.run()
        except ArtifactError:
            return _calls(record)
        if _calls(record):
            return True
        end += length
    return False


def _after_padding(body: bytes, blob: Blob | None, at: int) -> bool:
    """Tell whether a stream that calls something follows the same few opcodes again and again."""
    padding, here = bytes(set(body)), at
    while blob is not None and (part := blob.read(here, WINDOW)):
        rest = part.lstrip(padding)
        here += len(part) - len(rest)
        if rest:
            record = Record()
            try:
                follower(blob, here, record, TRIAL_LIMITS).run()
            except ArtifactError:
                return _calls(record)
            return _calls(record)
    return False


def _varied(body: bytes) -> bool:
    """Tell whether bytes are more than one opcode again and again, as padding is."""
    return len(set(body)) > 3  # noqa: PLR2004 - a push, a pop and a line's end


def _broken(machine: Machine, record: Record, *, modern: bool, cut: bool) -> bool:
    """Tell whether a stream that does not reach its end, or the head's, is a pickle still."""
    if _calls(record):
        return True
    if cut and machine.at >= TRIAL - 1024:
        return modern or (machine.protocol > 0 and _imports(record))
    return modern and (machine.at > 3 or machine.buf[2:3] == b"\x95")  # noqa: PLR2004 - more than PROTO and one opcode


def _imports(record: Record) -> bool:
    found = list(record.imports.values())
    return bool(found) and all(
        i.computed or (_NAME.match(i.module) and _NAME.match(i.name)) for i in found
    )


def _calls(record: Record) -> bool:
    """Tell whether something with a name as Python has them was called, with arguments."""
    return _imports(record) and any(c.kind != "INST" or c.args for c in record.calls.values())


def _certain(body: bytes) -> bool:
    """Tell whether a whole file that imports nothing is a pickle of protocol 0 or 1 for certain."""
    if _TEXTUAL.match(body):
        return body[:1] in b"(IFLSV" and body.endswith(_TEXT_ENDS) and b"\n" in body
    return len(body) > 3 and body[0] in _BRACKETED and b"q" in body  # noqa: PLR2004 - a container, its memo entry and STOP
