"""Files outside that attempts aim at: secrets to read, places to write, and a model to change."""

import contextlib
import hashlib
import os
import shutil
import stat
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pratique.core.limits import MiB
from pratique.sandbox.escape_suite.listeners import writable_run

WEIGHTS = "weights.bin"
PLANTED = "plant-"
_PIPE_BYTES = 4096
_HOST_FILES = {
    "read-etc-shadow": ("/etc/shadow", "/etc/shadow-", "/etc/gshadow"),
    "read-etc-passwd": ("/etc/passwd",),
    "read-machine-id": ("/etc/machine-id", "/var/lib/dbus/machine-id"),
}


@dataclass(slots=True)
class Canaries:
    """A folder that the host keeps for itself, and in it a model that inmates are shown.

    `spare` are the names of attempts that change a file of the model: each finds one of its name.
    """

    mark: str
    secret: str
    spare: Sequence[str]
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="pratique-escape-")))
    _before: dict[str, tuple[object, ...]] = field(default_factory=dict)
    _ledger: int = 0
    _pipe: int = -1

    @property
    def model(self) -> Path:
        """Return the folder that inmates are shown as the model."""
        return self.folder / "model"

    def __enter__(self) -> Self:
        """Plant them."""
        self.folder.chmod(0o755)
        for path in self._secrets():
            path.write_text(self.secret)
        (self.folder / "open").mkdir()
        (self.folder / "open").chmod(0o777)
        (self.folder / "ledger").touch()
        (self.folder / "ledger").chmod(0o666)
        self._fill_model()
        self._before = self._state()
        return self

    def _secrets(self) -> tuple[Path, ...]:
        name = f"{self.mark}-secret"
        return (
            *(self.folder / "secret", self.folder / "beside", Path.home() / f".{name}"),
            writable_run() / name,
        )

    def _fill_model(self) -> None:
        self.model.mkdir()
        (self.model / WEIGHTS).write_bytes(bytes(MiB))
        for name in self.spare:
            (self.model / name).write_bytes(bytes(4096))
        root = f"/proc/{os.getpid()}/root"
        (self.model / "link").symlink_to(self.folder / "secret")
        (self.model / "link-to-proc").symlink_to(f"{root}{self.folder}/secret")
        os.mkfifo(self.model / "pipe")
        self._pipe = os.open(self.model / "pipe", os.O_RDONLY | os.O_NONBLOCK)

    def __exit__(self, *args: object) -> None:
        """Remove them, and whatever attempts left under their mark."""
        if self._pipe >= 0:
            os.close(self._pipe)
        for path in self._secrets():
            path.unlink(missing_ok=True)
        for path in left_behind(self.mark):
            _remove(path)
        _remove(self.folder)

    def targets(self, model: str) -> dict[str, object]:
        """Return where they are, for an inmate that is shown the model at `model`."""
        tmp, beside, home, run = self._secrets()
        return {
            "folder": str(self.folder),
            "model": model,
            "mark": self.mark,
            "secret_tmp": str(tmp),
            "secret_beside": f"{model}/../{beside.name}",
            "secret_home": str(home),
            "secret_run": str(run),
            "home": str(Path.home()),
            "ledger": str(self.folder / "ledger"),
            "open_folder": str(self.folder / "open"),
            "unix_inside": str(self.folder / "open" / "inside.sock"),
        }

    def host_secrets(self) -> Iterator[tuple[str, bytes]]:
        """Yield (what it is, its bytes) of files that every host has."""
        for name, paths in _HOST_FILES.items():
            for path in paths:
                with contextlib.suppress(OSError):
                    yield f"{name}: {path}", Path(path).read_bytes()[: 1 << 16]

    def harm(self) -> dict[str, str]:
        """Return, by attempt, what was written or changed since the last time."""
        done = dict.fromkeys(self._written(), "a canary outside was written")
        done |= {path.name: "a file appeared outside" for path in (self.folder / "open").iterdir()}
        for path in left_behind(self.mark):
            name = path.name.removeprefix(f"{self.mark}-").partition(".")[0]
            done[name.rstrip("-0123456789") if name.startswith("fill") else name] = f"left {path}"
            if not name.startswith(PLANTED):  # a later inmate is to find it, if it can
                _remove(path)
        for path in (self.folder / "open").iterdir():
            _remove(path)
        return done | self._changed()

    def _written(self) -> Iterator[str]:
        lines = (self.folder / "ledger").read_text(errors="replace").split("\n")
        yield from (line for line in lines[self._ledger : -1])
        self._ledger = len(lines) - 1
        if self._pipe >= 0:
            with contextlib.suppress(OSError):
                yield from os.read(self._pipe, _PIPE_BYTES).decode(errors="replace").split()

    def _state(self) -> dict[str, tuple[object, ...]]:
        found: dict[str, tuple[object, ...]] = {}
        for path in self.model.iterdir():
            told = path.lstat()
            body = path.read_bytes() if stat.S_ISREG(told.st_mode) else b""
            extra = tuple(os.listxattr(path, follow_symlinks=False))
            seen = (told.st_mode, told.st_mtime_ns, told.st_size, hashlib.sha256(body).hexdigest())
            found[path.name] = (*seen, extra)
        return found

    def _changed(self) -> dict[str, str]:
        now = self._state()
        names = {n for n in {*now, *self._before} if now.get(n) != self._before.get(n)}
        done = {name.removesuffix(".new"): "the model was changed" for name in names}
        if WEIGHTS in done:
            del done[WEIGHTS]
            tail = (self.model / WEIGHTS).read_bytes()[MiB:].decode(errors="replace")
            done |= dict.fromkeys(tail.split() or [""], "the model was written")
            (self.model / WEIGHTS).write_bytes(bytes(MiB))
            now = self._state()
        self._before = now
        return done


def left_behind(mark: str) -> list[Path]:
    """Return the files under a mark in every place that an inmate might reach of the host's."""
    own = Path(__file__).parent.parent / "guest" / "escape"
    paths = sysconfig.get_paths()
    stdlib = Path(paths["stdlib"])
    home = Path.home()
    packages = home / ".local/lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    places = (
        *("/tmp", "/var/tmp", "/dev/shm", "/run", "/etc", home, packages, own),  # noqa: S108
        *(paths["purelib"], stdlib, stdlib / "__pycache__", tempfile.gettempdir()),
    )
    found = {path for place in places for path in Path(place).glob(f"{mark}-*")}
    ours = {f"{mark}-secret", f"{mark}-own"}
    return [path for path in sorted(found) if path.name not in ours]


def _remove(path: Path) -> None:
    """Remove whatever it is, however deep, without following a link out of it."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    with contextlib.suppress(subprocess.SubprocessError):
        subprocess.run(["/bin/chmod", "-R", "u+rwx", "--", path], check=True, timeout=30)
    shutil.rmtree(path)
