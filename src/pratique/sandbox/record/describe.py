"""What a system call means, in the words of `core.trace.Event`."""

import ipaddress
import os
import shlex
import signal
import socket
import struct
from collections.abc import Callable, Iterator, Mapping

from pratique.sandbox import deny
from pratique.sandbox.filter import THREAD
from pratique.sandbox.record import calls, sleeping
from pratique.sandbox.record.target import AT_FDCWD, PATH_MAX, Target

Words = Mapping[str, object]
Described = tuple[str, Words]

MAX_ARGS = 64
MAX_ARGV = 4096
PREVIEW = 200
MESSAGES = 8
_SOCKADDR_MAX = 128
_MSGHDR = struct.Struct("=QIIQQ")
_MMSGHDR_SIZE = 64
_AT_EMPTY_PATH = 0x1000
_O_CREAT, _O_TRUNC = os.O_CREAT, os.O_TRUNC
_WRITING = os.O_WRONLY | os.O_RDWR
_SIG_IGN = 1

FAMILIES = {
    0: "unspec",
    1: "unix",
    2: "inet",
    3: "ax25",
    4: "ipx",
    5: "appletalk",
    9: "x25",
    10: "inet6",
    15: "key",
    16: "netlink",
    17: "packet",
    21: "rds",
    24: "pppox",
    29: "can",
    30: "tipc",
    31: "bluetooth",
    38: "alg",
    39: "nfc",
    40: "vsock",
    41: "kcm",
    43: "smc",
    44: "xdp",
}
TYPES = {1: "stream", 2: "dgram", 3: "raw", 4: "rdm", 5: "seqpacket", 6: "dccp", 10: "packet"}
_CLONE = {
    0x100: "vm",
    0x200: "fs",
    0x400: "files",
    0x800: "sighand",
    0x4000: "vfork",
    0x8000: "parent",
    0x80: "newtime",
    0x20000: "newns",
    0x2000000: "newcgroup",
    0x4000000: "newuts",
    0x8000000: "newipc",
    0x10000000: "newuser",
    0x20000000: "newpid",
    0x40000000: "newnet",
}


def describe(name: str, target: Target) -> Iterator[Described]:
    """Yield what a reported call means: nothing, or one or more (call, details).

    Raises:
        UnreadableError: what it points to could not be read; `bare` then tells what is known.

    """
    if name in calls.REFUSED:
        yield "kernel", {"name": name, **_flags(name, target)}
    else:
        yield from DESCRIBERS[name](target)


def bare(name: str) -> str:
    """Return the call's word in an event when nothing else is known of it."""
    return _WORDS.get(name, name)


# --- addresses ---------------------------------------------------------------------------------


def address(target: Target, at: int, size: int) -> dict[str, object]:
    """Return the words of a socket address.

    Raises:
        UnreadableError: it is not there.

    """
    if not at:
        return {}
    raw = target.some(at, max(2, min(size & 0xFFFFFFFF, _SOCKADDR_MAX)))
    family = int.from_bytes(raw[:2], "little")
    words: dict[str, object] = {"family": FAMILIES.get(family, family)}
    if family == calls.INET:
        raw = raw.ljust(8, b"\0")
        words |= {"address": socket.inet_ntop(socket.AF_INET, raw[4:8])}
        words["port"] = int.from_bytes(raw[2:4], "big")
    elif family == calls.INET6:
        raw = raw.ljust(24, b"\0")
        words |= {"address": _inet6(raw[8:24]), "port": int.from_bytes(raw[2:4], "big")}
    elif family == calls.UNIX:
        words["path"] = _unix(raw[2:])
    return words


def _inet6(raw: bytes) -> str:
    found = ipaddress.IPv6Address(raw)
    return str(found.ipv4_mapped or found)


def _unix(raw: bytes) -> str:
    abstract = raw[:1] == b"\0"
    text = raw[1:] if abstract else raw.partition(b"\0")[0]
    return "@" * abstract + text.rstrip(b"\0").decode("utf-8", "backslashreplace")


