"""What each opcode does, as `pickletools` and CPython's `_pickle.c` define it."""

import codecs
import warnings
from collections.abc import Callable

from pratique.artifacts.blob import Blob
from pratique.artifacts.readers.pickle.machine import (
    MAX_LINE,
    MAX_STACK,
    TABLE,
    Machine,
    Op,
    Stop,
)
from pratique.artifacts.readers.pickle.record import Record, is_torch_module
from pratique.artifacts.readers.pickle.values import (
    BUFFER,
    OMITTED,
    Box,
    Long,
    Persistent,
    Ref,
    Result,
    Value,
    Word,
)
from pratique.core.errors import LimitExceededError
from pratique.core.limits import Limits

HIGHEST = 5
MAX_KEPT_TUPLE = 64
LARGE_LONG = 64
BIG = Word("<large int>")


def _unknown(m: Machine) -> None:
    m.pos -= 1
    m.broken(f"0x{m.buf[m.pos]:02x} is no pickle opcode")


TABLE[:] = [_unknown] * 256


def _op(code: bytes) -> Callable[[Op], Op]:
    def set_it(function: Op) -> Op:
        TABLE[code[0]] = function
        return function

    return set_it


def _push(code: bytes, value: Value) -> None:
    TABLE[code[0]] = lambda m: m.stack.append(value)


_push(b"N", None)
_push(b"\x88", True)  # noqa: FBT003 - the value that the opcode pushes
_push(b"\x89", False)  # noqa: FBT003 - the value that the opcode pushes
_push(b")", ())
_push(b"\x97", BUFFER)
TABLE[ord("]")] = lambda m: m.stack.append(Box("list"))
TABLE[ord("}")] = lambda m: m.stack.append(Box("dict"))
TABLE[0x8F] = lambda m: m.stack.append(Box("set"))
TABLE[ord("(")] = Machine.mark
TABLE[0x94] = Machine.memoize

# numbers


@_op(b"K")
def _binint1(m: Machine) -> None:
    m.stack.append(m.buf[m.pos])
    m.pos += 1


def _fixed(code: bytes, form: str, width: int) -> None:
    TABLE[code[0]] = lambda m: m.stack.append(m.number(form, width))


_fixed(b"J", "<i", 4)
_fixed(b"M", "<H", 2)


@_op(b"G")
def _binfloat(m: Machine) -> None:
    m.take(8)
    m.stack.append(0.0)


@_op(b"I")
def _int(m: Machine) -> None:
    line = m.line()
    m.stack.append({b"00": False, b"01": True}.get(line, _whole(m, line)))


@_op(b"L")
def _long(m: Machine) -> None:
    m.stack.append(_whole(m, m.line().removesuffix(b"L")))


def _whole(m: Machine, line: bytes) -> Value:
    if len(line) > LARGE_LONG:
        return BIG
    try:
        return int(line, 0)
    except ValueError:
        try:
            return int(line)
        except ValueError:
            m.broken(f"{line[:40]!r} is no number")


@_op(b"F")
def _float(m: Machine) -> None:
    line = m.line()
    try:
        m.stack.append(float(line[:400]))
    except ValueError:
        m.broken(f"{line[:40]!r} is no number")


def _long_of(m: Machine, size: int) -> None:
    if size <= LARGE_LONG and size >= 0:
        m.stack.append(int.from_bytes(m.take(size), "little", signed=True))
        return
    m.string(size, "bytes")
    m.stack.append(BIG)


TABLE[0x8A] = lambda m: _long_of(m, m.number("<B", 1))
TABLE[0x8B] = lambda m: _long_of(m, m.number("<i", 4))

# strings


def _sized(code: bytes, form: str, width: int, what: str) -> None:
    TABLE[code[0]] = lambda m: m.stack.append(m.string(m.number(form, width), what))


_sized(b"\x8c", "<B", 1, "text")
_sized(b"X", "<I", 4, "text")
_sized(b"\x8d", "<Q", 8, "text")
_sized(b"U", "<B", 1, "text")
_sized(b"T", "<i", 4, "text")
_sized(b"C", "<B", 1, "bytes")
_sized(b"B", "<I", 4, "bytes")
_sized(b"\x8e", "<Q", 8, "bytes")
_sized(b"\x96", "<Q", 8, "bytes")


@_op(b"S")
def _quoted(m: Machine) -> None:
    start = m.offset
    line = m.line().strip(b" \t\r\x0b\x0c")
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):  # noqa: PLR2004 - two quotes
        m.broken("a string of the pickle is not quoted")
    _text_line(m, start, _unescaped(line[1:-1], codecs.escape_decode))


@_op(b"V")
def _raw_unicode(m: Machine) -> None:
    start = m.offset
    _text_line(m, start, _unescaped(m.line(), codecs.raw_unicode_escape_decode))


