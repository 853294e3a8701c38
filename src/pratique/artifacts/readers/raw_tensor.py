"""Reads a member that its container says is the raw elements of one tensor."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.tensor_layout import BITS, bytes_of
from pratique.artifacts.views import TensorSpan, TensorTable
from pratique.core.errors import MalformedError


class RawTensorReader(Reader):
    """Reads what has no header of its own: a storage of a torch zip, an array inside a pickle."""

    name: ClassVar[str] = "raw-tensor"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TensorTable,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by what the container says; the bytes of a tensor look like nothing."""
        return subject.role is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Claim all bytes, and show them as one tensor when their number fits."""
        role = subject.role
        if role is None:
            return
        yield Claim(0, subject.size, "tensor elements")
        known = role.dtype in BITS and all(dim >= 0 for dim in role.shape)
        need = bytes_of(role.dtype, role.shape) if known else subject.size
        span = TensorSpan(role.name, role.dtype, role.shape, 0, subject.size)
        yield TensorTable(source=self.name, tensors=(span,), covered=subject.size)
        if need != subject.size:
            says = f"the container says {need} bytes of {role.dtype}, the member has {subject.size}"
            raise MalformedError(says)
