"""Which storages a torch checkpoint's pickle speaks of: the file's member to tensor name and type.

torch writes each storage's bytes beside the pickle and refers to it by a persistent id,
`('storage', torch.FloatStorage, key, location, elements)`; a tensor is a call of
`torch._utils._rebuild_tensor_v2(storage, offset, size, stride, ...)` (torch/_utils.py).
"""

from pratique.artifacts.blob import Blob, MemoryBlob
from pratique.artifacts.reader import TensorRole
from pratique.artifacts.readers.pickle.machine import Machine
from pratique.artifacts.readers.pickle.opcodes import follower
from pratique.artifacts.readers.pickle.record import Record, is_torch_storage
from pratique.artifacts.readers.pickle.values import Box, Persistent, Ref, Result, Value
from pratique.artifacts.views import TensorSpan
from pratique.core.errors import ArtifactError
from pratique.core.limits import Limits

WORDS = {
    "DoubleStorage": "f64",
    "FloatStorage": "f32",
    "HalfStorage": "f16",
    "BFloat16Storage": "bf16",
    "LongStorage": "i64",
    "IntStorage": "i32",
    "ShortStorage": "i16",
    "CharStorage": "i8",
    "ByteStorage": "u8",
    "BoolStorage": "bool",
    "ComplexDoubleStorage": "c128",
    "ComplexFloatStorage": "c64",
    "UntypedStorage": "u8",
    "QInt8Storage": "i8",
    "QUInt8Storage": "u8",
    "QInt32Storage": "i32",
    "Float8_e4m3fnStorage": "f8_e4m3",
    "Float8_e5m2Storage": "f8_e5m2",
}
"""Storage classes of torch/storage.py and the words used for their element types here."""

_DTYPES = {
    "float64": "f64",
    "double": "f64",
    "float32": "f32",
    "float": "f32",
    "float16": "f16",
    "half": "f16",
    "bfloat16": "bf16",
    "int64": "i64",
    "long": "i64",
    "int32": "i32",
    "int": "i32",
    "int16": "i16",
    "short": "i16",
    "int8": "i8",
    "uint8": "u8",
    "bool": "bool",
    "complex64": "c64",
    "complex128": "c128",
    "float8_e4m3fn": "f8_e4m3",
    "float8_e5m2": "f8_e5m2",
}
WIDTHS = {
    "f64": 8,
    "i64": 8,
    "c64": 8,
    "c128": 16,
    "f32": 4,
    "i32": 4,
    "f16": 2,
    "bf16": 2,
    "i16": 2,
}
MAX_NAME = 300
MAX_DIMS = 64
MAX_TENSORS = 100_000


