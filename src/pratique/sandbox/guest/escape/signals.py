"""Signal, stop, slow or retune a process outside. Each attempt has a signal of its own."""

import ctypes
import os
import resource
import signal
import struct

from pratique.sandbox import kernel
from pratique.sandbox.guest.escape.attempt import ABSENT, OUTSIDE, Case, attempt, call

_LOCAL = "a process of the inmate's own kernel"


def _number(case: Case) -> int:
    """Return the signal that this attempt is known by."""
    return int(case.targets["signals"][case.name])


@attempt(OUTSIDE)
def signal_host_process(case: Case) -> None:
    """A process outside gets no signal by kill."""
    os.kill(case.targets["victim"], _number(case))


@attempt(OUTSIDE)
def signal_host_group(case: Case) -> None:
    """A process group outside gets no signal."""
    os.killpg(case.targets["victim"], _number(case))


@attempt(OUTSIDE)
def signal_host_thread(case: Case) -> None:
    """A thread outside gets no signal by tgkill."""
    victim = case.targets["victim"]
    call("tgkill", victim, victim, _number(case))


@attempt(OUTSIDE)
def signal_host_thread_by_tkill(case: Case) -> None:
    """A thread outside gets no signal by tkill."""
    call("tkill", case.targets["victim"], _number(case))


@attempt(OUTSIDE)
def queue_signal_to_host_process(case: Case) -> None:
    """A process outside gets no queued signal with a value."""
    number = _number(case)
    call("rt_sigqueueinfo", case.targets["victim"], number, struct.pack("=3i116x", number, 0, -1))


@attempt(OUTSIDE)
def signal_host_process_by_descriptor(case: Case) -> None:
    """A process outside gets no signal by a process descriptor."""
    held = os.pidfd_open(case.targets["victim"])
    signal.pidfd_send_signal(held, _number(case))


@attempt(OUTSIDE)
def signal_by_file_owner(case: Case) -> None:
    """A process outside cannot be named as who is signalled about a pipe."""
    import fcntl

    ends = os.pipe()
    fcntl.fcntl(ends[0], fcntl.F_SETSIG, _number(case))
    fcntl.fcntl(ends[0], fcntl.F_SETOWN, case.targets["victim"])
    fcntl.fcntl(ends[0], fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(ends[1], case.token)


@attempt(OUTSIDE)
def write_memory_of_host_process(case: Case) -> None:
    """The memory of a process outside is not written by process_vm_writev."""
    token = ctypes.create_string_buffer(case.token)
    here = (ctypes.c_uint64 * 2)(ctypes.addressof(token), len(token))
    there = (ctypes.c_uint64 * 2)(case.targets["victim_pad"], len(token))
    call("process_vm_writev", case.targets["victim"], bytes(here), 1, bytes(there), 1, 0)


@attempt(OUTSIDE)
def write_memory_by_proc(case: Case) -> None:
    """The memory of a process outside is not written through /proc/PID/mem."""
    fd = os.open(f"/proc/{case.targets['victim']}/mem", os.O_WRONLY)
    try:
        os.pwrite(fd, case.token + b"\0", case.targets["victim_pad"] + 64)
    finally:
        os.close(fd)


@attempt(OUTSIDE)
def retune_limits_of_host_process(case: Case) -> None:
    """The limits of a process outside stay as they are."""
    few = case.targets["few_files"]
    resource.prlimit(case.targets["victim"], resource.RLIMIT_NOFILE, (few, few))


@attempt(OUTSIDE)
def slow_host_process(case: Case) -> None:
    """The priority of a process outside stays as it is."""
    os.setpriority(os.PRIO_PROCESS, case.targets["victim"], case.targets["nice"])


@attempt(OUTSIDE)
def move_host_process_to_one_core(case: Case) -> None:
    """The processors of a process outside stay as they are."""
    os.sched_setaffinity(case.targets["victim"], [case.targets["core"]])


@attempt(OUTSIDE)
def offer_host_process_to_the_killer(case: Case) -> None:
    """A process outside is not made the first that goes when memory runs out."""
    fd = os.open(f"/proc/{case.targets['victim']}/oom_score_adj", os.O_WRONLY)
    os.write(fd, str(case.targets["oom_score"]).encode())
    os.close(fd)


@attempt(also=ABSENT, local=_LOCAL)
def compare_with_host_process(case: Case) -> None:
    """The kernel does not tell what the inmate shares with a process outside."""
    call("kcmp", os.getpid(), case.targets["victim"], 1, 0, 0)


@attempt(also=ABSENT, local=_LOCAL)
def drop_memory_of_host_process(_: Case) -> None:
    """The memory of another process cannot be given away."""
    call("process_madvise", -1, None, 0, 4, 0)


@attempt(local=_LOCAL)
def move_pages_of_host_process(case: Case) -> None:
    """The pages of a process outside are not moved."""
    call("move_pages", case.targets["victim"], 0, None, None, None, 0)


@attempt(local=_LOCAL)
def let_anybody_trace(_: Case) -> None:
    """The inmate cannot let every process trace it."""
    kernel.prctl(0x59616D61, 0xFFFFFFFFFFFFFFFF)
