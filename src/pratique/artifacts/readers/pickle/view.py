"""What the pickle reader shows to rules."""

from dataclasses import dataclass
from enum import IntEnum

from pratique.artifacts.reader import View


@dataclass(frozen=True, slots=True)
class PickleStreamSpan:
    """One stream: bytes `start` to `end`; `stopped` tells that it reached its STOP opcode."""

    start: int
    end: int
    protocol: int
    stopped: bool


class Use(IntEnum):
    """What becomes of an import: from nothing, by way of an empty object, to a call.

    KEPT: it is a value of the result. MADE: an empty object is made of it and given state, which
    runs none of its constructor. SCALAR: it is called with one number. PASSED: a call gets it as
    an argument. CALLED: it is called, or made with arguments.
    """

    KEPT = 0
    MADE = 1
    SCALAR = 2
    PASSED = 3
    CALLED = 4


@dataclass(frozen=True, slots=True)
class PickleImport:
    """One distinct global that is imported, at the offset of the first time.

    `computed` tells that the names on the stack were no plain constants; `stream` counts from 0.
    `use` is the gravest thing that any stream does with it.
    """

    module: str
    name: str
    at: int
    stream: int = 0
    computed: bool = False
    use: Use = Use.KEPT

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class PickleCall:
    """One call: `kind` is the opcode's name, `callee` and `args` bounded texts for a person.

    `module` and `name` are those of the callee where it is an import, empty where it is itself the
    result of a call or another value (`direct` False).
    """

    kind: str
    callee: str
    args: str
    at: int
    stream: int = 0
    module: str = ""
    name: str = ""
    direct: bool = True


@dataclass(frozen=True, slots=True)
class PickleOddity:
    """Something a clean writer does not do. `kind` is one of the words of `ODDITIES`."""

    kind: str
    says: str
    at: int
    stream: int = 0


ODDITIES = (
    "computed-name",  # STACK_GLOBAL from something else than two constant strings
    "hidden-callee",  # a call of something that is neither an import nor the result of a call
    "state-of-import",  # BUILD on an imported function, class or module
    "state-dunder",  # BUILD with a key such as `__class__` or `__setstate__`
    "items-of-import",  # APPEND(S), SETITEM(S), ADDITEMS on something that is no container
    "extension",  # EXT1, EXT2, EXT4: the registry of the loading process decides what it is
    "protocol-again",  # PROTO in the middle of a stream
)


@dataclass(frozen=True, slots=True)
class PicklePersistent:
    """One persistent id: `pid` as bounded text; `torch` where it is a torch storage's tuple.

    `module` tells that it is the tuple by which old torch checkpoints name a class, `packaged` that
    it is the one by which torch.package names a scripted or traced module of the same archive.
    """

    pid: str
    at: int
    torch: bool
    stream: int = 0
    module: bool = False
    packaged: bool = False


@dataclass(frozen=True, slots=True)
class PickleNested:
    """A constant that is itself a pickle, plain or encoded; `member` is its name in the chain."""

    member: str
    at: int
    how: str
    imports: tuple[str, ...]
    stream: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PickleStream(View):
    """Everything the pickle streams of one subject would do to a loader, in order.

    `broke` says why the last stream ended before its STOP (empty: it did not), `broke_at` where.
    `flavour` is `plain`, `joblib` or `torch-legacy`. `own` are those of the imported modules whose
    sources stand beside the pickle, in an archive that its loader imports from.
    """

    streams: tuple[PickleStreamSpan, ...]
    imports: tuple[PickleImport, ...] = ()
    calls: tuple[PickleCall, ...] = ()
    oddities: tuple[PickleOddity, ...] = ()
    persistent: tuple[PicklePersistent, ...] = ()
    nested: tuple[PickleNested, ...] = ()
    broke: str = ""
    broke_at: int = 0
    flavour: str = "plain"
    own: frozenset[str] = frozenset()
