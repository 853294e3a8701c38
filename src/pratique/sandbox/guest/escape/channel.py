"""Break the rules of the one channel that leads out: lie, stall, flood, and pass things along.

Containment means the same for all: the supervisor takes no harm. It comes back by its deadline,
holds no more memory or descriptors than before, believes no answer to a question it has not asked,
and leaves nothing of the inmate behind.
"""

import array
import contextlib
import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from typing import Any

from pratique.core.limits import MiB
from pratique.sandbox.guest.escape.attempt import OUTSIDE, Case, ContainedError, attempt

_ENDS: dict[str, Any] = {
    "alone": True,
    "ends": ("protocol", "crashed", "deadline", "memory"),
    "deadline_s": 0.8,
}
_LONG: dict[str, Any] = {**_ENDS, "deadline_s": 3.0}
STALL_S = 60.0
_LOOKED_THROUGH = 256
MOST = 640 * MiB
"""More than an answer may have, and not more than a careless reader can hold."""
_END = b'{"end":true}'


def _fd() -> int:
    """Find the channel as whoever breaks in would: the first socket or port that is open."""
    for fd in range(3, _LOOKED_THROUGH):
        with contextlib.suppress(OSError):
            mode = os.fstat(fd).st_mode
            if stat.S_ISSOCK(mode) or (stat.S_ISCHR(mode) and "vport" in _aim(fd)):
                os.set_blocking(fd, True)
                return fd
    raise ContainedError("no channel is found")


def _aim(fd: int) -> str:
    return os.readlink(f"/proc/self/fd/{fd}")


def _write(data: bytes) -> None:
    fd, rest = _fd(), memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest[: 1 << 18]) :]


def _frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


@attempt(OUTSIDE, **_ENDS)
def forge_the_end(_: Case) -> None:
    """A forged end closes one answer; the frames behind it are not taken for the next one."""
    _write(_frame(_END) + _frame(b'{"nonce":"forged"}') + _frame(_END))


@attempt(OUTSIDE, **_ENDS)
def answer_the_next_question(case: Case) -> None:
    """An answer that is there before its question is not taken for one."""
    case.send({"attempt": case.name, "ended": "let", "says": "answered early", "loot": []})
    _write(_frame(_END) + b"".join(_frame(b'{"nonce":"early"}') + _frame(_END) for _ in range(64)))
    time.sleep(0.2)


@attempt(OUTSIDE, **_ENDS)
def forge_an_error(_: Case) -> None:
    """A forged error with control characters ends the run and reaches no terminal as it is."""
    _write(_frame(json.dumps({"error": "\x1b]0;owned\x07" * 9000, "why": "deadline"}).encode()))


@attempt(OUTSIDE, **_ENDS)
def forge_a_phase(_: Case) -> None:
    """Forged words of the recorder's (phases, audit events) of the wrong kinds do no harm."""
    for word in ("phase", "audit", "held", "clock", "holding", "prove"):
        for value in ("[]", "{}", "1e308", "null", '{"at":[1]}', '"\\u0000"'):
            _write(_frame(f'{{"{word}":{value}}}'.encode()))


@attempt(OUTSIDE, **_ENDS)
def send_an_oversized_length(_: Case) -> None:
    """A frame that claims four gigabytes is refused before any of it is waited for."""
    _write(b"\xff\xff\xff\xff" + b"x" * 64)
    time.sleep(STALL_S)


@attempt(OUTSIDE, **_ENDS)
def send_a_large_length(_: Case) -> None:
    """A frame just above the largest is refused before it is held in memory."""
    _write((16 * MiB + 1).to_bytes(4, "big"))
    for _again in range(17):
        _write(b"x" * MiB)
    time.sleep(STALL_S)


@attempt(OUTSIDE, **_ENDS)
def send_half_a_length(_: Case) -> None:
    """Half a length, and then silence, ends at the deadline."""
    _write(b"\0\0")
    time.sleep(STALL_S)


@attempt(OUTSIDE, **_ENDS)
def send_half_a_frame(_: Case) -> None:
    """Half a frame, and then silence, ends at the deadline."""
    _write((1000).to_bytes(4, "big") + b'{"half":')
    time.sleep(STALL_S)


@attempt(OUTSIDE, **_ENDS)
def send_byte_by_byte(_: Case) -> None:
    """A frame that trickles in ends at the deadline, which no byte prolongs."""
    body = _frame(b'{"slow":"' + b"x" * 100_000 + b'"}')
    for at in range(len(body)):
        _write(body[at : at + 1])
        time.sleep(0.01)


@attempt(OUTSIDE, **_ENDS)
def send_nothing_but_silence(_: Case) -> None:
    """Frames that say nothing, at a slow pace, do not prolong the deadline."""
    while True:
        _write(_frame(b"{}"))
        time.sleep(0.05)


@attempt(OUTSIDE, **_ENDS)
def send_an_empty_frame(_: Case) -> None:
    """A frame of no bytes is a broken rule, and nothing worse."""
    _write(_frame(b"") * 3)


@attempt(OUTSIDE, **_ENDS)
def send_no_object(_: Case) -> None:
    """A frame that is a list, a text, a number or nothing is a broken rule."""
    _write(_frame(b"[1]") + _frame(b'"x"') + _frame(b"3") + _frame(b"null"))


@attempt(OUTSIDE, **_ENDS)
def send_broken_text(_: Case) -> None:
    """Bytes that are no UTF-8, and half of a pair, do not break who reads them."""
    _write(_frame(b'{"half":"\\ud800","name\\udfff":1}') + _frame(b'{"x":"\xff\xfe\xc0"}'))


