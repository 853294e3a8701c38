"""Meet another tenant, or who started it, in memory, queues, locks and names that all share."""

import ctypes
import errno
import fcntl
import os
from pathlib import Path

from pratique.sandbox.guest.escape.attempt import (
    OUTSIDE,
    Case,
    ContainedError,
    attempt,
    call,
)

_IPC_CREAT = 0o1000
_SHARED = "/dev/shm/"


@attempt(OUTSIDE)
def read_shared_segment(case: Case) -> object:
    """A System V segment of those outside is not attached by its key."""
    held = call("shmget", case.targets["segment_key"], 0, 0)
    return case.loot(_attached(held, case.targets["victim_size"]))


@attempt(OUTSIDE)
def read_shared_segment_by_number(case: Case) -> object:
    """A System V segment of those outside is not attached by its number."""
    return case.loot(_attached(case.targets["segment"], case.targets["victim_size"]))


def _attached(held: int, size: int) -> bytes:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    at = libc.shmat(held, None, 0o10000)
    if at in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "not attached")
    return ctypes.string_at(at, size)


@attempt(OUTSIDE)
def make_shared_segment(case: Case) -> None:
    """A System V segment made inside is not there outside."""
    call("shmget", case.targets["new_key"], 4096, _IPC_CREAT | 0o600)
    case.hold()


@attempt(OUTSIDE)
def make_semaphore(case: Case) -> None:
    """A System V semaphore made inside is not there outside."""
    call("semget", case.targets["new_key"], 1, _IPC_CREAT | 0o600)
    case.hold()


@attempt(OUTSIDE)
def make_message_queue(case: Case) -> None:
    """A System V message queue made inside is not there outside."""
    held = call("msgget", case.targets["new_key"], _IPC_CREAT | 0o600)
    case.hold()
    ctypes.CDLL(None).msgctl(held, 0, None)


@attempt(OUTSIDE)
def take_message(case: Case) -> object:
    """A message that waits in a System V queue outside is not taken."""
    held = call("msgget", case.targets["segment_key"], 0)
    into = ctypes.create_string_buffer(8 + case.targets["victim_size"])
    size = case.targets["victim_size"]
    got = call("msgrcv", held, ctypes.addressof(into), size, 0, 0o4000)
    return case.loot(into.raw[8 : 8 + got])


@attempt(OUTSIDE)
def lower_semaphore(case: Case) -> None:
    """A semaphore of those outside is not lowered."""
    held = call("semget", case.targets["segment_key"], 1, 0)
    call("semop", held, b"\0\0\xff\xff\0\x08", 1)


@attempt(OUTSIDE)
def read_posix_shared_memory(case: Case) -> object:
    """A file of those outside in /dev/shm is not read."""
    return case.loot(Path(_SHARED, case.targets["shm_name"]).read_bytes())


@attempt(OUTSIDE)
def make_posix_shared_memory(case: Case) -> None:
    """A file made in /dev/shm is not there outside."""
    path = Path(_SHARED, f"{case.targets['mark']}-{case.name}")
    path.write_bytes(case.token)
    case.hold()
    path.unlink()


@attempt(OUTSIDE)
def open_posix_queue(case: Case) -> object:
    """A POSIX message queue of those outside is not opened."""
    fd = call("mq_open", case.targets["queue_name"].encode(), os.O_RDONLY, 0, None)
    into = ctypes.create_string_buffer(256)
    got = ctypes.CDLL(None).mq_receive(fd, into, ctypes.c_size_t(256), None)
    return case.loot(into.raw[: max(got, 0)])


@attempt(OUTSIDE)
def make_posix_queue(case: Case) -> None:
    """A POSIX message queue made inside is not there outside."""
    name = case.targets["new_queue_name"].encode()
    call("mq_open", name, os.O_CREAT | os.O_RDWR, 0o600, None)
    try:
        case.hold()
    finally:
        call("mq_unlink", name)


@attempt(OUTSIDE)
def lock_shared_file(case: Case) -> None:
    """A lock on a file of the model does not keep those outside, or another tenant, from it."""
    with Path(case.targets["model"], "weights.bin").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        case.hold()


@attempt(OUTSIDE)
def lock_shared_file_by_range(case: Case) -> None:
    """A lock on a range of a file of the model is not felt outside."""
    with Path(case.targets["model"], "weights.bin").open("rb") as file:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, 7)
        case.hold()


@attempt(OUTSIDE)
def watch_shared_file(case: Case) -> object:
    """The inmate does not learn when somebody else reads a file of the model."""
    fd = call("inotify_init1", os.O_NONBLOCK)
    path = (case.targets["model"] + "/weights.bin").encode()
    call("inotify_add_watch", fd, path, 0x20)
    case.hold()
    try:
        os.read(fd, 4096)
    except BlockingIOError as e:
        raise ContainedError("heard nothing") from e
    return case.loot(b"heard of a reader")


@attempt(OUTSIDE)
def watch_shared_folder_by_signal(case: Case) -> None:
    """The inmate is not signalled when somebody changes the model's folder."""
    import signal

    heard: list[int] = []
    signal.signal(signal.SIGIO, lambda number, _: heard.append(number))
    fd = os.open(case.targets["model"], os.O_RDONLY)
    fcntl.fcntl(fd, fcntl.F_NOTIFY, fcntl.DN_MODIFY | fcntl.DN_CREATE | fcntl.DN_ACCESS)
    case.hold()
    os.close(fd)
    if not heard:
        raise OSError(errno.EAGAIN, "heard nothing")
    case.loot(b"heard of a change")


@attempt(OUTSIDE)
def share_keyring(case: Case) -> object:
    """A key that those outside have in the keyring of their user is not read."""
    name = case.targets["key_name"].encode()
    held = call("keyctl", 10, -4, b"user", name, 0)
    into = ctypes.create_string_buffer(256)
    got = call("keyctl", 11, held, ctypes.addressof(into), 256, 0)
    return case.loot(into.raw[:got])
