"""Datasets: where their elements lie, how much of them is stored, and what they hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pratique.artifacts.reader import HEAD, Item, Member, Subject, TensorRole
from pratique.artifacts.readers.hdf5 import layouts
from pratique.artifacts.readers.hdf5.attributes import shared_type
from pratique.artifacts.readers.hdf5.datatypes import SEQUENCE, STRING, Space, Type, read_space
from pratique.artifacts.readers.hdf5.filters import Filter, read_filters, undo, unknown
from pratique.artifacts.readers.hdf5.headers import (
    DATASPACE,
    DATATYPE,
    EXTERNAL,
    FILTERS,
    LAYOUT,
    SHARED,
    Message,
)
from pratique.artifacts.readers.hdf5.heaps import GlobalHeaps, local_heap, named
from pratique.artifacts.readers.hdf5.layouts import Chunk, Layout, chunks, read_layout
from pratique.artifacts.readers.hdf5.outside import virtual_files
from pratique.artifacts.readers.hdf5.source import Source
from pratique.artifacts.readers.hdf5.told import Told
from pratique.artifacts.readers.hdf5.values import BYTES, Shown, parts
from pratique.artifacts.readers.pickle.recognise import is_pickle
from pratique.artifacts.readers.tensor_layout import MAX_NAME
from pratique.artifacts.views import TensorSpan
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.limits import MiB

MAX_CHUNK = 256 * MiB
MAX_VALUES = 16 * MiB
"""Texts and byte strings of one dataset that are looked at one by one."""
MAX_PARTS = 10_000
PICTURES = (b"\x89PNG", b"\xff\xd8\xff")
"""What bytes of a dataset may honestly be, packed once more."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset, as its header tells it."""

    path: str
    type: Type
    space: Space
    layout: Layout
    filters: tuple[Filter, ...]

    @property
    def declared(self) -> int:
        """Return the bytes that its shape stands for."""
        return self.space.count * self.type.size

    @property
    def chunk(self) -> int:
        """Return the bytes of a whole chunk."""
        size = self.type.size
        for dim in self.layout.dims:
            size *= dim
        return size


