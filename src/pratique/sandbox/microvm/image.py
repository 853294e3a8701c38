"""Build the microVM's read-only image from Debian packages: kernel, first RAM disk, root disk.

    image = build(default_folder(), print)

Packages are fetched with `apt-get download`, which verifies them against Debian's signed lists, and
unpacked with `dpkg-deb -x`, so none of their scripts run and no root is needed. The same packages
and the same guest code give the same bytes; `manifest.json` beside them names both. The image is
made in a folder beside its place and renamed into it, so a half-made one is never used.
"""

import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pratique.core.errors import MachineError
from pratique.sandbox.microvm.archive import cpio
from pratique.sandbox.microvm.erofs import Tree

KERNEL_PACKAGE = "linux-image-cloud-amd64"
PYTHON = "/usr/bin/python3.11"
GUEST_ROOT = "/opt/guest"
FORMAT = 1
"""Raised when an image of an older form cannot be used any more."""

BUILD_HINT = "run `pratique microvm build` (on Debian or Ubuntu; it needs apt and about 100 MB)"

PACKAGES = (
    *("busybox-static", "libbz2-1.0", "libc6", "libcrypt1", "libexpat1", "libffi8", "libgcc-s1"),
    *("libgomp1", "liblzma5", "libpython3.11-minimal", "libpython3.11-stdlib", "libsqlite3-0"),
    *("libssl3", "libstdc++6", "libuuid1", "python3.11-minimal", "zlib1g"),
)
"""The image's own Python, and the libraries that other interpreters and wheels take for granted."""

MODULES = (
    *("virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci"),
    *("virtio_blk", "virtio_console", "libcrc32c", "erofs"),
)
"""What Debian's cloud kernel does not have built in, in the order of loading."""

PROGRAMS = (
    *("awk", "base64", "cat", "chmod", "cp", "cut", "date", "df", "echo", "env", "find", "grep"),
    *("gunzip", "gzip", "head", "hostname", "id", "kill", "ls", "mkdir", "mv", "nc", "ps", "pwd"),
    *("rm", "sed", "sh", "sleep", "sort", "tail", "tar", "touch", "uname", "wget", "whoami"),
)
"""What a program may expect to find: one that looks for a shell first shall find one."""

_LEFT_OUT = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/lintian",
    "usr/share/locale",
    "boot",
    "lib/modules",
)
_LEFT_OUT_ANYWHERE = ("idlelib", "lib2to3", "turtledemo", "ensurepip", "tkinter")
_MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
_GUEST_MODULES = (
    *("pratique", "pratique.core", "pratique.core.errors", "pratique.core.limits"),
    *("pratique.sandbox", "pratique.sandbox.frames", "pratique.sandbox.kernel"),
    *("pratique.sandbox.guest", "pratique.sandbox.guest.vm_cell"),
    *("pratique.sandbox.guest.vm_devices", "pratique.sandbox.guest.vm_init"),
    "pratique.sandbox.guest.vm_relay",
)
"""What the first process in the machine is made of; a job brings its program and the rest along."""

_INIT = f"""#!/bin/busybox sh
busybox mount -t devtmpfs dev /dev
for m in /m/*.ko; do busybox insmod "$m"; done
busybox mount -t erofs -o ro /dev/vda /root
busybox mount --move /dev /root/dev
exec busybox switch_root /root {PYTHON} -I -B -S {GUEST_ROOT}/init.py
"""
_START = f"""import sys
sys.path.insert(0, {GUEST_ROOT!r})
from pratique.sandbox.guest.vm_init import main
main()
"""


class ImageError(MachineError):
    """The microVM's image is not there, is stale or cannot be built."""

    def hint(self) -> str:
        """Say how to get it."""
        return BUILD_HINT


