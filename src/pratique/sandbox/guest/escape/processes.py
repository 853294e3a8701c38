"""Outlive the run: forks, sessions, cleared death signals, and limits taken back."""

import atexit
import errno
import os
import resource
import signal
import threading
import time

from pratique.sandbox import kernel
from pratique.sandbox.guest.escape.attempt import (
    ABSENT,
    OUTSIDE,
    Case,
    ContainedError,
    attempt,
    call,
    in_child,
)

OUTLIVES_S = 20.0
_LOCAL = "a process of the inmate's own kernel, which ends with its machine"


def _linger() -> None:
    """Stay without a descriptor that anybody could wait on."""
    os.closerange(0, 256)
    time.sleep(OUTLIVES_S)
    os._exit(0)


@attempt(OUTSIDE, alone=True)
def outlive_by_double_fork(_: Case) -> None:
    """A grandchild in a session of its own is gone when the run is closed."""
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0:
            _linger()
        os._exit(0)
    os.waitpid(child, 0)


@attempt(OUTSIDE, alone=True, ends=("crashed",))
def outlive_own_program(_: Case) -> None:
    """A child is gone when the program that started it dies by itself."""
    if os.fork() == 0:
        os.setsid()
        _linger()
    os._exit(7)


@attempt(OUTSIDE, alone=True)
def outlive_by_clearing_the_death_signal(_: Case) -> None:
    """A child that asked not to die with its parent is gone when the run is closed."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 0)
    if os.fork() == 0:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, 0)
        os.setsid()
        _linger()


@attempt(OUTSIDE, alone=True)
def outlive_by_ignoring_signals(_: Case) -> None:
    """A child that ignores every signal that can be ignored is gone when the run is closed."""
    if os.fork() == 0:
        for number in signal.valid_signals():
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                kernel.libc().signal(number, 1)
        _linger()


@attempt(OUTSIDE, alone=True)
def outlive_as_reaper(_: Case) -> None:
    """A child under a reaper of its own making is gone when the run is closed."""
    kernel.prctl(36, 1)
    if os.fork() == 0:
        if os.fork() == 0:
            _linger()
        os._exit(0)


@attempt(OUTSIDE, alone=True)
def outlive_by_vfork_chain(_: Case) -> None:
    """A chain of processes, each starting the next and ending, is gone when the run is closed."""
    if os.fork() == 0:
        until = time.monotonic() + OUTLIVES_S
        while time.monotonic() < until:
            time.sleep(0.02)
            if os.fork():
                os._exit(0)


@attempt(OUTSIDE, alone=True, deadline_s=0.7)
def finish_never(_: Case) -> None:
    """An inmate whose exit handlers never return is ended at its deadline."""
    atexit.register(time.sleep, OUTLIVES_S)


@attempt(OUTSIDE, alone=True, deadline_s=0.7)
def finish_with_a_thread(_: Case) -> None:
    """An inmate that waits for a thread of its own that never ends is ended at its deadline."""
    threading.Thread(target=time.sleep, args=(OUTLIVES_S,)).start()


@attempt(OUTSIDE, alone=True)
def finish_and_outlive(_: Case) -> None:
    """A child that an exit handler starts is gone when the run is closed."""
    atexit.register(_outlive)


def _outlive() -> None:
    if os.fork() == 0:
        os.setsid()
        _linger()


@attempt(alone=True, ends=("crashed",), local=_LOCAL)
def kill_the_parent(_: Case) -> object:
    """Killing its parent frees the inmate from nothing: the parent lives, or both die."""
    parent = os.getppid()
    os.kill(parent, signal.SIGKILL)
    time.sleep(0.3)
    if os.getppid() == parent:
        raise ContainedError("the parent lives")
    return "lives on without its parent"


@attempt(OUTSIDE, alone=True, ends=("crashed", "deadline"), deadline_s=0.7)
def stop_itself(_: Case) -> None:
    """An inmate that stops itself is ended at its deadline."""
    os.kill(os.getpid(), signal.SIGSTOP)


@attempt(OUTSIDE, alone=True, ends=("crashed", "deadline"), deadline_s=0.7)
def sleep_past_the_deadline(_: Case) -> None:
    """An inmate that sleeps is ended at its deadline."""
    while True:
        time.sleep(3600)


@attempt(OUTSIDE, alone=True, ends=("crashed", "deadline"), deadline_s=0.7)
def spin_past_the_deadline(_: Case) -> None:
    """An inmate that computes for ever with all signals blocked is ended at its deadline."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        pass


