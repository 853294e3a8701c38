"""What the machine has seen, each distinct thing once, bounded."""

from collections.abc import Iterator
from dataclasses import replace

from pratique.artifacts.readers.pickle.values import (
    NUMBER,
    Box,
    Long,
    Persistent,
    Ref,
    Result,
    Value,
    show,
    show_args,
)
from pratique.artifacts.readers.pickle.view import (
    PickleCall,
    PickleImport,
    PickleOddity,
    PicklePersistent,
    Use,
)

MOST = 20_000
"""Distinct imports, calls, oddities or persistent ids that are kept, each."""
PER_CALLEE = 20
"""Calls of one callee that are kept with different arguments."""
CONSTANTS = 2_000
"""Long constants that are looked into."""

_HOLDERS = frozenset((Ref, tuple, Box))
MOST_LOOKED_AT = 1_000
"""Values of one call that are looked at for imports."""

INERT = frozenset(
    Ref(module, name)
    for module, name in (
        ("copyreg", "_reconstructor"),
        ("copy_reg", "_reconstructor"),
        ("copyreg", "__newobj__"),
        ("copy_reg", "__newobj__"),
        ("functools", "partial"),
        ("collections", "defaultdict"),
    )
)
"""Callees that keep their first argument, or make an empty object of it."""

TELLING = frozenset(
    f"{module}.{name}"
    for module, name in (
        ("_codecs", "encode"),
        ("codecs", "encode"),
        ("builtins", "getattr"),
        ("__builtin__", "getattr"),
        ("builtins", "type"),
        ("__builtin__", "type"),
        ("torch.storage", "_load_from_bytes"),
        ("torch._tensor", "_rebuild_from_type"),
        ("torch._tensor", "_rebuild_from_type_v2"),
        ("torch.tensor", "_rebuild_from_type"),
        ("numpy.random._pickle", "__generator_ctor"),
        ("numpy.random._pickle", "__randomstate_ctor"),
    )
)
"""Callees whose arguments decide whether they are harmless: each different call is kept."""


class Record:
    """Collects imports, calls and oddities of all streams of one subject."""

    def __init__(self) -> None:
        self.imports: dict[tuple[str, str, bool, int], PickleImport] = {}
        self.calls: dict[tuple[object, ...], PickleCall] = {}
        self.oddities: dict[tuple[str, str, int], PickleOddity] = {}
        self.persistent: dict[str, PicklePersistent] = {}
        self.constants: list[Long] = []
        self.stream = 0
        self.dropped = ""
        self.uses: dict[tuple[str, str], Use] = {}
        self._seen: dict[tuple[object, ...], int] = {}

    def took_import(self, ref: Ref, at: int) -> None:
        """Note an import."""
        key = (ref.module, ref.name, ref.computed, min(self.stream, 1))
        if key not in self.imports and self._room(len(self.imports), "imports"):
            self.imports[key] = PickleImport(ref.module, ref.name, at, self.stream, ref.computed)

    def took_call(self, kind: str, callee: Value, args: Value, at: int) -> None:
        """Note a call, with its arguments the first times."""
        self._use(kind, callee, args)
        identity = (str(callee) if isinstance(callee, Ref) else _head(callee), kind)
        seen = self._seen.get(identity, 0)
        if seen >= PER_CALLEE and identity[0] not in TELLING:
            return
        text = show_args(args) if kind != "SETITEMS" else show(args)
        if identity[0] in TELLING and isinstance(args, tuple):
            text = _telling_part(identity[0], args)
        key = (*identity, text, min(self.stream, 1))
        if key in self.calls or not self._room(len(self.calls), "calls"):
            return
        self._seen[identity] = seen + 1
        direct = callee if isinstance(callee, Ref) else Ref("", "")
        self.calls[key] = PickleCall(
            kind,
            show(callee),
            text,
            at,
            self.stream,
            direct.module,
            direct.name,
            direct is callee,
        )

    def told_imports(self) -> tuple[PickleImport, ...]:
        """Return every import with the gravest use that was seen of it."""
        return tuple(
            replace(one, use=self.uses.get((one.module, one.name), Use.KEPT))
            for one in self.imports.values()
        )

    def _use(self, kind: str, callee: Value, args: Value) -> None:
        if isinstance(callee, Ref):
            self._used(callee, _use_of(kind, callee, args))
            if callee in INERT and isinstance(args, tuple) and args and isinstance(args[0], Ref):
                self._used(args[0], Use.MADE)
                args = args[1:]
        for one in args if isinstance(args, tuple) else (args,):
            if type(one) in _HOLDERS:
                for ref in _refs(one):
                    self._used(ref, Use.PASSED)

    def _used(self, ref: Ref, use: Use) -> None:
        key = (ref.module, ref.name)
        if use > self.uses.get(key, Use.KEPT) and (key in self.uses or len(self.uses) < MOST):
            self.uses[key] = use

    def odd(self, kind: str, says: str, at: int) -> None:
        """Note something that a clean writer does not do."""
        key = (kind, says, min(self.stream, 1))
        if key not in self.oddities and self._room(len(self.oddities), "oddities"):
            self.oddities[key] = PickleOddity(kind, says, at, self.stream)

    def took_persistent(self, found: Persistent, at: int) -> None:
        """Note a persistent id."""
        torch = is_torch_storage(found.pid)
        text = "torch" if torch else show(found.pid)
        if text not in self.persistent and self._room(len(self.persistent), "persistent ids"):
            known = is_torch_module(found.pid), is_packaged(found.pid)
            self.persistent[text] = PicklePersistent(
                show(found.pid), at, torch, self.stream, *known
            )

    def took_constant(self, found: Long) -> None:
        """Note a constant that is long enough to hold something."""
        if len(self.constants) < CONSTANTS:
            self.constants.append(found)
        else:
            self.dropped = f"more than {CONSTANTS} long constants; the rest was not looked into"

    def _room(self, count: int, what: str) -> bool:
        if count < MOST:
            return True
        self.dropped = f"more than {MOST} distinct {what}; the rest is not listed"
        return False