@dataclass(frozen=True, slots=True)
class Image:
    """A built image. `key` is a short digest over its bytes."""

    folder: Path
    key: str

    @property
    def kernel(self) -> Path:
        """Return the kernel, as Debian ships it."""
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        """Return the initial RAM disk."""
        return self.folder / "initrd"

    @property
    def root(self) -> Path:
        """Return the root disk."""
        return self.folder / "root.erofs"


def default_folder() -> Path:
    """Return where images are kept: `pratique/microvm` in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(cache) if cache.startswith("/") else Path.home() / ".cache"
    return base / "pratique" / "microvm"


def find(folder: Path) -> Image:
    """Return the image that was built there.

    Raises:
        ImageError: there is none, it is damaged, or its guest code is not this version's.

    """
    try:
        told = json.loads((folder / "image" / "manifest.json").read_text())
        same = told["format"] == FORMAT and told["guest"] == guest_digest()
        sizes = all(
            (folder / "image" / name).stat().st_size == file["size"]
            for name, file in told["files"].items()
        )
    except FileNotFoundError as e:
        raise ImageError("the microVM's image is not built") from e
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise ImageError(f"the microVM's image is damaged: {e}") from e
    if not sizes:
        raise ImageError(
            "the microVM's image is damaged: a file has not the size it was built with"
        )
    if not same:
        raise ImageError("the microVM's image was built by another version")
    return Image(folder / "image", _key(told))


def build(folder: Path, progress: Callable[[str], None]) -> Image:
    """Build the image in `folder`, replacing an older one; `progress` is told each step in a line.

    Two builders at once wait for each other.

    Raises:
        ImageError: a tool is missing, or a package cannot be fetched or unpacked.

    """
    if platform.machine() != "x86_64":
        raise ImageError(f"the microVM's image is built for x86_64 only, not {platform.machine()}")
    for tool in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise ImageError(f"no {tool}: the image is made from Debian packages")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock, tempfile.TemporaryDirectory(dir=folder) as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = Path(scratch) / "image"
        made.mkdir()
        _build(Path(scratch), made, progress)
        _replace(folder / "image", made)
    return find(folder)


def _build(scratch: Path, made: Path, progress: Callable[[str], None]) -> None:
    debs, root = scratch / "debs", scratch / "root"
    debs.mkdir()
    names = [*PACKAGES, _kernel_package()]
    progress(f"fetch {len(names)} Debian packages")
    _run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *names], cwd=debs)
    for deb in sorted(debs.iterdir()):
        _run(["dpkg-deb", "-x", str(deb), str(root)])
    progress("compile the standard library")
    _compile(root)
    progress("write the disks")
    (vmlinuz,) = (root / "boot").glob("vmlinuz-*")
    shutil.copyfile(vmlinuz, made / "vmlinuz")
    (made / "initrd").write_bytes(_initrd(root))
    with (made / "root.erofs").open("wb") as disk:
        _tree(root).write(disk.fileno())
    sizes = {p.name: p.stat().st_size for p in sorted(made.iterdir())}
    files = {name: {"size": size, "sha256": _sha256(made / name)} for name, size in sizes.items()}
    packages = dict(sorted(_package(deb) for deb in debs.iterdir()))
    manifest = {"format": FORMAT, "guest": guest_digest(), "files": files, "packages": packages}
    (made / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    progress(f"built {sum(sizes.values()) >> 20} MiB")


def _kernel_package() -> str:
    told = _run(["apt-cache", "depends", "--important", KERNEL_PACKAGE])
    found = [line.split()[-1] for line in told.splitlines() if "Depends: linux-image-" in line]
    if not found:
        raise ImageError(f"apt knows no {KERNEL_PACKAGE}: the image needs Debian's package lists")
    return found[0]


def _compile(root: Path) -> None:
    """Compile the library with the Python that will use it: compiling in the guest takes seconds.

    Byte code that is not checked against its source is the same whenever it is made.
    """
    libraries = f"{root}/lib/x86_64-linux-gnu:{root}/usr/lib/x86_64-linux-gnu"
    python = [
        f"{root}/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        "--library-path",
        libraries,
        f"{root}{PYTHON}",
    ]
    library = root / "usr/lib/python3.11"
    what = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(root)]
    _run([*python, "-S", "-B", *what, "-p", "/", str(library)], env={"PYTHONHOME": f"{root}/usr"})


def _tree(root: Path) -> Tree:
    tree = Tree()
    for mount in ("dev", "proc", "sys", "run", "tmp", "root", "home", "etc", "var", "mnt"):
        tree.folder(f"/{mount}")
    for path in _kept(root):
        first, _, rest = path.relative_to(root).as_posix().partition("/")
        inside = f"/{_MERGED.get(first, first)}/{rest}"
        if path.is_symlink():
            tree.link(inside, str(path.readlink()))
        elif path.is_dir():
            tree.folder(inside)
        else:
            tree.host_file(inside, path)
    for name, to in _MERGED.items():
        tree.link(f"/{name}", to)
    tree.link("/usr/bin/python3", "python3.11")
    for name in PROGRAMS:
        tree.link(f"/usr/bin/{name}", "busybox")
    tree.file(f"{GUEST_ROOT}/init.py", _START.encode())
    for name, content in _guest_code():
        tree.file(f"{GUEST_ROOT}/{name}", content)
    return tree


def _kept(folder: Path, inside: str = "") -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        path = f"{inside}{entry.name}"
        if path in _LEFT_OUT or entry.name in _LEFT_OUT_ANYWHERE:
            continue
        if inside:
            yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _kept(Path(entry.path), f"{path}/")


def _initrd(root: Path) -> bytes:
    files = {"init": (_INIT.encode(), 0o755)}
    files["bin/busybox"] = ((root / "bin/busybox").read_bytes(), 0o755)
    found = {p.name: p for p in (root / "lib/modules").rglob("*.ko")}
    for number, name in enumerate(MODULES):
        if f"{name}.ko" not in found:
            raise ImageError(f"Debian's kernel has no module {name!r}")
        files[f"m/{number:02}-{name}.ko"] = (found[f"{name}.ko"].read_bytes(), 0o644)
    return cpio(("bin", "dev", "m", "root"), files)


@functools.cache
def _guest_code() -> tuple[tuple[str, bytes], ...]:
    """Return the guest's modules as (path, source), found without importing them."""
    return tuple(_module(name) for name in _GUEST_MODULES)