def _connect(target: Target) -> Iterator[Described]:
    yield "connect", address(target, target.args[1], target.args[2])


def _bind(target: Target) -> Iterator[Described]:
    yield "bind", address(target, target.args[1], target.args[2])


def _listen(_: Target) -> Iterator[Described]:
    yield "listen", {}


def _accept(_: Target) -> Iterator[Described]:
    yield "accept", {}


def _sendto(target: Target) -> Iterator[Described]:
    _, data, size, _, at, length = target.args
    yield "sendto", {**address(target, at, length), "size": size, **_preview(target, data, size)}


def _sendmsg(target: Target) -> Iterator[Described]:
    yield from _message(target, target.args[1])


def _sendmmsg(target: Target) -> Iterator[Described]:
    for index in range(min(target.args[2] & 0xFFFFFFFF, MESSAGES)):
        yield from _message(target, target.args[1] + index * _MMSGHDR_SIZE)


def _message(target: Target, at: int) -> Iterator[Described]:
    """Describe a message with an address; without, it goes where `connect` said already."""
    name, length, _, vector, count = _MSGHDR.unpack(target.read(at, _MSGHDR.size))
    if name:
        words = address(target, name, length)
        if count:
            data, size = struct.unpack("=QQ", target.read(vector, 16))
            words |= {"size": size, **_preview(target, data, size)}
        yield "sendto", words


def _preview(target: Target, at: int, size: int) -> dict[str, object]:
    if not at or not size:
        return {}
    return {"preview": target.some(at, min(size, PREVIEW)).decode("utf-8", "backslashreplace")}


def _socket(target: Target) -> Iterator[Described]:
    family, kind = target.integer(0), target.integer(1) & 0xF
    yield "socket", {"family": FAMILIES.get(family, family), "type": TYPES.get(kind, kind)}


# --- programs and processes --------------------------------------------------------------------


def _execve(target: Target) -> Iterator[Described]:
    path = target.path(AT_FDCWD, target.args[0])
    yield "execve", {"path": path, "argv": _argv(target, target.args[1])}


def _execveat(target: Target) -> Iterator[Described]:
    folder, at, argv = target.integer(0), target.args[1], target.args[2]
    empty = target.args[4] & _AT_EMPTY_PATH and not target.string(at)
    path = target.descriptor(folder) if empty else target.path(folder, at)
    yield "execve", {"path": path, "argv": _argv(target, argv)}


def _argv(target: Target, at: int) -> str:
    found: list[str] = []
    left = MAX_ARGV
    for index in range(MAX_ARGS):
        pointer = target.word(at + 8 * index) if at else 0
        if not pointer or left <= 0:
            break
        found.append(target.string(pointer, left))
        left -= len(found[-1]) + 1
    return shlex.join(found)


def _fork(_: Target) -> Iterator[Described]:
    yield "fork", {}


def _vfork(_: Target) -> Iterator[Described]:
    yield "fork", {"flags": "vm vfork"}


def _clone(target: Target) -> Iterator[Described]:
    flags = target.args[0]
    if flags & deny.NAMESPACE_FLAGS:
        yield "kernel", {"name": "clone", "flags": _clone_words(flags)}
    elif flags & THREAD:
        yield "thread", {}
    else:
        yield "fork", {"flags": _clone_words(flags)}


def _flags(name: str, target: Target) -> dict[str, object]:
    """Tell the register that says most of a refused call."""
    if name == "unshare":
        return {"flags": _clone_words(target.args[0])}
    return {"request": target.integer(0)} if name in {"ptrace", "keyctl", "bpf"} else {}


def _clone_words(flags: int) -> str:
    return " ".join(word for bit, word in _CLONE.items() if flags & bit)


# --- files -------------------------------------------------------------------------------------


def _open(target: Target) -> Iterator[Described]:
    yield _opened(target.path(AT_FDCWD, target.args[0]), target.args[1])


def _openat(target: Target) -> Iterator[Described]:
    yield _opened(target.path(target.integer(0), target.args[1]), target.args[2])


