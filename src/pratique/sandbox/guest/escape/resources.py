"""Use up what others need: processes, memory, files, disk, and the patience of who listens.

Each goes to twice what the inmate was allotted and no further, and gives it back.
"""

import contextlib
import errno
import mmap
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator

from pratique.core.limits import GiB, KiB, MiB
from pratique.sandbox import kernel
from pratique.sandbox.guest.escape.attempt import FULL, OUTSIDE, Case, ContainedError, attempt, call

_LOCAL = "the memory and processes of the inmate's own machine, which was given a size"
_ENDS = ("crashed", "memory", "deadline")
STEP = 8 * MiB
HUNDRED_GB = 100 * GiB
FILES_MOST = 16_384
FLOOD_S = 0.7
LINE = b"x" * 4095 + b"\n"


def _bomb(case: Case) -> int:
    """Fork until refused or twice the bound; return how many were had, all still alive."""
    most, children = 2 * int(case.targets["processes"]), 0
    for _ in range(most):
        try:
            child = os.fork()
        except OSError:
            break
        if child == 0:
            time.sleep(4)
            os._exit(0)
        children += 1
    return children


@attempt(alone=True, ends=_ENDS, local=_LOCAL)
def fork_bomb(case: Case) -> object:
    """No more processes than allotted come to be, and a neighbour still starts meanwhile."""
    children = _bomb(case)
    case.hold()
    return _more(children, int(case.targets["processes"]), "processes")


def _more(had: int, bound: int, what: str) -> str:
    if had <= bound:
        raise ContainedError(f"{had} {what}")
    return f"{had} {what}, where {bound} are the most"


@attempt(alone=True, ends=_ENDS, local=_LOCAL)
def thread_bomb(case: Case) -> object:
    """No more threads than processes were allotted come to be."""
    bound, over = int(case.targets["processes"]), threading.Event()
    threading.stack_size(64 * KiB)
    started: list[threading.Thread] = []
    try:
        for _ in range(2 * bound):
            one = threading.Thread(target=over.wait, daemon=True)
            one.start()
            started.append(one)
    except RuntimeError:
        pass  # no more to be had
    finally:
        over.set()
    return _more(len(started), bound, "threads")


def _fill(case: Case, take: Callable[[int], object], bound: str = "memory") -> object:
    """Take steps until twice the bound; `take` keeps what it took."""
    most = int(case.targets[bound])
    kept, had = [], 0
    try:
        while had <= 2 * most:
            kept.append(take(had))
            had += STEP
    except (MemoryError, OSError, ValueError) as e:
        if had <= most:
            raise ContainedError(f"{type(e).__name__} after {had // MiB} MiB") from e
    return f"{had // MiB} MiB, where {most // MiB} are the most"


@attempt(alone=True, ends=_ENDS, deadline_s=20.0, local=_LOCAL)
def allocate_memory(case: Case) -> object:
    """Memory ends at what was allotted."""
    return _fill(case, lambda _: b"\1" * STEP)


@attempt(alone=True, ends=_ENDS, deadline_s=20.0, local=_LOCAL)
def allocate_shared_memory(case: Case) -> object:
    """Shared anonymous memory, which no limit of a process counts, ends at what was allotted."""

    def take(_: int) -> mmap.mmap:
        area = mmap.mmap(-1, STEP)
        area.write(b"\1" * STEP)
        return area

    return _fill(case, take)