def _use_of(kind: str, callee: Ref, args: Value) -> Use:
    """Return what a call does with its callee, by CPython's `pickle.py`.

    NEWOBJ runs `__new__` alone; INST and OBJ without arguments do so for a class, and call a
    function.
    """
    bare = args in ((), ((), {})) or (kind == "NEWOBJ_EX" and _is_bare(args))
    if kind.startswith("NEWOBJ") and bare:
        return Use.MADE
    if kind in ("INST", "OBJ") and args == () and callee.name[:1].isupper():
        return Use.MADE
    if isinstance(args, tuple) and len(args) == 1 and _is_number(args[0]):
        return Use.SCALAR
    return Use.CALLED


def _is_bare(args: Value) -> bool:
    if not (isinstance(args, tuple) and len(args) == 2 and args[0] == ()):  # noqa: PLR2004 - NEWOBJ_EX has two
        return False
    words = args[1]
    return isinstance(words, Box) and words.count == 0


def _is_number(value: Value) -> bool:
    return isinstance(value, bool | int | float) or value is NUMBER


def _refs(value: Value) -> Iterator[Ref]:
    """Yield the imports among arguments: as far as containers keep their items."""
    left, seen = [value], 0
    while left and seen < MOST_LOOKED_AT:
        seen += 1
        one = left.pop()
        if isinstance(one, Ref):
            yield one
        elif isinstance(one, tuple):
            left.extend(one)
        elif isinstance(one, Box):
            left.extend(one.items)


def _telling_part(callee: str, args: tuple[Value, ...]) -> str:
    """Return the part of the arguments that decides, so that like calls are kept once."""
    if callee.endswith("_ctor"):
        return f"..., {show(args[1])}" if len(args) > 1 else "..."
    if callee.endswith(".encode"):
        return f"..., {show(args[-1])}" if len(args) > 1 else show_args(args)
    if callee.endswith("._load_from_bytes"):
        return show_args(args)[:40]
    if "._rebuild_from_type" in callee:
        return f"{show(args[0])}, ..." if args else ""
    return show_args(args)


def is_torch_storage(pid: Value) -> bool:
    """Tell whether a persistent id is the tuple that torch writes for a storage."""
    return isinstance(pid, tuple) and len(pid) >= 5 and pid[0] in ("storage", b"storage")  # noqa: PLR2004 - the tuple's length in torch/serialization.py


def is_torch_module(pid: Value) -> bool:
    """Tell whether a persistent id is torch's tuple for a class: 'module', class, file, source."""
    return (
        isinstance(pid, tuple)
        and len(pid) == 4  # noqa: PLR2004 - the tuple's length in torch/serialization.py
        and pid[0] == "module"
        and isinstance(pid[1], Ref)
    )


_PACKAGED = {
    "torch.jit._script.unpackage_script_module",
    "torch.fx.graph_module.reduce_package_graph_module",
}


def is_packaged(pid: Value) -> bool:
    """Tell whether a persistent id is torch.package's tuple for a module of its own archive."""
    if not isinstance(pid, tuple) or len(pid) < 3 or pid[0] != "reduce_package":  # noqa: PLR2004 - torch/package/package_exporter.py
        return False
    return isinstance(pid[2], Ref) and f"{pid[2].module}.{pid[2].name}" in _PACKAGED


def _head(value: Value) -> str:
    """Return a short text of a callee that is no import, the same for similar ones."""
    depth = 0
    while isinstance(value, Result) and depth < 8:  # noqa: PLR2004 - deep enough to tell apart
        value, depth = value.callee, depth + 1
    kind = value.kind if isinstance(value, Box) else str(value)[:80]
    return f"{kind}{'()' * depth}"
