"""Reads the weights file of a Core ML package: records of 64 bytes that name their data.

Format: mlmodel/src/MILBlob/Blob/StorageFormat.hpp of coremltools.
"""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.tensor_layout import claims_of, tensors_fact
from pratique.artifacts.readers.window import Window
from pratique.artifacts.views import TensorSpan, TensorTable
from pratique.core.errors import LimitExceededError, MalformedError

RECORD = 64
MARK = (0xDEADBEEF).to_bytes(4, "little")
VERSION = 2
MAX_RECORDS = 300_000
_DTYPES = {1: ("f16", 2), 2: ("f32", 4), 3: ("u8", 1), 4: ("i8", 1), 5: ("bf16", 2), 6: ("i16", 2),
           7: ("u16", 2), 14: ("i32", 4), 15: ("u32", 4)}  # fmt: skip


class CoremlWeightsReader(Reader):
    """Follows each record to its data; records and data come by turns, 64 bytes aligned."""

    name: ClassVar[str] = "coreml-weights"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TensorTable,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the version in the header and the mark of the first record."""
        head = subject.head
        version = int.from_bytes(head[4:8], "little")
        sound = version == VERSION and not head[8:RECORD].strip(b"\0")
        return sound and head[RECORD : RECORD + 4] == MARK

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield one tensor for each record, and claims.

        Raises:
            MalformedError: a record is none, or its data lies outside of the file.
            LimitExceededError: more records than are followed.

        """
        window, spans, at = Window(subject.blob), list[TensorSpan](), RECORD
        count = window.u32(0)
        if count > MAX_RECORDS:
            raise LimitExceededError(f"more than {MAX_RECORDS} records")
        yield Claim(0, RECORD, "core ml header")
        for number in range(count):
            if window.take(at, 4) != MARK:
                raise MalformedError(f"record {number} does not begin with its mark", at)
            dtype, size = window.u32(at + 4), window.u64(at + 8)
            start = window.u64(at + 16)
            if start < at + RECORD or start > at + 2 * RECORD or start + size > subject.size:
                raise MalformedError(f"record {number} names {size} bytes at {start}", at)
            word, width = _DTYPES.get(dtype, ("v1", 1))
            spans.append(TensorSpan(f"{at:#x}", word, (size // width,), start, start + size))
            yield Claim(at, at + RECORD, "core ml record")
            at = (start + size + RECORD - 1) // RECORD * RECORD
        yield from claims_of(spans)
        yield TensorTable(source=self.name, tensors=tuple(spans), covered=subject.size)
        yield tensors_fact(self.name, spans)