@attempt(OUTSIDE, **_ENDS)
def send_no_number(_: Case) -> None:
    """NaN and the infinities, which JSON has not, do not come through."""
    _write(_frame(b'{"x":NaN,"y":Infinity,"z":-1e99999}'))


@attempt(OUTSIDE, **_ENDS)
def send_a_number_of_many_digits(_: Case) -> None:
    """A number of a million digits, which takes hours to convert, is refused."""
    _write(_frame(b'{"x":' + b"9" * (1 << 20) + b"}"))


@attempt(OUTSIDE, **_ENDS)
def send_deep_nesting(_: Case) -> None:
    """A frame nested a million times does not overflow the stack of who reads it."""
    deep = 1_000_000
    _write(_frame(b'{"x":' + b"[" * deep + b"]" * deep + b"}"))


@attempt(OUTSIDE, **_LONG)
def send_millions_of_values(_: Case) -> None:
    """Sixteen megabytes of empty lists do not become gigabytes of memory."""
    _write(_frame(b'{"x":[' + b"[]," * (5 * MiB) + b"0]}"))


@attempt(OUTSIDE, **_ENDS)
def send_a_name_many_times(_: Case) -> None:
    """A name said a hundred thousand times in one frame costs no more than its bytes."""
    _write(_frame(b'{"end":0' + b',"end":0' * 100_000 + b"}"))


@attempt(OUTSIDE, **_LONG)
def send_frames_without_end(_: Case) -> None:
    """An endless answer of small frames is cut."""
    block = _frame(b'{"x":1}') * 10_000
    while True:
        _write(block)


@attempt(OUTSIDE, **_LONG)
def send_bytes_without_end(_: Case) -> None:
    """An endless answer of large frames is cut, and is not held in memory."""
    block, sent = _frame(b'{"x":"' + b"x" * (4 * MiB) + b'"}'), 0
    while sent < MOST:
        _write(block)
        sent += len(block)


@attempt(OUTSIDE, **_ENDS)
def send_compressed_bytes(_: Case) -> None:
    """Nobody unpacks what the inmate sends: a bomb stays as small as it came."""
    import gzip

    bomb = gzip.compress(bytes(16 * MiB))
    _write(_frame(bomb) + _frame(json.dumps({"x": bomb.hex()}).encode()))


def _own(case: Case) -> str:
    """Return a path that those outside know again by its name, if they are handed it."""
    return f"{case.targets['tmp']}/{case.targets['mark']}-{case.name}"


@attempt(OUTSIDE, **_ENDS)
def send_descriptors(case: Case) -> None:
    """Descriptors that are passed along do not arrive: the supervisor has as many as before."""
    own = [os.open(_own(case), os.O_RDONLY | os.O_CREAT, 0o600) for _ in range(8)]
    with socket.socket(fileno=os.dup(_fd())) as one:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", own))]
        for _ in range(8):
            one.sendmsg([_frame(b"{}")], rights)
    case.hold()


@attempt(OUTSIDE, **_ENDS)
def send_a_folder(case: Case) -> None:
    """A folder of the inmate's, passed along as a descriptor, does not arrive."""
    os.mkdir(_own(case))
    own = os.open(_own(case), os.O_RDONLY | os.O_DIRECTORY)
    with socket.socket(fileno=os.dup(_fd())) as one:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [own]))]
        one.sendmsg([_frame(b"{}")], rights)
    case.hold()


@attempt(OUTSIDE, **_ENDS)
def send_credentials(_: Case) -> None:
    """Forged credentials of root along with a frame count for nothing."""
    who = array.array("i", [1, 0, 0])
    with socket.socket(fileno=os.dup(_fd())) as one:
        one.sendmsg([_frame(b"{}")], [(socket.SOL_SOCKET, 2, who)])


@attempt(OUTSIDE, **_ENDS)
def close_the_channel(_: Case) -> None:
    """A channel closed in mid-answer is told as a crash, by the deadline."""
    os.close(_fd())
    time.sleep(STALL_S)


@attempt(OUTSIDE, **_ENDS)
def shut_one_way(_: Case) -> None:
    """A channel shut in one direction ends the run by the deadline."""
    with socket.socket(fileno=os.dup(_fd())) as one:
        one.shutdown(socket.SHUT_WR)
    time.sleep(STALL_S)


@attempt(OUTSIDE, **_ENDS)
def be_deaf(case: Case) -> None:
    """Who takes no more questions does not keep the one who asks beyond the deadline."""
    _write(
        _frame(json.dumps({"attempt": case.name, "ended": "let", "says": "", "loot": []}).encode())
    )
    _write(_frame(_END))
    time.sleep(STALL_S)


@attempt(OUTSIDE, **_ENDS)
def speak_from_many_processes(_: Case) -> None:
    """Children that speak over each other are at worst a broken rule."""
    with contextlib.suppress(OSError):
        for _child in range(4):
            if os.fork() == 0:
                for body in _bodies():
                    _write(body)
                os._exit(0)
    for body in _bodies():
        _write(body)
    time.sleep(0.3)


def _bodies() -> Iterator[bytes]:
    yield from (_frame(b'{"x":"' + b"y" * 5000 + b'"}') for _ in range(50))


@attempt(OUTSIDE, **_ENDS)
def speak_on_standard_output(_: Case) -> None:
    """Frames on the standard output and error are no frames."""
    for fd in (1, 2):
        with contextlib.suppress(OSError):
            os.write(fd, _frame(b'{"nonce":"forged"}') + _frame(_END))