def _unescaped(line: bytes, decode: Callable[[bytes], tuple[str | bytes, int]]) -> bytes:
    """Return a line with its escapes undone, as the opcode's own codec does it in a loader."""
    if b"\\" not in line:
        return line
    try:
        with warnings.catch_warnings():  # an escape that Python does not know stays as it is
            warnings.simplefilter("ignore")
            body, _ = decode(line)
    except ValueError:
        return line
    return body if isinstance(body, bytes) else body.encode("utf-8", "replace")


def _text_line(m: Machine, start: int, body: bytes) -> None:
    if m.offset - 1 - start > 24:  # noqa: PLR2004 - shorter than any pickle that does something
        found = m.constant("escaped text", start, m.offset - 1, body)
        if len(body) >= MAX_LINE:
            m.stack.append(found)
            return
    m.stack.append(m.text(body))


# containers


@_op(b"a")
def _append(m: Machine) -> None:
    value = m.pop()
    m.items(m.top(), "append", [value])


@_op(b"e")
def _appends(m: Machine) -> None:
    values = m.pop_mark()
    m.items(m.top(), "extend", values)


@_op(b"s")
def _setitem(m: Machine) -> None:
    value = m.pop()
    key = m.pop()
    m.items(m.top(), "__setitem__", [key, value])


@_op(b"u")
def _setitems(m: Machine) -> None:
    values = m.pop_mark()
    if len(values) % 2:
        m.broken("the pickle sets a key without a value")
    m.items(m.top(), "__setitem__", values)


@_op(b"\x90")
def _additems(m: Machine) -> None:
    values = m.pop_mark()
    m.items(m.top(), "add", values)


def _box(kind: str, values: list[Value]) -> Box:
    box = Box(kind)
    box.add(values)
    return box


def _tuple(values: list[Value]) -> Value:
    if len(values) <= MAX_KEPT_TUPLE:
        return tuple(values)
    return (*values[:MAX_KEPT_TUPLE], OMITTED)


@_op(b"d")
def _dict(m: Machine) -> None:
    values = m.pop_mark()
    if len(values) % 2:
        m.broken("the pickle makes a dict with a key without a value")
    m.stack.append(_box("dict", values))


TABLE[ord("l")] = lambda m: m.stack.append(_box("list", m.pop_mark()))
TABLE[0x91] = lambda m: m.stack.append(_box("set", m.pop_mark()))
TABLE[ord("t")] = lambda m: m.stack.append(_tuple(m.pop_mark()))


@_op(b"\x85")
def _tuple1(m: Machine) -> None:
    m.stack.append((m.pop(),))


@_op(b"\x86")
def _tuple2(m: Machine) -> None:
    second = m.pop()
    m.stack.append((m.pop(), second))


@_op(b"\x87")
def _tuple3(m: Machine) -> None:
    third, second = m.pop(), m.pop()
    m.stack.append((m.pop(), second, third))


# stack and memo


@_op(b"0")
def _pop(m: Machine) -> None:
    if len(m.stack) > m.fence:
        m.stack.pop()
    else:
        m.pop_mark()


TABLE[ord("2")] = lambda m: m.stack.append(m.top())


@_op(b"1")
def _pop_to_mark(m: Machine) -> None:
    m.pop_mark()


@_op(b"\x98")
def _readonly(m: Machine) -> None:
    m.top()


TABLE[ord("p")] = lambda m: m.put(_index(m))
TABLE[ord("q")] = lambda m: m.put(m.take(1)[0])
TABLE[ord("r")] = lambda m: m.put(m.number("<I", 4))
TABLE[ord("g")] = lambda m: m.stack.append(m.get(_index(m)))
TABLE[ord("j")] = lambda m: m.stack.append(m.get(m.number("<I", 4)))


@_op(b"h")
def _binget(m: Machine) -> None:
    m.stack.append(m.get(m.buf[m.pos]))
    m.pos += 1


def _index(m: Machine) -> int:
    line = m.line()
    try:
        return int(line[:40])
    except ValueError:
        m.broken(f"{line[:40]!r} is no memo index")


# what is imported, and what is called


def _import(m: Machine, module: Value, name: Value) -> Ref:
    module, name = m.resolved(module), m.resolved(name)
    if isinstance(module, str) and isinstance(name, str):
        ref = Ref(module[:1000], name[:1000])
    else:
        ref = Ref(_name(module), _name(name), computed=True)
        m.record.odd("computed-name", f"imports {ref}, whose name is no plain constant", m.at)
    m.record.took_import(ref, m.at)
    return ref


def _name(part: Value) -> str:
    if isinstance(part, Long):
        return part.head.decode("utf-8", "replace")
    return part[:1000] if isinstance(part, str) else "<computed>"


