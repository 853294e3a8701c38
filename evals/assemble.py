"""Pickle opcodes as bytes, and the ways in which a pickle can name and call a function.

Everything written with these is harmless even if somebody loads it: the strongest effect is an
empty file at CANARY. Addresses are the documentation ones.
"""

import struct
from collections.abc import Callable

CANARY = "/tmp/pratique-canary"
COMMAND = f"touch {CANARY}"
STOP = b"."


def text(value: str) -> bytes:
    """Push a string (BINUNICODE)."""
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def blob(value: bytes) -> bytes:
    """Push bytes (BINBYTES)."""
    return b"B" + struct.pack("<I", len(value)) + value


def push(value: str | bytes | int | None) -> bytes:
    """Push a constant."""
    if value is None:
        return b"N"
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    return text(value) if isinstance(value, str) else blob(value)


def named(module: str, name: str) -> bytes:
    """Push a global by GLOBAL."""
    return f"c{module}\n{name}\n".encode()


def stacked(module: str, name: str) -> bytes:
    """Push a global by STACK_GLOBAL."""
    return text(module) + text(name) + b"\x93"


def args(*values: str | bytes | int | None) -> bytes:
    """Push a tuple of constants."""
    return b"(" + b"".join(push(v) for v in values) + b"t"


Gadget = tuple[str, str, tuple[str | bytes | int | None, ...]]
Form = Callable[[Gadget], bytes]


def _reduce(g: Gadget) -> bytes:
    return b"\x80\x02" + named(g[0], g[1]) + args(*g[2]) + b"R" + STOP


def _reduce_text(g: Gadget) -> bytes:
    shown = b"".join(
        b"V" + str(v).encode() + b"\n" if isinstance(v, str) else push(v) for v in g[2]
    )
    return named(g[0], g[1]) + b"(" + shown + b"tR" + STOP


def _stack_global(g: Gadget) -> bytes:
    body = stacked(g[0], g[1]) + args(*g[2]) + b"R" + STOP
    return b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body


def _inst(g: Gadget) -> bytes:
    return b"(" + b"".join(push(v) for v in g[2]) + f"i{g[0]}\n{g[1]}\n".encode() + STOP


def _obj(g: Gadget) -> bytes:
    return b"\x80\x02(" + named(g[0], g[1]) + b"".join(push(v) for v in g[2]) + b"o" + STOP


def _newobj(g: Gadget) -> bytes:
    return b"\x80\x02" + named(g[0], g[1]) + args(*g[2]) + b"\x81" + STOP


def _newobj_ex(g: Gadget) -> bytes:
    return b"\x80\x04" + stacked(g[0], g[1]) + args(*g[2]) + b"}\x92" + STOP


def _memo(g: Gadget) -> bytes:
    strings = text(g[1]) + b"q\x07" + b"0" + text(g[0]) + b"q\x09" + b"0"
    return b"\x80\x04" + strings + b"h\x09h\x07\x93" + args(*g[2]) + b"R" + STOP


def _popped(g: Gadget) -> bytes:
    return b"\x80\x02" + named(g[0], g[1]) + args(*g[2]) + b"R0]" + STOP


def _in_dict(g: Gadget) -> bytes:
    call = named(g[0], g[1]) + args(*g[2]) + b"R"
    return b"\x80\x02}(" + text("weight") + b"]" + text("bias") + call + b"u" + STOP


def _broken_after(g: Gadget) -> bytes:
    return b"\x80\x02" + named(g[0], g[1]) + args(*g[2]) + b"R\xff\xff\xff" + STOP


def _truncated_after(g: Gadget) -> bytes:
    return b"\x80\x02" + named(g[0], g[1]) + args(*g[2]) + b"R"


def _second_stream(g: Gadget) -> bytes:
    return b"\x80\x02}q\x00." + _reduce(g)


def _only_imported(g: Gadget) -> bytes:
    return b"\x80\x02" + named(g[0], g[1]) + STOP


def _build(g: Gadget) -> bytes:
    holder = named("collections", "OrderedDict") + b")R"
    state = b"}" + text("__setstate__") + named(g[0], g[1]) + b"s"
    return b"\x80\x02" + holder + state + b"b" + args(*g[2]) + b"b" + STOP


def _reduce_through_list(g: Gadget) -> bytes:
    """Put the call inside 500 harmless containers."""
    call = named(g[0], g[1]) + args(*g[2]) + b"R"
    return b"\x80\x02" + b"]" * 500 + call + b"a" * 500 + STOP


