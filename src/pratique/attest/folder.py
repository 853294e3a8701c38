"""The files of a model as they lie there now: names, sizes, digests. Nothing is parsed."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pratique.core.errors import EvidenceError
from pratique.core.limits import MiB

MAX_FILES: Final = 200_000
_BLOCK: Final = 1 * MiB
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Lying:
    """One regular file: where its bytes are, after links, and how many."""

    path: str
    at: str
    size: int


def listing(model: Path) -> dict[str, Lying]:
    """Return the regular files of a model by their relative path.

    A model that is one file is listed by its own name. A link is followed to a file inside the
    model, or to the blobs of a hub cache's snapshot, and nowhere else.

    Raises:
        EvidenceError: something is no regular file, has a name that is not Unicode, leads out of
            the model or cannot be listed, or there are more files than `MAX_FILES`.

    """
    root = os.path.realpath(model)
    if not os.path.isdir(root):  # noqa: PTH112 - one vocabulary in this file
        return {model.name: _lying(model.name, root, (root,))}
    allowed = (root + os.sep, *_hub_blobs(root))
    found: dict[str, Lying] = {}
    for path in _walk(root):
        name = os.path.relpath(path, root)
        found[name] = _lying(name, path, allowed)
        if len(found) > MAX_FILES:
            raise EvidenceError(f"more than {MAX_FILES} files")
    return found


def one(path: Path) -> Lying:
    """Return one regular file, wherever links lead to it.

    Raises:
        EvidenceError: it is none, or cannot be read.

    """
    real = os.path.realpath(path)
    return _lying(path.name, real, (real,))


def _walk(root: str) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise EvidenceError(f"{error.filename!r} cannot be listed: {error.strerror}") from error

    for folder, folders, names in os.walk(root, onerror=refuse):
        for name in folders:
            if os.path.islink(os.path.join(folder, name)):  # noqa: PTH114, PTH118 - as above
                raise EvidenceError(f"{os.path.join(folder, name)!r} is a link to a folder")  # noqa: PTH118
        yield from (os.path.join(folder, name) for name in names)  # noqa: PTH118 - as above


def _hub_blobs(root: str) -> tuple[str, ...]:
    """Return where a hub cache keeps the bytes of `REPOSITORY/snapshots/REVISION`."""
    for parent in Path(root).parents:
        blobs = parent.parent / "blobs"
        if parent.name == "snapshots" and blobs.is_dir() and not blobs.is_symlink():
            return (str(blobs) + os.sep,)
    return ()


def _lying(name: str, path: str, allowed: tuple[str, ...]) -> Lying:
    try:
        name.encode()
        real = os.path.realpath(path, strict=True)
        if not real.startswith(allowed):
            raise EvidenceError(f"{name!r} is a link that leads out of the model")
        told = os.lstat(real)
    except UnicodeEncodeError as e:
        raise EvidenceError(f"{name!r} has a name that is not Unicode; rename it") from e
    except OSError as e:
        raise EvidenceError(f"{name!r} cannot be read: {e.strerror}") from e
    if not stat.S_ISREG(told.st_mode):
        raise EvidenceError(f"{name!r} is no regular file")
    return Lying(name, real, told.st_size)


def digest(file: Lying, heard: Callable[[int], None] = lambda _: None) -> str:
    """Return the hex SHA-256 of a file; `heard` is told of the bytes as they go by.

    Raises:
        EvidenceError: it cannot be read, or is not as long as it was when it was listed.

    """
    hasher, done, buffer = hashlib.sha256(), 0, memoryview(bytearray(_BLOCK))
    try:
        fd = os.open(file.at, _FLAGS)
        with open(fd, "rb", buffering=0) as opened:  # noqa: PTH123 - a descriptor
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise EvidenceError(f"{file.path!r} is no regular file")
            while done <= file.size and (got := opened.readinto(buffer)):
                hasher.update(buffer[:got])
                done += got
                heard(got)
    except OSError as e:
        raise EvidenceError(f"{file.path!r} cannot be read: {e.strerror}") from e
    if done != file.size:
        raise EvidenceError(f"{file.path!r} changed while it was read")
    return hasher.hexdigest()


def small(path: Path, most: int, what: str) -> bytes:
    """Return the bytes of a regular file of at most `most` bytes.

    Raises:
        EvidenceError: it is no such file.

    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:  # noqa: PTH123 - a descriptor
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise EvidenceError(f"{what}: {str(path)!r} is no regular file")
            body = file.read(most + 1)
    except (OSError, ValueError) as e:
        says = getattr(e, "strerror", None) or e
        raise EvidenceError(f"{what}: {str(path)!r} cannot be read: {says}") from e
    if len(body) > most:
        raise EvidenceError(f"{what}: {str(path)!r} has more than {most} bytes")
    return body