class StorageRoles:
    """Collects storages and the names of the tensors over them while a machine runs."""

    def __init__(self) -> None:
        self.storages: dict[str, TensorRole] = {}
        self._names: dict[str, set[str]] = {}
        self._stored: dict[str, str] = {}
        self._shapes: dict[str, tuple[str, tuple[int, ...]]] = {}

    def items(self, target: Value, values: list[Value]) -> None:
        """Take what a dict is given: a name for each tensor in it."""
        if isinstance(target, Box) and target.kind != "dict":
            return
        for at in range(0, len(values) - 1, 2):
            key = values[at]
            if type(key) is str:
                self._tensor(key, values[at + 1])

    def _tensor(self, name: str, value: Value) -> None:
        shape: tuple[int, ...] | None = None
        for _ in range(4):  # a parameter around a tensor around a storage
            if isinstance(value, Persistent):
                self.take(value.pid, name)
                self._shaped(name, value.pid, shape)
                return
            shape = _shape(value) or shape
            if not isinstance(value, Result) or not isinstance(value.args, tuple):
                return
            if not value.args:
                return
            self._dtype(value)
            value = next((a for a in value.args[:2] if isinstance(a, (Result, Persistent))), None)

    def _shaped(self, name: str, pid: Value, shape: tuple[int, ...] | None) -> None:
        if shape is not None and isinstance(pid, tuple) and is_torch_storage(pid):
            name = name[:MAX_NAME]
            seen = self._shapes.get(name)
            if seen is None and len(self._shapes) < MAX_TENSORS:
                self._shapes[name] = (_text(pid[2]), shape)
            elif seen is not None and seen[1] != shape:
                self._shapes[name] = (seen[0], (-1,))  # two dicts use one name: not to be compared

    def tensors(self) -> list[TensorSpan]:
        """Return the tensors that dicts name, with their type and shape; spans are empty."""
        roles = self.roles()
        return [
            TensorSpan(name, roles[key].dtype, shape, 0, 0)
            for name, (key, shape) in self._shapes.items()
            if key in roles and shape != (-1,)
        ]

    def _dtype(self, tensor: Result) -> None:
        """Take the element type of `_rebuild_tensor_v3`, whose storage is untyped."""
        if not isinstance(tensor.callee, Ref) or tensor.callee.name != "_rebuild_tensor_v3":
            return
        args = tensor.args if isinstance(tensor.args, tuple) else ()
        word = ""
        for arg in args[1:]:
            if isinstance(arg, Ref) and arg.module == "torch":
                word = _DTYPES.get(arg.name, word)
        pid = args[0].pid if args and isinstance(args[0], Persistent) else None
        if word and isinstance(pid, tuple) and is_torch_storage(pid):
            self._stored[_text(pid[2])] = word

    def take(self, pid: Value, name: str = "") -> None:
        """Take one persistent id, and the name of a tensor that uses it."""
        if not isinstance(pid, tuple) or not is_torch_storage(pid):
            return
        key, kind, count = _text(pid[2]), pid[1], pid[4]
        word = WORDS.get(kind.name.rpartition(".")[2], "") if isinstance(kind, Ref) else ""
        if isinstance(kind, Ref) and not word:
            word = _DTYPES.get(kind.name, "")
        elements = count if type(count) is int and 0 <= count < 1 << 62 else 0
        if name:
            self._names.setdefault(key, set()).add(name[:MAX_NAME])
        if key not in self.storages:
            self.storages[key] = TensorRole(key, word or "u8", (elements,))

    def roles(self) -> dict[str, TensorRole]:
        """Return the role of each storage by its key; named by its tensor where it has just one."""
        found = {}
        for key, role in self.storages.items():
            names = self._names.get(key, set())
            name = next(iter(names)) if len(names) == 1 else key
            word, count = self._stored.get(key, role.dtype), role.shape[0]
            if word != role.dtype and role.dtype == "u8":  # an untyped storage counts bytes
                count //= WIDTHS.get(word, 1)
            found[key] = TensorRole(name, word, (count,))
        return found


def _shape(value: Value) -> tuple[int, ...] | None:
    """Return the shape that a call of `_rebuild_tensor...` gives: its third argument."""
    if not isinstance(value, Result) or not isinstance(value.callee, Ref):
        return None
    args = value.args
    known = value.callee.module == "torch._utils" and value.callee.name.startswith(
        "_rebuild_tensor"
    )
    if not known or not isinstance(args, tuple) or len(args) < 3:  # noqa: PLR2004 - storage, offset, size
        return None
    size = args[2].args if isinstance(args[2], Result) else args[2]
    if isinstance(size, tuple) and len(size) == 1 and isinstance(size[0], tuple):
        size = size[0]  # torch.Size((2, 3))
    if not isinstance(size, tuple) or len(size) > MAX_DIMS:
        return None
    return tuple(n for n in size if type(n) is int and n >= 0) if _whole(size) else None


def _whole(size: tuple[Value, ...]) -> bool:
    return all(type(n) is int and 0 <= n < 1 << 62 for n in size)


class _RoleRecord(Record):
    """A record that also takes every persistent id."""

    def __init__(self, roles: StorageRoles, most: int) -> None:
        super().__init__()
        self._roles, self._most = roles, most

    def took_persistent(self, found: Persistent, at: int) -> None:
        """Note a persistent id and the storage it names."""
        super().took_persistent(found, at)
        if len(self._roles.storages) < self._most:
            self._roles.take(found.pid)


def storage_roles(body: bytes, limits: Limits) -> dict[str, TensorRole]:
    """Return what a torch zip's `data.pkl` says of each storage, by its key (`0` for `data/0`).

    A broken pickle yields what it said before it broke; this never raises for hostile bytes.
    """
    return roles_of(MemoryBlob(body), 0, limits)


def roles_of(blob: Blob, at: int, limits: Limits) -> dict[str, TensorRole]:
    """Return the storages that the pickle at `at` speaks of, as `storage_roles` does."""
    return learnt(blob, at, limits).roles()


def learnt(blob: Blob, at: int, limits: Limits) -> StorageRoles:
    """Return what the pickle at `at` says of storages and tensors, up to where it breaks."""
    roles = StorageRoles()
    machine: Machine = follower(blob, at, _RoleRecord(roles, limits.tensors), limits)
    machine.on_items = roles.items
    try:
        machine.run()
    except ArtifactError:
        return roles
    return roles


def _text(key: Value) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)[:MAX_NAME]
