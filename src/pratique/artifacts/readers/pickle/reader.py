"""The reader of pickle files: plain, several in a row, joblib, dill, cloudpickle, object arrays."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.pickle import patterns
from pratique.artifacts.readers.pickle.recognise import is_pickle
from pratique.artifacts.readers.pickle.streams import Streams
from pratique.artifacts.readers.pickle.view import PickleStream

TORCH_MAGIC = re.compile(
    rb"\x80[\x02-\x05](?:\x95.{8})?\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19\.", re.DOTALL
)
"""The first stream of `torch.save(_use_new_zipfile_serialization=False)`: its magic number."""


class PickleReader(Reader):
    """Follows every stream of a pickle file symbolically; nothing is imported or called."""

    name: ClassVar[str] = "pickle"
    version: ClassVar[int] = 2
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (PickleStream,)

    def warm(self) -> None:
        """Compile the patterns of runs."""
        patterns.warm()

    def recognises(self, subject: Subject) -> bool:
        """Tell whether the bytes start a pickle, by a short trial run."""
        head = subject.head
        return TORCH_MAGIC.match(head) is None and is_pickle(head, subject.size, subject.blob)

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim for each stream, members for arrays and nested pickles, and one view."""
        streams = Streams(subject)
        end = streams.follow()
        yield from streams.items(end)
        if streams.failed is not None:
            raise streams.failed
