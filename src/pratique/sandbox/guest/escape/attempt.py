"""What an attempt to get out is, what it is given, and how it is made and told.

The docstring of an attempt states what containment means for it. An attempt may do no harm where it
succeeds: it names canaries, passes null pointers, or asks for what the caller has already.
"""

import contextlib
import errno
import functools
import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pratique.core.errors import JailError
from pratique.sandbox import kernel
from pratique.sandbox.syscalls import this_machine

Send = Callable[[Mapping[str, Any]], None]

REFUSED = (errno.EPERM, errno.EACCES, errno.ENOSYS)
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.ENODEV, errno.ESRCH)
READ_ONLY = (errno.EROFS, errno.ETXTBSY)
FULL = (errno.ENOSPC, errno.ENOMEM, errno.EAGAIN, errno.EFBIG, errno.EDQUOT, errno.EMFILE)
UNREACHABLE = (
    *(errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ECONNREFUSED),
    *(errno.EADDRNOTAVAIL, errno.ETIMEDOUT),
)
UNKNOWN_KIND = (errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT)

INSIDE = "the kernel's answer inside"
OUTSIDE = "what was seen outside"

NOWHERE = b"/pratique-escape-names-nothing"
AT_CWD = -100
_MAX_SAYS = 200


class ContainedError(Exception):
    """The attempt met a wall that is no error of the kernel's; the text says which."""


@dataclass(frozen=True)
class Attempt:
    """One way out.

    `contained` states what containment means; `judged` by whom. Errors in `also` mean refused as
    well as `REFUSED` do. `alone` asks for an inmate of its own with `deadline_s`, which may end in
    a way of `ends` without that being an escape. `local` says why it proves nothing where the
    inmate has a kernel of its own, empty where it matters there too. `machine` is the only one it
    fits.
    """

    name: str
    group: str
    contained: str
    act: Callable[["Case"], object]
    judged: str = INSIDE
    also: tuple[int, ...] = ()
    alone: bool = False
    ends: tuple[str, ...] = ()
    deadline_s: float = 5.0
    local: str = ""
    machine: str = ""


@dataclass(frozen=True)
class Case:
    """What an attempt is given: its name, the targets that were set up outside, and a voice.

    What it read is told by `loot`, as digests; `hold` waits while those outside look.
    """

    name: str
    targets: Mapping[str, Any]
    send: Send
    found: list[str] = field(default_factory=list)

    @property
    def token(self) -> bytes:
        """Return what an attempt leaves wherever it gets, so that it is known by it."""
        return self.name.encode()

    def loot(self, data: bytes) -> str:
        """Tell what was read; only the one who planted it knows whether it is a secret."""
        self.found.append(digest(data))
        return f"read {len(data)} bytes"

    def hold(self) -> None:
        """Stay as it is until those outside have looked."""
        self.send({"holding": self.name})
        time.sleep(float(self.targets["hold_s"]))

    def sign(self, fd: int) -> None:
        """Leave this attempt's name in a file."""
        os.write(fd, self.token + b"\n")


def digest(data: bytes) -> str:
    """Return what tells two secrets apart without repeating one."""
    return hashlib.sha256(data.strip()).hexdigest()


ATTEMPTS: dict[str, Attempt] = {}


def attempt(
    judged: str = INSIDE,
    also: tuple[int, ...] = (),
    *,
    local: str = "",
    **more: Any,  # noqa: ANN401 - the other fields of an attempt
) -> Callable[[Callable[[Case], object]], Callable[[Case], object]]:
    """Enter a function into the catalogue; its group is its module, its docstring the promise."""

    def enter(act: Callable[[Case], object]) -> Callable[[Case], object]:
        group = act.__module__.rpartition(".")[2]
        says = " ".join((act.__doc__ or "").split())
        add(
            Attempt(
                act.__name__.replace("_", "-"), group, says, act, judged, also, local=local, **more
            )
        )
        return act

    return enter


def add(one: Attempt) -> None:
    """Enter an attempt.

    Raises:
        ValueError: there is one of that name, or it does not say what containment means.

    """
    if one.name in ATTEMPTS or not one.contained:
        raise ValueError(f"attempt {one.name!r} is there already, or does not say what holds it")
    ATTEMPTS[one.name] = one


def call(name: str, *args: int | bytes | None) -> int:
    """Make a system call by name.

    Raises:
        OSError: the kernel refused.

    """
    number = this_machine().numbers[name]
    if number < 0:
        raise OSError(errno.ENOSYS, f"{this_machine().name} has no {name}")
    return kernel.syscall(number, *args)


def tried(one: Attempt, case: Case) -> dict[str, Any]:
    """Make an attempt and return the frame that tells: refused, let, or broken by a mistake."""
    try:
        said = one.act(case)
        ended, says = "let", str(said or "let through")
    except ContainedError as e:
        ended, says = "refused", str(e)
    except MemoryError:
        ended, says = "refused", "MemoryError"
    except OSError as e:
        stopped = e.errno in (*REFUSED, *one.also) or one.judged == OUTSIDE
        says = errno.errorcode.get(e.errno or 0, str(e))
        ended, says = ("refused", says) if stopped else ("let", f"{says}: the kernel took the call")
    except Exception as e:  # noqa: BLE001 - a mistake in an attempt is told, and counts as open
        ended, says = "broken", f"{type(e).__name__}: {e}"
    return {"attempt": one.name, "ended": ended, "says": says[:_MAX_SAYS], "loot": case.found}


def in_child(act: Callable[[Case], object]) -> Callable[[Case], object]:
    """Make an attempt in a child where there can be one: what it changes is lost with the child.

    Where the fork is refused it is made here, as whoever wants out would.
    """

    @functools.wraps(act)
    def run(case: Case) -> object:
        back = os.pipe()
        try:
            child = os.fork()
        except OSError:
            os.close(back[0])
            os.close(back[1])
            return act(case)
        if child == 0:
            _child(act, case, back[1])
        os.close(back[1])
        return _told(child, back[0], case)

    return run


def _child(act: Callable[[Case], object], case: Case, back: int) -> None:
    told: dict[str, Any] = {}
    try:
        told = {"says": str(act(case) or "let through"), "loot": case.found}
    except OSError as e:
        told = {"errno": e.errno or 0}
    except ContainedError as e:
        told = {"error": str(e), "contained": True}
    except BaseException as e:  # noqa: BLE001 - whatever it was, the parent is to know
        told = {"error": f"{type(e).__name__}: {e}"}
    finally:
        os.write(back, json.dumps(told).encode())
        os._exit(0)


def _told(child: int, back: int, case: Case) -> object:
    try:
        told = json.loads(b"".join(_read(back)) or b'{"error": "the child said nothing"}')
    finally:
        os.close(back)
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    case.found.extend(told.get("loot", ()))
    if "errno" in told:
        raise OSError(told["errno"], os.strerror(told["errno"]))
    if told.get("contained"):
        raise ContainedError(told["error"])
    if "error" in told:
        raise JailError(told["error"])
    return told["says"]


def _read(back: int) -> Iterator[bytes]:
    while got := os.read(back, 1 << 16):
        yield got
