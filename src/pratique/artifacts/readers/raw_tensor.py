"""Reads a member that its container says is the raw elements of one tensor."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.blob import cut
from pratique.artifacts.laid import REST, Laid
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.tensor_layout import BITS, bytes_of, claims_of
from pratique.artifacts.views import TensorSpan, TensorTable
from pratique.core.errors import MalformedError


class RawTensorReader(Reader):
    """Reads what has no header of its own: a storage of a torch zip, a shard of a checkpoint."""

    name: ClassVar[str] = "raw-tensor"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TensorTable,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by what the container or an index says; the bytes of a tensor look like nothing."""
        return subject.role is not None or bool(subject.laid)

    def read(self, subject: Subject) -> Iterator[Item]:
        """Claim all bytes, and show them as one tensor when their number fits."""
        role = subject.role
        if role is None:
            yield from _laid(subject)
            return
        yield Claim(0, subject.size, "tensor elements")
        known = role.dtype in BITS and all(dim >= 0 for dim in role.shape)
        need = bytes_of(role.dtype, role.shape) if known else subject.size
        span = TensorSpan(role.name, role.dtype, role.shape, 0, subject.size)
        yield TensorTable(source=self.name, tensors=(span,), covered=subject.size)
        if need != subject.size:
            says = f"the container says {need} bytes of {role.dtype}, the member has {subject.size}"
            raise MalformedError(says)


def _laid(subject: Subject) -> Iterator[Item]:
    """Claim what the tensors of an index take, and show those that are numbers."""
    spans = [_span(subject, one) for one in sorted(subject.laid, key=lambda one: one.start)]
    held = [span for span in spans if span.end <= subject.size]
    yield from claims_of(held, "tensor elements")
    shown = tuple(span for span in held if span.dtype)
    yield TensorTable(source="raw-tensor", tensors=shown, covered=subject.size)
    for span in held:
        if not span.dtype and span.end > span.start:
            blob = cut(subject.blob, span.start, span.end)
            yield Member(f"{span.name[:80]}@{span.start}", blob, opaque=True)
    beyond = next((span for span in spans if span.end > subject.size), None)
    if beyond is not None:
        says = f"the index says that tensor {beyond.name[:80]!r} ends at byte {beyond.end}"
        raise MalformedError(f"{says}; the file has {subject.size}", subject.size)


def _span(subject: Subject, one: Laid) -> TensorSpan:
    if one.size == REST:
        rest = max(0, subject.size - one.start)
        return TensorSpan(one.name, "u8", (rest,), one.start, one.start + rest)
    return TensorSpan(one.name, one.dtype, one.shape, one.start, one.start + one.size)
