"""Reads MXNet: saved arrays (.params), and what a graph in JSON asks the host for.

Format: `NDArray::Save` in src/ndarray/ndarray.cc of Apache MXNet.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.tensor_layout import claims_of, elements_of, tensors_fact
from pratique.artifacts.readers.values import Values
from pratique.artifacts.readers.window import Window
from pratique.artifacts.readers.xgboost_model import shown_texts
from pratique.artifacts.views import HostCall, HostCode, ModelText, TensorSpan, TensorTable
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json

MARK = (0x112).to_bytes(8, "little") + bytes(8)
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
MAX_DIMS = 32
MAX_NAME = 64 * 1024
MAX_NODES = 1_000_000
MAX_CALLS = 1_000
HOST = frozenset({"Custom", "_Native", "_NDArray", "_CustomFunction", "_subgraph_custom"})
_DTYPES = {0: ("f32", 4), 1: ("f64", 8), 2: ("f16", 2), 3: ("u8", 1), 4: ("i32", 4), 5: ("i8", 1),
           6: ("i64", 8), 7: ("bool", 1), 8: ("i16", 2), 9: ("u16", 2), 10: ("u32", 4),
           11: ("u64", 8), 12: ("bf16", 2)}  # fmt: skip


def is_mxnet(document: Mapping[str, Any]) -> bool:
    """Tell a graph by its three lists."""
    return all(isinstance(document.get(key), list) for key in ("nodes", "arg_nodes", "heads"))


def read_mxnet(document: Mapping[str, Any], subject: Subject) -> Iterator[Item]:
    """Yield the texts of a graph, its operators that call the host, and a fact."""
    yield from shown_texts(document, subject.blob, "mxnet")
    calls: list[HostCall] = []
    for node in document["nodes"][:MAX_NODES]:
        if isinstance(node, dict) and node.get("op") in HOST and len(calls) < MAX_CALLS:
            told = node.get("attrs") or node.get("param") or node.get("attr")
            attrs = told if isinstance(told, dict) else {}
            calls.append(HostCall(str(node["op"]), str(attrs.get("op_type", ""))[:200]))
    yield HostCode(calls=tuple(calls), covered=subject.size)
    data: Json = {"nodes": len(document["nodes"]), "custom": [c.name for c in calls]}
    yield Fact("mxnet", subject.chain, data)


class MxnetParamsReader(Reader):
    """Follows arrays and their names by the sizes that they announce."""

    name: ClassVar[str] = "mxnet-params"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TensorTable, ModelText)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the mark of a list of arrays."""
        return subject.head.startswith(MARK) and subject.size >= 32  # noqa: PLR2004 - two counts

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield arrays as tensors, their names, and claims.

        Raises:
            MalformedError: an array is of no kind that is known, or goes beyond the end.
            LimitExceededError: more arrays than are listed.

        """
        walk, values = _Walk(subject), Values(subject.blob, self.name)
        broke: ArtifactError | None = None
        try:
            walk.run()
        except ArtifactError as e:
            broke = e
        yield Claim(0, min(walk.at, subject.size), "mxnet arrays")
        yield from claims_of(walk.spans)
        for at, size in walk.names:
            yield from values.take(at, at + size, "name")
        yield from values.rest()
        yield TensorTable(source=self.name, tensors=tuple(walk.spans), covered=subject.size)
        yield tensors_fact(self.name, walk.spans)
        if broke is not None:
            raise broke


class _Walk:
    def __init__(self, subject: Subject) -> None:
        self.at, self.spans, self.names = len(MARK), list[TensorSpan](), list[tuple[int, int]]()
        self._window, self._most = Window(subject.blob), subject.limits.tensors

    def run(self) -> None:
        """Walk the arrays, then the names."""
        for _ in range(self._count()):
            self._array()
        for _ in range(self._count()):
            size = self._window.u64(self.at)
            if size > min(MAX_NAME, self._window.size - self.at - 8):
                raise MalformedError(f"a name of {size} bytes", self.at)
            self.names.append((self.at + 8, size))
            self.at += 8 + size

    def _count(self) -> int:
        count = self._window.u64(self.at)
        if count > self._window.size:
            raise MalformedError(f"{count} arrays are announced, fewer bytes are left", self.at)
        if count > self._most:
            raise LimitExceededError(f"more than {self._most} arrays")
        self.at += 8
        return count

    def _array(self) -> None:
        window, at = self._window, self.at
        mark = window.u32(at)
        at += 4
        if mark in {V2, V3}:
            if window.i32(at) not in {-1, 0}:
                raise LimitExceededError("a sparse array is not taken apart")
            at += 4
        width = 4 if mark not in {V1, V2, V3} else 8
        dims, at = self._shape(at if width == 8 else at - 4, width)  # noqa: PLR2004 - bytes of a number
        if dims is None:
            self.at = at
            return
        dtype = window.i32(at + 8)
        count = elements_of(dims)
        at += 12
        if dtype not in _DTYPES or count is None:
            raise MalformedError(f"an array of type {dtype}", at)
        end = at + count * _DTYPES[dtype][1]
        if end > window.size:
            raise MalformedError(f"an array of {dims} goes beyond the end", self.at)
        self.spans.append(TensorSpan(str(len(self.spans)), _DTYPES[dtype][0], tuple(dims), at, end))
        self.at = end

    def _shape(self, at: int, width: int) -> tuple[list[int] | None, int]:
        """Return the sizes of an array and where they end; None for one that holds nothing."""
        count = self._window.i32(at)
        if count in {0, -1}:
            return None, at + 4
        if not 0 < count <= MAX_DIMS:
            raise MalformedError(f"an array of {count} dimensions", at)
        letter = "q" if width == 8 else "I"  # noqa: PLR2004 - bytes of a number
        dims = [self._window.number(at + 4 + width * i, letter) for i in range(count)]
        if min(dims) < 0:
            raise MalformedError("an array with fewer elements than none", at)
        return dims, at + 4 + width * count