FORMS: dict[str, Form] = {
    "reduce": _reduce,
    "reduce-text": _reduce_text,
    "stack-global": _stack_global,
    "inst": _inst,
    "obj": _obj,
    "newobj": _newobj,
    "newobj-ex": _newobj_ex,
    "memo": _memo,
    "popped": _popped,
    "in-dict": _in_dict,
    "broken-after": _broken_after,
    "truncated-after": _truncated_after,
    "second-stream": _second_stream,
    "only-imported": _only_imported,
    "build": _build,
    "deep": _reduce_through_list,
}

PAYLOAD: Gadget = ("os", "system", (COMMAND,))

GADGETS: tuple[Gadget, ...] = (
    PAYLOAD,
    ("posix", "system", (COMMAND,)),
    ("nt", "system", (COMMAND,)),
    ("os", "popen", (COMMAND,)),
    ("os", "execv", ("/bin/true", "x")),
    ("os", "remove", (CANARY,)),
    ("subprocess", "Popen", (COMMAND,)),
    ("subprocess", "check_output", (COMMAND,)),
    ("subprocess", "getoutput", (COMMAND,)),
    ("builtins", "eval", (f"open({CANARY!r}, 'w')",)),
    ("builtins", "exec", (f"open({CANARY!r}, 'w')",)),
    ("__builtin__", "eval", (f"open({CANARY!r}, 'w')",)),
    ("builtins", "compile", ("1", "x", "exec")),
    ("builtins", "open", (CANARY, "w")),
    ("builtins", "__import__", ("os",)),
    ("builtins", "getattr", ("os", "system")),
    ("importlib", "import_module", ("os",)),
    ("runpy", "run_path", (CANARY,)),
    ("pty", "spawn", ("/bin/true",)),
    ("code", "InteractiveInterpreter", ()),
    ("timeit", "timeit", (f"open({CANARY!r}, 'w')",)),
    ("cProfile", "run", (f"open({CANARY!r}, 'w')",)),
    ("pdb", "run", (f"open({CANARY!r}, 'w')",)),
    ("doctest", "debug_script", (f"open({CANARY!r}, 'w')",)),
    ("trace", "Trace", ()),
    ("pydoc", "pipepager", ("x", COMMAND)),
    ("pkgutil", "resolve_name", ("os:system",)),
    ("operator", "attrgetter", ("system",)),
    ("operator", "methodcaller", ("system", COMMAND)),
    ("functools", "partial", (COMMAND,)),
    ("ctypes", "CDLL", ("libc.so.6",)),
    ("types", "CodeType", ()),
    ("types", "FunctionType", ()),
    ("marshal", "loads", (b"N",)),
    ("pickle", "loads", (b"N.",)),
    ("_pickle", "loads", (b"N.",)),
    ("dill", "loads", (b"N.",)),
    ("shutil", "rmtree", (CANARY,)),
    ("shutil", "copyfile", ("/dev/null", CANARY)),
    ("webbrowser", "open", ("http://example.com/",)),
    ("urllib.request", "urlopen", ("http://example.com/",)),
    ("urllib.request", "urlretrieve", ("http://example.com/", CANARY)),
    ("socket", "create_connection", ("192.0.2.1", 80)),
    ("http.client", "HTTPConnection", ("192.0.2.1",)),
    ("requests.api", "get", ("http://example.com/",)),
    ("asyncio.unix_events", "_UnixSubprocessTransport", (COMMAND,)),
    ("logging.config", "fileConfig", (CANARY,)),
    ("distutils.file_util", "write_file", (CANARY, "x")),
    ("ensurepip._uninstall", "_main", ()),
    ("uuid", "_get_command_stdout", ("true",)),
    ("idlelib.pyshell", "ModifiedInterpreter", ()),
    ("lib2to3.pgen2.pgen", "ParserGenerator", (CANARY,)),
    ("numpy.testing._private.utils", "runstring", (f"open({CANARY!r}, 'w')", None)),
    ("numpy.f2py.crackfortran", "getlincoef", (f"open({CANARY!r}, 'w')", None)),
    ("torch.utils._config_module", "ConfigModule", ()),
    ("torch.hub", "load", ("example/repo", "model")),
    ("torch.jit.unsupported_tensor_ops", "execWrapper", ("1", None, None)),
    ("sys", "exit", (1,)),
    ("bdb", "Bdb", ()),
    ("gc", "get_objects", ()),
    ("multiprocessing.util", "spawnv_passfds", (b"/bin/true", None, None)),
    ("platform", "popen", (COMMAND,)),
    ("commands", "getoutput", (COMMAND,)),
    ("pip", "main", ("install",)),
    ("site", "execsitecustomize", ()),
    ("tempfile", "mktemp", ()),
)