def _openat2(target: Target) -> Iterator[Described]:
    flags = target.word(target.args[2])
    yield _opened(target.path(target.integer(0), target.args[1]), flags)


def _creat(target: Target) -> Iterator[Described]:
    yield _opened(target.path(AT_FDCWD, target.args[0]), _O_CREAT)


def _opened(path: str, flags: int) -> Described:
    writes = "write" if flags & (_WRITING | _O_TRUNC) else "read"
    return "open", {"path": path, "mode": "create" if flags & _O_CREAT else writes}


def _one(call: str, *, at: bool, to: Callable[[Target, int], object] | None = None) -> "Describer":
    """Describe a call that names one path, the first or (`at`) after a folder's descriptor."""

    def describer(target: Target) -> Iterator[Described]:
        folder = target.integer(0) if at else AT_FDCWD
        words: dict[str, object] = {"path": target.path(folder, target.args[1 if at else 0])}
        if to is not None:
            words["to"] = to(target, 2 if at else 1)
        yield call, words

    return describer


def _two(call: str, *, at: bool) -> "Describer":
    """Describe a call that names two paths, each after a folder's descriptor where `at`."""

    def describer(target: Target) -> Iterator[Described]:
        first, second = (0, 2) if at else (AT_FDCWD, AT_FDCWD)
        one = target.path(target.integer(first) if at else first, target.args[1 if at else 0])
        two = target.path(target.integer(second) if at else second, target.args[3 if at else 1])
        yield call, {"path": one, "to": two}

    return describer


def _symlink(target: Target) -> Iterator[Described]:
    path = target.path(AT_FDCWD, target.args[1])
    yield "symlink", {"path": path, "to": target.string(target.args[0])}


def _symlinkat(target: Target) -> Iterator[Described]:
    path = target.path(target.integer(1), target.args[2])
    yield "symlink", {"path": path, "to": target.string(target.args[0])}


def _utimensat(target: Target) -> Iterator[Described]:
    folder, at = target.integer(0), target.args[1]
    yield "utime", {"path": target.path(folder, at) if at else target.descriptor(folder)}


def _mode(target: Target, index: int) -> str:
    return oct(target.args[index] & 0o7777)


def _owner(target: Target, index: int) -> str:
    return f"{target.integer(index)}:{target.integer(index + 1)}"


def _size(target: Target, index: int) -> int:
    return target.args[index]


def _mmap(target: Target) -> Iterator[Described]:
    yield "dlopen", {"path": target.descriptor(target.integer(4))}


def _memfd(target: Target) -> Iterator[Described]:
    path = target.string(target.args[0], PATH_MAX)
    yield "kernel", {"name": "memfd_create", "path": path}


# --- signals, time and the rest ----------------------------------------------------------------


def _signal_to(which: int, number: int) -> "Describer":
    def describer(target: Target) -> Iterator[Described]:
        own = target.status("NSpid").split("\t")[-1]
        who = str(target.integer(which))
        to = "self" if who == own else who
        yield "kill", {"target": to, "signal": _signal(target.integer(number))}

    return describer


def _pidfd_signal(target: Target) -> Iterator[Described]:
    yield "kill", {"target": "pidfd", "signal": _signal(target.integer(1))}


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _rt_sigaction(target: Target) -> Iterator[Described]:
    handler = target.word(target.args[1])
    if handler:
        name = calls.FATAL.get(target.integer(0), "")
        yield "signal", {"signal": name, "kind": "ignored" if handler == _SIG_IGN else "caught"}


def _timer(name: str) -> "Describer":
    def describer(target: Target) -> Iterator[Described]:
        found = sleeping.timer(name, target)
        if found is not None:
            yield "timer", {"seconds": f"{found[0]:g}", "kind": found[1]}

    return describer


def _session(name: str) -> "Describer":
    def describer(_: Target) -> Iterator[Described]:
        yield "kernel", {"name": name}

    return describer


def _prctl(target: Target) -> Iterator[Described]:
    yield "kernel", {"name": calls.PRCTLS.get(target.integer(0), "prctl")}


