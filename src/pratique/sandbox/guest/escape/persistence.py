"""Plant something that the next run would read or obey, and see in that run whether it is there.

A `plant-` attempt is made in one inmate; in the next one each of them is looked for by `seek`.
"""

import contextlib
import os
import sys
from collections.abc import Callable

from pratique.sandbox.guest.escape.attempt import OUTSIDE, Attempt, Case, ContainedError, add, call


def _packages() -> str:
    return next((p for p in sys.path if p.endswith("-packages")), os.path.dirname(os.__file__))


def _home() -> str:
    return os.path.expanduser("~")


def _user_packages() -> str:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return f"{_home()}/.local/lib/{version}/site-packages"


PLACES: dict[str, tuple[str, Callable[[], str]]] = {
    "home": ("A file in the home folder is not there in the next run.", _home),
    "tmp": ("A file in /tmp is not there in the next run.", lambda: "/tmp"),
    "var-tmp": ("A file in /var/tmp is not there in the next run.", lambda: "/var/tmp"),
    "shared-memory": ("A file in /dev/shm is not there in the next run.", lambda: "/dev/shm"),
    "run": ("A file in /run is not there in the next run.", lambda: "/run"),
    "packages": (
        "A .pth file, which every start of Python obeys, is not added to its packages.",
        _packages,
    ),
    "user-packages": (
        "A .pth file among the user's own packages is not there in the next run.",
        _user_packages,
    ),
    "own-code": (
        "A file beside the guest's code is not there in the next run.",
        lambda: os.path.dirname(__file__),
    ),
    "compiled-code": (
        "Compiled code, which is read in place of the source, is not left for the next run.",
        lambda: os.path.join(os.path.dirname(os.__file__), "__pycache__"),
    ),
    "preload": ("No library is put before all others for the next run.", lambda: "/etc"),
}


def _path(case: Case, place: str) -> str:
    return f"{place}/{case.targets['mark']}-{case.name.removeprefix('seek-')}.canary"


def _plant(place: Callable[[], str]) -> Callable[[Case], object]:
    def act(case: Case) -> object:
        with contextlib.suppress(OSError):
            os.makedirs(place(), exist_ok=True)
        fd = os.open(_path(case, place()), os.O_WRONLY | os.O_CREAT, 0o600)
        case.sign(fd)
        os.close(fd)
        return "planted"

    return act


def seek(case: Case) -> object:
    """Tell which of those planted are there: they are told as loot."""
    for name, (_, place) in PLACES.items():
        if os.path.exists(f"{place()}/{case.targets['mark']}-plant-in-{name}.canary"):
            case.loot(b"stayed plant-in-" + name.encode())
    if not case.found:
        raise ContainedError("nothing stayed")
    return f"{len(case.found)} stayed"


for _name, (_says, _place) in PLACES.items():
    add(Attempt(f"plant-in-{_name}", "persistence", _says, _plant(_place), OUTSIDE))

add(
    Attempt(
        *("seek-what-was-planted", "persistence", "An inmate finds nothing of an earlier one's."),
        seek,
        OUTSIDE,
        alone=True,
    )
)


def _plant_key(case: Case) -> object:
    name = f"{case.targets['mark']}-key".encode()
    return f"key {call('add_key', b'user', name, b'stayed', 6, -4)}"


def _seek_key(case: Case) -> object:
    held = call("keyctl", 10, -4, b"user", f"{case.targets['mark']}-key".encode(), 0)
    return case.loot(b"stayed plant-in-keyring") if held else None


add(
    Attempt(
        *("plant-in-keyring", "persistence", "A key is not there in the next run.", _plant_key),
        OUTSIDE,
    )
)
add(
    Attempt(
        *("seek-a-key", "persistence", "An inmate finds no key of an earlier one's.", _seek_key),
        OUTSIDE,
        alone=True,
    )
)