def _line_import(m: Machine) -> Ref:
    module, name = m.line(), m.line()
    return _import(m, module.decode("utf-8", "replace"), name.decode("utf-8", "replace"))


TABLE[ord("c")] = lambda m: m.stack.append(_line_import(m))


@_op(b"\x93")
def _stack_global(m: Machine) -> None:
    name = m.pop()
    m.stack.append(_import(m, m.pop(), name))


@_op(b"i")
def _inst(m: Machine) -> None:
    ref = _line_import(m)
    m.stack.append(m.called("INST", ref, tuple(m.pop_mark())))


@_op(b"o")
def _obj(m: Machine) -> None:
    values = m.pop_mark()
    if not values:
        m.broken("the pickle makes an object of no class")
    m.stack.append(m.called("OBJ", values[0], tuple(values[1:])))


@_op(b"R")
def _reduce(m: Machine) -> None:
    args, callee = m.resolved(m.pop()), m.pop()
    made = m.called("REDUCE", callee, args)
    m.stack.append(_attribute(m, callee, args) or made)


def _attribute(m: Machine, callee: Value, args: Value) -> Ref | None:
    """Return the import that `getattr(an import, 'name')` stands for, as old protocols have it."""
    if not isinstance(callee, Ref) or (callee.module, callee.name) not in _GETATTR:
        return None
    if not isinstance(args, tuple) or len(args) != 2:  # noqa: PLR2004 - the object and the name
        return None
    owner, name = args
    if not isinstance(owner, Ref) or not isinstance(name, str) or not name.isidentifier():
        return None
    found = Ref(owner.module, f"{owner.name}.{name}"[:1000], owner.computed)
    m.record.took_import(found, m.at)
    return found


_GETATTR = frozenset({("builtins", "getattr"), ("__builtin__", "getattr")})


@_op(b"\x81")
def _newobj(m: Machine) -> None:
    args = m.pop()
    m.stack.append(m.called("NEWOBJ", m.pop(), args))


@_op(b"\x92")
def _newobj_ex(m: Machine) -> None:
    words, args = m.pop(), m.pop()
    m.stack.append(m.called("NEWOBJ_EX", m.pop(), (args, words)))


@_op(b"b")
def _build(m: Machine) -> None:
    state = m.resolved(m.pop())
    target = m.top()
    if isinstance(target, Ref):
        m.record.odd("state-of-import", f"sets state on the import {target}", m.at)
    boxes = state if isinstance(state, tuple) else (state,)
    for box in boxes[:2]:
        if isinstance(box, Box) and box.dunders:
            names = ", ".join(repr(d[:60]) for d in box.dunders[:4])
            m.record.odd("state-dunder", f"sets {names} on an object", m.at)
    if isinstance(target, Result) and target.args is not None:
        target.state = state
        if m.inline is not None:
            m.inline(m)


def _extension(m: Machine, code: int) -> None:
    if code <= 0:
        m.broken(f"{code} is no extension code")
    m.record.odd("extension", f"uses extension code {code}", m.at)
    m.stack.append(Ref("copyreg", f"extension({code})"))


TABLE[0x82] = lambda m: _extension(m, m.number("<B", 1))
TABLE[0x83] = lambda m: _extension(m, m.number("<H", 2))
TABLE[0x84] = lambda m: _extension(m, m.number("<i", 4))


def _persistent(m: Machine, pid: Value) -> None:
    found = Persistent(m.resolved(pid))
    m.record.took_persistent(found, m.at)
    m.stack.append(found.pid[1] if is_torch_module(found.pid) else found)  # type: ignore[index]  # a tuple then


TABLE[ord("P")] = lambda m: _persistent(m, m.line().decode("utf-8", "replace"))
TABLE[ord("Q")] = lambda m: _persistent(m, m.pop())

# the stream itself


@_op(b"\x80")
def _proto(m: Machine) -> None:
    protocol = m.take(1)[0]
    if protocol > HIGHEST:
        m.broken(f"there is no pickle protocol {protocol}")
    if m.at != m.start:
        m.record.odd("protocol-again", "names a protocol in the middle of the stream", m.at)
    m.protocol = protocol


@_op(b"\x95")
def _frame(m: Machine) -> None:
    size = m.number("<Q", 8)
    if m.offset + size > m.blob.size:
        m.broken(f"a frame of {size} bytes does not fit into the file")


@_op(b".")
def _stop(m: Machine) -> None:
    m.result = m.pop()
    if len(m.stack) > MAX_STACK:
        raise LimitExceededError("the pickle leaves too much on its stack")
    raise Stop


def follower(blob: Blob, start: int, record: Record, limits: Limits) -> Machine:
    """Return a machine that knows its opcodes, ready to follow the stream at `start`."""
    return Machine(blob, start, record, limits)