class Datasets:
    """Reads datasets one after the other; keeps spans and sizes."""

    def __init__(self, subject: Subject, source: Source, heaps: GlobalHeaps, told: Told) -> None:
        self.spans: list[TensorSpan] = []
        self.lost: list[str] = []
        self.shown = Shown()
        self._subject, self._source, self._heaps, self._told = subject, source, heaps, told

    def read(self, path: str, found: Sequence[Message]) -> Iterator[Item]:
        """Yield what is in a dataset; note where it lies.

        Raises:
            MalformedError: its header or its index is broken.
            LimitExceededError: a bound was hit.

        """
        dataset = self._header(path, found)
        if dataset is None:
            return
        self._told.datasets += 1
        self._told.filters |= {f.name for f in dataset.filters}
        if any(self._outside(dataset, message) for message in found if message.kind == EXTERNAL):
            self._told.sized(path, dataset.space.shape, 0, 0)
            return
        before = len(self.spans)
        try:
            stored, items = self._stored(dataset)
        except (MalformedError, LimitExceededError):
            self._told.sized(path, dataset.space.shape, dataset.declared, 0)
            raise
        self._told.sized(path, dataset.space.shape, dataset.declared, stored)
        del self.spans[self._subject.limits.tensors :]
        if len(self.spans) == self._subject.limits.tensors > before:
            self._lose("more tensors than are listed")
        yield from items

    def _lose(self, why: str) -> None:
        if len(self.lost) < MAX_PARTS and why not in self.lost:
            self.lost.append(why)

    def _header(self, path: str, found: Sequence[Message]) -> Dataset | None:
        by_kind = {m.kind: m for m in reversed(found)}
        if LAYOUT not in by_kind or DATATYPE not in by_kind:
            return None
        source = self._source
        told = by_kind[DATATYPE]
        kind = shared_type(
            source, source.sized(told.body, told.at), shared=bool(told.flags & SHARED)
        )
        space, layout, pipeline = (by_kind.get(k) for k in (DATASPACE, LAYOUT, FILTERS))
        if space is None or layout is None:
            raise MalformedError("a dataset has no shape")
        if any(m is not None and m.flags & SHARED for m in (space, pipeline)):
            raise LimitExceededError("messages that stand in a table of their own")
        return Dataset(
            path,
            kind,
            read_space(source.sized(space.body, space.at)),
            read_layout(source.sized(layout.body, layout.at)),
            read_filters(source.sized(pipeline.body, pipeline.at)) if pipeline else (),
        )

    def _outside(self, dataset: Dataset, message: Message) -> bool:
        """Note the files that a list of external files names; tell whether there is one."""
        words = self._source.sized(message.body, message.at)
        words.take(4)
        words.take(2)
        count = words.number(2)
        heap = local_heap(self._source, words.offset())
        for _ in range(min(count, MAX_PARTS)):
            self._told.outside(dataset.path, "storage", named(heap, words.length()))
            words.length()
            words.length()
        return count > 0

    def _stored(self, dataset: Dataset) -> tuple[int, Iterator[Item]]:
        """Return how many bytes are stored, and what they hold."""
        layout = dataset.layout
        if layout.kind == layouts.COMPACT:
            self._span(dataset, layout.at, layout.size)
            return layout.size, self._values(dataset, [layout.inside], layout.at)
        if layout.kind == layouts.VIRTUAL:
            block = self._heaps.get(layout.address, layout.index)
            for file in virtual_files(block):
                self._told.outside(dataset.path, "virtual", file)
            return dataset.declared, iter(())
        if layout.kind == layouts.CONTIGUOUS:
            return self._contiguous(dataset)
        return self._chunked(dataset)

    def _contiguous(self, dataset: Dataset) -> tuple[int, Iterator[Item]]:
        layout = dataset.layout
        if layout.address is None:
            return 0, iter(())
        size = dataset.declared if layout.size < 0 else layout.size
        start, end = self._source.place(layout.address, size, "the elements of a dataset")
        self._source.marks.add(start, end)
        self._span(dataset, start, size)
        body = self._source.blob.read(start, min(size, MAX_VALUES)) if _told(dataset) else b""
        return size, self._values(dataset, [body], start, short=size > MAX_VALUES)

    def _span(self, dataset: Dataset, start: int, size: int) -> None:
        if dataset.type.kind == SEQUENCE or not size:
            return
        shape = dataset.space.shape
        if size != dataset.declared:
            item = max(1, dataset.type.size)
            shape, size = (size // item,), size // item * item
        self.spans.append(
            TensorSpan(dataset.path[:MAX_NAME], dataset.type.word, shape, start, start + size)
        )

    def _chunked(self, dataset: Dataset) -> tuple[int, Iterator[Item]]:
        whole, stored = dataset.chunk, 0
        rows: list[Chunk] = []
        for chunk in chunks(self._source, dataset.layout, dataset.space.shape, dataset.type.size):
            size = chunk.size or whole
            start, end = self._source.place(chunk.address, size, "a chunk")
            self._source.marks.add(start, end)
            stored += size
            if dataset.filters or dataset.type.kind == SEQUENCE:
                rows.append(Chunk(chunk.address, size, chunk.mask))
            else:
                self._span(dataset, start, size)
        if dataset.filters and (names := unknown(dataset.filters)):
            self._lose(f"elements packed with {names} were not looked into")
            return stored, iter(())
        return stored, self._members(dataset, rows) if rows else self._few(dataset)

    def _few(self, dataset: Dataset) -> Iterator[Item]:
        """Show the texts of chunks that are not packed."""
        if not _told(dataset):
            return
        for span in [s for s in self.spans if s.name == dataset.path[:MAX_NAME]][:MAX_PARTS]:
            size = min(span.end - span.start, MAX_VALUES)
            body = self._source.blob.read(span.start, size)
            yield from self._values(dataset, [body], span.start)

    def _members(self, dataset: Dataset, rows: Sequence[Chunk]) -> Iterator[Item]:
        """Show what packed chunks hold, as one member; texts by themselves."""
        if dataset.chunk > MAX_CHUNK:
            raise LimitExceededError(f"a chunk of {dataset.chunk} bytes is not unpacked")
        if dataset.type.kind in {SEQUENCE, STRING}:
            for body in self._unpacked(dataset, rows):
                yield from self._values(dataset, [body], 0)
            return
        with self._subject.scratch.unpack(self._unpacked(dataset, rows)) as blob:
            name = dataset.path.strip("/") or "dataset"
            if dataset.type.word in BYTES and blob.read(0, 4).startswith(PICTURES):
                yield Member(name, blob, opaque=True)
                return
            item = max(1, dataset.type.size)
            whole = blob.size % item == 0
            role = TensorRole(
                dataset.path[:MAX_NAME],
                dataset.type.word if whole else f"v{item}",
                (blob.size // item,),
            )
            yield Member(name, blob, role)

    def _unpacked(self, dataset: Dataset, rows: Sequence[Chunk]) -> Iterator[bytes]:
        for chunk in rows:
            start, end = self._source.place(chunk.address, chunk.size, "a chunk")
            if end - start > MAX_CHUNK:
                raise LimitExceededError(f"a chunk of {end - start} bytes is not unpacked")
            body = self._source.blob.read(start, end - start)
            made = undo(dataset.filters, chunk.mask, body, dataset.chunk)
            self._subject.budget.take_bytes(len(made))
            yield made

    def _values(
        self, dataset: Dataset, bodies: Sequence[bytes], at: int, *, short: bool = False
    ) -> Iterator[Item]:
        if not _told(dataset):
            return
        for body in bodies:
            texts, partial = parts(dataset.type, body, self._source, self._heaps)
            if dataset.type.word in BYTES:
                texts = [text for text in texts if is_pickle(text[:HEAD], len(text))]
            partial = partial or ("texts past the first were not read" if short else "")
            if texts:
                yield from self.shown.values(dataset.path, texts, at, partial)


def _told(dataset: Dataset) -> bool:
    """Tell whether a dataset may hold words or pickles, by the type of its elements."""
    kind = dataset.type
    return kind.kind in {SEQUENCE, STRING} or kind.word in BYTES or kind.word.startswith("v")
