"""Read the environment of those outside: variables hold keys and tokens."""

import os
from collections.abc import Iterator

from pratique.sandbox.guest.escape.attempt import OUTSIDE, Case, ContainedError, attempt, in_child

VARIABLE = b"PRATIQUE_ESCAPE_CANARY="
MOST = 1 << 20


def _seek(case: Case, blocks: Iterator[bytes]) -> object:
    """Tell the value of the canary variable from the first block that holds it."""
    for block in blocks:
        _, found, rest = block.partition(VARIABLE)
        if found:
            return case.loot(rest.split(b"\0")[0])
    raise ContainedError("no block holds the canary")


def _blocks(pids: list[str]) -> Iterator[bytes]:
    for pid in pids:
        try:
            fd = os.open(f"/proc/{pid}/environ", os.O_RDONLY)
        except OSError:
            continue
        try:
            yield os.read(fd, MOST)
        except OSError:
            continue
        finally:
            os.close(fd)


@attempt(OUTSIDE)
def read_own_environment(case: Case) -> object:
    """The inmate's own variables hold nothing of the starter's."""
    return _seek(case, iter([b"\0".join(k + b"=" + v for k, v in os.environb.items())]))


@attempt(OUTSIDE)
def read_environment_of_start(case: Case) -> object:
    """What the inmate was started with, as /proc/self/environ keeps it, is not the starter's."""
    return _seek(case, _blocks(["self"]))


@attempt(OUTSIDE)
def read_environment_of_init(case: Case) -> object:
    """The variables of process 1 of the inmate are not the starter's: it was started empty too."""
    return _seek(case, _blocks(["1"]))


@attempt(OUTSIDE)
def read_environment_of_parents(case: Case) -> object:
    """The variables of the inmate's parent are not the starter's."""
    return _seek(case, _blocks([str(os.getppid())]))


@attempt(OUTSIDE)
def read_environment_of_starter(case: Case) -> object:
    """The variables of the process that started it all are not had by its number."""
    return _seek(case, _blocks([str(case.targets["supervisor"]), str(case.targets["victim"])]))


@attempt(OUTSIDE)
def read_environment_of_all(case: Case) -> object:
    """No process in /proc has the canary among its variables."""
    return _seek(case, _blocks([p for p in os.listdir("/proc") if p.isdigit()]))


@attempt(OUTSIDE)
@in_child
def read_environment_of_a_program(case: Case) -> object:
    """A program that the inmate starts is given nothing of the starter's."""
    back = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(back[1], 1)
        os.execv("/usr/bin/env", ["env", "-0"])  # noqa: S606 - the attempt itself
    os.close(back[1])
    told = os.read(back[0], MOST)
    os.waitpid(child, 0)
    return _seek(case, iter([told]))


@attempt(OUTSIDE)
def read_arguments_of_all(case: Case) -> object:
    """No process in /proc shows a command line of those outside."""
    for pid in os.listdir("/proc"):
        if not pid.isdigit():
            continue
        try:
            fd = os.open(f"/proc/{pid}/cmdline", os.O_RDONLY)
        except OSError:
            continue
        case.loot(os.read(fd, MOST))
        os.close(fd)
    return f"{len(case.found)} command lines"
