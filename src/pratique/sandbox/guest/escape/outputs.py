"""Leave traps where somebody may look for results, and in what is read again."""

import gzip
import os
from pathlib import Path

from pratique.core.limits import MiB
from pratique.sandbox.guest.escape.attempt import OUTSIDE, Case, attempt


def _own(case: Case, folder: str = "") -> str:
    return f"{folder or case.targets['tmp']}/{case.targets['mark']}-{case.name}"


@attempt(OUTSIDE)
def leave_a_link_to_a_secret(case: Case) -> None:
    """A link to a canary where results might lie is followed by nobody, and is gone afterwards."""
    Path(_own(case)).symlink_to(case.targets["secret_tmp"])


@attempt(OUTSIDE)
def leave_a_link_to_write_through(case: Case) -> None:
    """A link to a file outside, under the name of a result, has nobody write through it."""
    Path(_own(case)).symlink_to(case.targets["ledger"])


@attempt(OUTSIDE)
def leave_a_pipe(case: Case) -> None:
    """A FIFO where results might lie halts nobody who cleans up, and is gone afterwards."""
    os.mkfifo(_own(case))


@attempt(OUTSIDE)
def leave_a_socket(case: Case) -> None:
    """A node of a socket halts nobody who cleans up, and is gone afterwards."""
    os.mknod(_own(case), 0o140600)


@attempt(OUTSIDE)
def leave_deep_folders(case: Case) -> None:
    """Folders too deep for any path are gone afterwards."""
    os.mkdir(_own(case))
    before = os.getcwd()
    os.chdir(_own(case))
    for _ in range(60):
        os.mkdir("d" * 100)
        os.chdir("d" * 100)
    os.chdir(before)


@attempt(OUTSIDE)
def leave_a_bomb(case: Case) -> None:
    """A file that unpacks to a thousand times its size is unpacked by nobody."""
    Path(_own(case) + ".gz").write_bytes(gzip.compress(bytes(64 * MiB)))


@attempt(OUTSIDE)
def leave_a_sparse_file(case: Case) -> None:
    """A file of a terabyte without content costs nobody a terabyte."""
    with open(_own(case), "wb") as file:
        file.truncate(1 << 40)


@attempt(OUTSIDE)
def leave_locked_folders(case: Case) -> None:
    """Folders that nobody may enter are gone afterwards."""
    os.mkdir(_own(case), 0o700)
    os.mkdir(_own(case) + "/inner", 0o700)
    os.chmod(_own(case), 0)


@attempt(OUTSIDE)
def leave_names_for_terminals(case: Case) -> None:
    """File names that a terminal obeys are printed by nobody, and are gone afterwards."""
    os.mkdir(_own(case))
    os.mkdir(_own(case) + "/\x1b]0;owned\x07\n")


@attempt(OUTSIDE)
def wait_on_pipe_in_model(case: Case) -> object:
    """A FIFO in the model's folder gives no line to somebody outside who has it open."""
    fd = os.open(case.targets["model"] + "/pipe", os.O_RDWR | os.O_NONBLOCK)
    os.write(fd, case.token)
    case.hold()
    os.close(fd)
    return "written"