@attempt(OUTSIDE, alone=True, ends=("crashed", "deadline"), deadline_s=0.7)
def die_by_a_fault(_: Case) -> None:
    """An inmate that faults is told as crashed, and leaves no memory image."""
    resource.setrlimit(resource.RLIMIT_CORE, resource.getrlimit(resource.RLIMIT_CORE)[1:] * 2)
    kernel.libc().memset(None, 0, 1)


@attempt(local=_LOCAL)
def raise_own_limits(_: Case) -> object:
    """No limit is raised above what was set."""
    for which in (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE, resource.RLIMIT_MEMLOCK):
        soft, hard = resource.getrlimit(which)
        if hard == resource.RLIM_INFINITY:
            return f"limit {which} was never set"
        try:
            resource.setrlimit(which, (soft, hard + 1))
        except (OSError, ValueError):
            continue
        resource.setrlimit(which, (soft, hard))
        return f"limit {which} raised"
    raise ContainedError("none could be raised")


@attempt(also=ABSENT, local=_LOCAL)
def spare_itself_from_the_killer(_: Case) -> object:
    """The inmate does not make others die first when memory runs out."""
    fd = os.open("/proc/self/oom_score_adj", os.O_RDWR)
    try:
        before = os.read(fd, 16).strip()
        os.pwrite(fd, b"-900", 0)
        os.pwrite(fd, before, 0)
    finally:
        os.close(fd)
    return "lower than the rest of the machine"


@attempt(also=(errno.EINVAL,), local=_LOCAL)
@in_child
def take_realtime_priority(_: Case) -> None:
    """The inmate gets no real-time priority, which starves everybody else."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


@attempt(local=_LOCAL)
@in_child
def take_a_better_priority(_: Case) -> None:
    """The inmate does not get ahead of those outside."""
    os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) - 5)


@attempt(local=_LOCAL)
def trace_the_parent(_: Case) -> None:
    """The parent, and what is above it, is not traced."""
    call("ptrace", 0x4206, os.getppid(), None, None)
    call("ptrace", 0x4207, os.getppid(), None, None)  # only who is stopped can be let go
    os.waitpid(os.getppid(), 0x40000000)
    call("ptrace", 17, os.getppid(), None, None)


@attempt(local=_LOCAL)
@in_child
def be_traced(_: Case) -> None:
    """No process of the inmate's traces another: tracers rewrite calls after they were judged."""
    call("ptrace", 0, 0, None, None)


@attempt(OUTSIDE)
def see_host_processes(case: Case) -> object:
    """The number of a process outside is nothing in the inmate's /proc, or something else."""
    fd = os.open(f"/proc/{case.targets['victim']}/stat", os.O_RDONLY)
    try:
        words = os.read(fd, 4096).rpartition(b")")[2].split()
    finally:
        os.close(fd)
    return case.loot(b"started " + words[19])


@attempt(OUTSIDE)
@in_child
def run_a_program_from_memory(case: Case) -> object:
    """A program in a file that only memory has, where one runs at all, writes no canary outside."""
    fd = call("memfd_create", b"escape", 0)
    os.write(fd, f"#!/bin/sh\necho {case.name} >> {case.targets['ledger']}\n".encode())
    child = os.fork()
    if child == 0:
        os.execve(f"/proc/self/fd/{fd}", ["escape"], {})  # noqa: S606 - the attempt itself
    return f"exit {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}"


@attempt(OUTSIDE)
@in_child
def run_a_program_that_writes(case: Case) -> object:
    """A shell, where one runs at all, writes no canary outside."""
    line = f"echo {case.name} >> {case.targets['ledger']}"
    return f"exit {os.waitstatus_to_exitcode(os.system(line))}"  # noqa: S605 - the attempt itself