@attempt(also=FULL, alone=True, ends=_ENDS, local=_LOCAL)
def allocate_a_hundred_gigabytes(_: Case) -> object:
    """A hundred gigabytes at once are refused, or the one who asks ends."""
    with mmap.mmap(-1, HUNDRED_GB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as area:
        area[HUNDRED_GB - 1] = 1
    return "given"


@attempt(alone=True, ends=_ENDS, deadline_s=20.0, local=_LOCAL)
def allocate_by_memfd(case: Case) -> object:
    """Memory behind a descriptor ends at what was allotted."""
    fd = call("memfd_create", b"escape", 0)
    return _fill(case, lambda at: os.pwrite(fd, b"\1" * STEP, at))


@attempt(alone=True, ends=_ENDS, deadline_s=20.0, local=_LOCAL)
def allocate_in_children(case: Case) -> object:
    """The memory of all processes of the inmate together ends at what was allotted."""
    most, share, children, ready = int(case.targets["memory"]), 4, [], os.pipe()
    for _ in range(share):
        child = os.fork()
        if child == 0:
            kept = b"\1" * (most // 2)
            os.write(ready[1], b"x" if kept else b"")
            time.sleep(4)
            os._exit(0)
        children.append(child)
    os.close(ready[1])
    had = 0
    with contextlib.suppress(OSError):
        while select.select([ready[0]], [], [], 3)[0] and os.read(ready[0], 1) and had < share:
            had += 1
    alive = sum(1 for child in children if os.waitpid(child, os.WNOHANG)[0] == 0)
    for child in children:
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
    return _more(alive * (most // 2) // MiB, most // MiB, "MiB in children")


@attempt(alone=True, ends=_ENDS, deadline_s=20.0, local=_LOCAL)
def fill_shared_memory_folder(case: Case) -> object:
    """Files in /dev/shm end at what was allotted."""
    return _fill_file(case, "/dev/shm", "memory")


@attempt(alone=True, ends=_ENDS, deadline_s=20.0, local=_LOCAL)
def fill_tmp(case: Case) -> object:
    """Files in /tmp end at what was allotted."""
    return _fill_file(case, "/tmp", "tmp_bytes")


@attempt(alone=True, ends=_ENDS, deadline_s=20.0, local=_LOCAL)
def fill_home(case: Case) -> object:
    """Files in the home folder end at what was allotted."""
    return _fill_file(case, os.path.expanduser("~"), "tmp_bytes")


@attempt(alone=True, ends=_ENDS, deadline_s=20.0, local=_LOCAL)
def fill_tmp_with_many_files(case: Case) -> object:
    """Many files of the largest size that one may have end at what was allotted too."""
    return _fill_file(case, "/tmp", "tmp_bytes", each=2 * STEP)


def _fill_file(case: Case, folder: str, bound: str, each: int = 1 << 62) -> object:
    own = [f"{folder}/{case.targets['mark']}-{case.name}-{n}" for n in range(64)]

    def take(at: int) -> int:
        fd = os.open(own[at // each], os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            if os.pwrite(fd, b"\1" * STEP, at % each) < STEP:
                raise OSError(errno.ENOSPC, "full")
        finally:
            os.close(fd)
        return at

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        return _fill(case, take, bound)
    finally:
        for path in own:
            with contextlib.suppress(OSError):
                os.unlink(path)


@attempt(also=(*FULL, errno.EINVAL), local=_LOCAL)
def lock_memory(_: Case) -> object:
    """No memory is locked against swapping beyond a few pages."""
    size = 64 * MiB
    area = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    call("mlock", kernel.address(area), size)
    return "64 MiB locked"


@attempt(alone=True, ends=_ENDS, deadline_s=10.0, local=_LOCAL)
def use_up_descriptors(_: Case) -> object:
    """Descriptors end before they are many."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    fd = os.open("/dev/null", os.O_RDONLY)
    kept = []
    try:
        kept = [os.dup(fd) for _ in range(FILES_MOST + 1)]
    except OSError as e:
        if e.errno in (errno.EMFILE, errno.ENFILE):
            raise ContainedError(f"at most {hard}") from e
        raise
    finally:
        os.closerange(64, FILES_MOST + 64)
    return f"{len(kept)} descriptors"


def _until_refused(make: Callable[[], int], most: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for _ in range(most):
            yield make()


@attempt(OUTSIDE, alone=True, deadline_s=10.0)
def use_up_watches(case: Case) -> object:
    """Those outside can still watch files while the inmate takes all the watches it gets."""
    kept = list(_until_refused(lambda: call("inotify_init1", 0), 1024))
    case.hold()
    return f"{len(kept)} taken"


@attempt(OUTSIDE, alone=True, deadline_s=10.0)
def use_up_message_queues(case: Case) -> object:
    """Those outside can still make message queues while the inmate takes all that it gets."""
    names = [f"{case.targets['mark']}-{n}".encode() for n in range(300)]
    kept: list[int] = []
    try:
        flags, todo = os.O_CREAT | os.O_RDWR, iter(names)
        made = _until_refused(lambda: call("mq_open", next(todo), flags, 0o600, None), len(names))
        kept += made
        case.hold()
    finally:
        for name in names[: len(kept)]:
            call("mq_unlink", name)
    return f"{len(kept)} taken"


@attempt(OUTSIDE, alone=True, deadline_s=10.0)
def use_up_terminals(case: Case) -> object:
    """Those outside can still open a terminal while the inmate takes all that it gets."""
    kept = list(_until_refused(lambda: os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY), 256))
    case.hold()
    return f"{len(kept)} taken"


@attempt(OUTSIDE, alone=True, deadline_s=10.0)
def use_up_pipes(case: Case) -> object:
    """Those outside get pipes of full size while the inmate takes all that it gets."""
    import fcntl

    kept = []
    with contextlib.suppress(OSError):
        for _again in range(256):
            kept.append(os.pipe())
            with contextlib.suppress(OSError):
                fcntl.fcntl(kept[-1][0], 1031, MiB)
    case.hold()
    return f"{len(kept)} taken"


def _flood(fd: int) -> None:
    os.set_blocking(fd, False)
    until = time.monotonic() + FLOOD_S
    while time.monotonic() < until:
        try:
            os.write(fd, LINE)
        except BlockingIOError:
            time.sleep(0.001)


@attempt(OUTSIDE, alone=True, ends=_ENDS)
def flood_standard_output(_: Case) -> None:
    """A flood of output fills neither the memory nor the disk of those outside."""
    _flood(1)


@attempt(OUTSIDE, alone=True, ends=_ENDS)
def flood_standard_error(_: Case) -> None:
    """A flood of complaints fills neither the memory nor the disk of those outside."""
    _flood(2)


@attempt(OUTSIDE, alone=True, ends=(*_ENDS, "protocol"), deadline_s=4.0)
def flood_the_watcher(case: Case) -> object:
    """A flood of calls that a recorder looks at ends at its deadline, and the trace is bounded."""
    until, calls = time.monotonic() + FLOOD_S, 0
    threads = [threading.Thread(target=_calls, args=(case, until)) for _ in range(4)]
    try:
        for one in threads:
            one.start()
            calls += 1
    except RuntimeError:
        _calls(case, until)
    for one in threads[:calls]:
        one.join()
    return f"{calls} threads for {FLOOD_S} s"


def _calls(case: Case, until: float) -> None:
    names = (f"/nothing/{case.name}/{n}" for n in iter(int, 1))
    for path, n in zip(names, range(1 << 30), strict=False):
        with contextlib.suppress(OSError):
            os.open(f"{path}-{n}", os.O_RDONLY)
        if time.monotonic() > until:
            return


@attempt(OUTSIDE, alone=True, ends=(*_ENDS, "protocol"), deadline_s=4.0)
def flood_by_forks(_: Case) -> object:
    """A flood of short-lived processes ends at its deadline and slows nobody's start."""
    until, forks = time.monotonic() + FLOOD_S, 0
    while time.monotonic() < until:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        forks += 1
    return f"{forks} forks"
