"""Torch checkpoints from before 1.6: five pickles in a row, then each storage's bytes.

The streams are a magic number, the protocol 1001, what the machine was like, the object, and the
list of storage keys; each storage is its number of elements (8 bytes) and its data, in the order of
that list (torch/serialization.py, `_legacy_save`).
"""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.blob import cut
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, TensorRole, View
from pratique.artifacts.readers.pickle.reader import TORCH_MAGIC
from pratique.artifacts.readers.pickle.streams import Streams
from pratique.artifacts.readers.pickle.values import Box
from pratique.artifacts.readers.pickle.view import PickleStream
from pratique.artifacts.readers.tensor_layout import tensors_fact
from pratique.artifacts.readers.torch_roles import WIDTHS, learnt
from pratique.core.errors import MalformedError

STREAMS = 5
COUNT = 8


class TorchLegacyReader(Reader):
    """Follows the five pickles and shows each storage as a member with its role."""

    name: ClassVar[str] = "torch-legacy"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (PickleStream,)

    def recognises(self, subject: Subject) -> bool:
        """Tell whether the first stream is torch's magic number."""
        return TORCH_MAGIC.match(subject.head) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield claims and a view for the pickles, and a member for each storage.

        Raises:
            MalformedError: a stream or a storage is not there as the format says.

        """
        streams = Streams(subject, "torch-legacy")
        end = streams.follow(STREAMS)
        yield from streams.items(end)
        if streams.failed is not None:
            raise streams.failed
        if len(streams.spans) < STREAMS:
            raise MalformedError("a torch checkpoint needs five pickles", end)
        told = learnt(subject.blob, streams.spans[3].start, subject.limits)
        roles = told.roles()
        yield tensors_fact(self.name, told.tensors())
        keys = streams.values[4]
        listed = keys.items if isinstance(keys, Box) and keys.count == len(keys.items) else []
        order = [str(key) for key in listed if str(key) in roles]
        if len(order) != len(roles):
            order = sorted(roles)  # how torch orders them; longer lists are not remembered
        yield from _storages(subject, end, [roles[key] for key in order])


def _storages(subject: Subject, at: int, roles: list[TensorRole]) -> Iterator[Item]:
    for role in roles:
        count = int.from_bytes(subject.blob.read(at, COUNT), "little")
        end = at + COUNT + count * WIDTHS.get(role.dtype, 1)
        if end > subject.size:
            raise MalformedError(f"storage {role.name!r} does not fit into the file", at)
        yield Claim(at, end, "torch storage")
        blob = cut(subject.blob, at + COUNT, end)
        yield Member(
            f"storage@{at:#x}", blob, TensorRole(role.name, role.dtype, (count,)), opaque=True
        )
        at = end