def _ioctl(target: Target) -> Iterator[Described]:
    yield "kernel", {"name": calls.IOCTLS.get(target.args[1] & 0xFFFFFFFF, "ioctl")}


Describer = Callable[[Target], Iterator[Described]]

DESCRIBERS: dict[str, Describer] = {
    "connect": _connect,
    "bind": _bind,
    "listen": _listen,
    "accept": _accept,
    "accept4": _accept,
    "sendto": _sendto,
    "sendmsg": _sendmsg,
    "sendmmsg": _sendmmsg,
    "socket": _socket,
    "socketpair": _socket,
    "execve": _execve,
    "execveat": _execveat,
    "fork": _fork,
    "vfork": _vfork,
    "clone": _clone,
    "open": _open,
    "openat": _openat,
    "openat2": _openat2,
    "creat": _creat,
    "mmap": _mmap,
    "memfd_create": _memfd,
    **{name: _one("remove", at=name == "unlinkat") for name in calls.REMOVING},
    **{name: _two("rename", at=name != "rename") for name in calls.RENAMING[:3]},
    "link": _two("link", at=False),
    "linkat": _two("link", at=True),
    "symlink": _symlink,
    "symlinkat": _symlinkat,
    "mkdir": _one("mkdir", at=False),
    "mkdirat": _one("mkdir", at=True),
    "chmod": _one("chmod", at=False, to=_mode),
    "fchmodat": _one("chmod", at=True, to=_mode),
    **{name: _one("chown", at=False, to=_owner) for name in ("chown", "lchown")},
    "fchownat": _one("chown", at=True, to=_owner),
    "truncate": _one("truncate", at=False, to=_size),
    "utime": _one("utime", at=False),
    "utimes": _one("utime", at=False),
    "futimesat": _utimensat,
    "utimensat": _utimensat,
    "kill": _signal_to(0, 1),
    "tkill": _signal_to(0, 1),
    "tgkill": _signal_to(0, 2),
    "rt_sigqueueinfo": _signal_to(0, 1),
    "rt_tgsigqueueinfo": _signal_to(0, 2),
    "pidfd_send_signal": _pidfd_signal,
    "rt_sigaction": _rt_sigaction,
    **{name: _timer(name) for name in calls.TIMERS},
    **{name: _session(name) for name in calls.SESSIONS},
    "prctl": _prctl,
    "ioctl": _ioctl,
}
"""How each reported call is described, but for those that are refused anyway, and sleeps."""

_WORDS = {
    **dict.fromkeys(calls.OPENING, "open"),
    **dict.fromkeys(calls.REMOVING, "remove"),
    **dict.fromkeys(("rename", "renameat", "renameat2"), "rename"),
    **dict.fromkeys(("link", "linkat"), "link"),
    **dict.fromkeys(("symlink", "symlinkat"), "symlink"),
    **dict.fromkeys(("mkdir", "mkdirat"), "mkdir"),
    **dict.fromkeys(("chmod", "fchmodat"), "chmod"),
    **dict.fromkeys(("chown", "lchown", "fchownat"), "chown"),
    **dict.fromkeys(("utime", "utimes", "futimesat", "utimensat"), "utime"),
    **dict.fromkeys(("accept", "accept4"), "accept"),
    **dict.fromkeys(("sendto", "sendmsg", "sendmmsg"), "sendto"),
    **dict.fromkeys(("socket", "socketpair"), "socket"),
    **dict.fromkeys(("execve", "execveat"), "execve"),
    **dict.fromkeys(("fork", "vfork", "clone"), "fork"),
    **dict.fromkeys(calls.SIGNALS, "kill"),
    **dict.fromkeys(sleeping.SLEEPS, "sleep"),
    **dict.fromkeys(calls.TIMERS, "timer"),
    **dict.fromkeys((*calls.SESSIONS, "memfd_create", "prctl", "ioctl"), "kernel"),
    "rt_sigaction": "signal",
    "mmap": "dlopen",
    "truncate": "truncate",
    **dict.fromkeys(calls.REFUSED, "kernel"),
}