def _module(name: str) -> tuple[str, bytes]:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        raise ImageError(f"no module {name!r} to put into the image")
    folder = name.replace(".", "/")
    package = spec.submodule_search_locations is not None
    return f"{folder}/__init__.py" if package else f"{folder}.py", Path(spec.origin).read_bytes()


def guest_digest() -> str:
    """Return a digest over the guest code that an image of this version holds."""
    digest = hashlib.sha256((_INIT + _START).encode())
    for name, content in _guest_code():
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _key(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:16]


def _package(deb: Path) -> tuple[str, dict[str, str]]:
    name, version = _run(["dpkg-deb", "-W", "--showformat=${Package} ${Version}", str(deb)]).split()
    return name, {"version": version, "sha256": _sha256(deb)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace(place: Path, made: Path) -> None:
    """Put a built folder into its place; whoever has the old one open keeps it."""
    made.chmod(0o755)
    old = made.parent / "old"
    if place.exists():
        place.rename(old)
    made.rename(place)


def _run(command: list[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", **(env or {})}
    for proxy in ("http_proxy", "https_proxy"):
        if proxy in os.environ:
            environment[proxy] = os.environ[proxy]
    try:
        told = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=True
        )
    except subprocess.CalledProcessError as e:
        last = (e.stderr or e.stdout).strip().rpartition("\n")[2]
        raise ImageError(f"{command[0]} failed: {last or e.returncode}") from e
    except OSError as e:
        raise ImageError(f"{command[0]} does not start: {e}") from e
    return told.stdout
