"""The OCI bundle of one inmate: what it sees, as whom, and with which limits."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pratique.sandbox.jail import command
from pratique.sandbox.jail.command import Shown
from pratique.sandbox.port import Bounds

_READ_ONLY = ["rbind", "ro", "nosuid", "nodev"]
_LINKS = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
_NAMESPACES = ("pid", "network", "ipc", "uts", "mount", "cgroup")
_FILES = 4096


def write(folder: Path, shown: Shown, argv: list[str], bounds: Bounds) -> None:
    """Write `config.json`, the root with every mount point, and the files made on the spot."""
    root, made = folder / "rootfs", folder / "files"
    root.mkdir()
    made.mkdir()
    mounts = list(_mounts(shown))
    for number, (path, body) in enumerate(shown.files):
        (made / str(number)).write_bytes(body)
        mounts.append(_bind(str(made / str(number)), path))
    for name in _LINKS:
        place = Path("/") / name
        if place.is_symlink():
            (root / name).symlink_to(place.readlink())
    for mount in mounts:
        point = root / mount["destination"].lstrip("/")
        point.parent.mkdir(parents=True, exist_ok=True)
        if mount["type"] != "bind" or Path(mount["source"]).is_dir():
            point.mkdir(parents=True, exist_ok=True)
        else:
            point.touch()
    (folder / "config.json").write_text(json.dumps(_config(shown, argv, bounds, mounts)))


def _config(
    shown: Shown, argv: list[str], bounds: Bounds, mounts: list[dict[str, Any]]
) -> dict[str, Any]:
    limits = {"NOFILE": _FILES, "NPROC": bounds.processes, "FSIZE": bounds.tmp}
    limits |= dict.fromkeys(("CORE", "MEMLOCK", "MSGQUEUE", "RTPRIO"), 0)
    nothing: list[str] = []
    kinds = ("bounding", "effective", "inheritable", "permitted", "ambient")
    return {
        "ociVersion": "1.0.0",
        "process": {
            "terminal": False,
            "user": {"uid": command.UID, "gid": command.UID},
            "args": argv,
            "env": [f"{name}={value}" for name, value in shown.environment],
            "cwd": command.home(shown.condition),
            "capabilities": dict.fromkeys(kinds, nothing),
            "rlimits": [
                {"type": f"RLIMIT_{name}", "hard": most, "soft": most}
                for name, most in limits.items()
            ],
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": shown.condition.host,
        "mounts": mounts,
        "linux": {"namespaces": [{"type": name} for name in _NAMESPACES]},
    }


def _mounts(shown: Shown) -> Iterator[dict[str, Any]]:
    yield {"destination": "/proc", "type": "proc", "source": "proc"}
    for path in ("/tmp", command.home(shown.condition), "/dev/shm"):  # noqa: S108 - the inmate's own
        size = command.SHARED_MEMORY if path == "/dev/shm" else shown.tmp  # noqa: S108
        owned = ["nosuid", "nodev", f"size={size}", "mode=0777"]  # one user: nobody else is there
        yield {"destination": path, "type": "tmpfs", "source": "tmpfs", "options": owned}
    for bind in shown.binds:
        yield _bind(str(bind.host), bind.inside)


def _bind(host: str, inside: str) -> dict[str, Any]:
    return {"destination": inside, "type": "bind", "source": host, "options": _READ_ONLY}
