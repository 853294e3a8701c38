"""Putting a badge where it belongs: all of it or nothing, and never over anything else."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pratique.attest import folder
from pratique.attest.badge import NAMES
from pratique.core.errors import ChangedError, UsageError
from pratique.core.scan import Scan


def placeable(out: Path | None, model: Path) -> Path:
    """Return where a badge goes: `out`, else the folder `NAME.pratique` beside the model.

    Raises:
        UsageError: it would lie inside the model, or over something that is no badge.

    """
    if out is None:
        if not model.exists():
            raise UsageError(f"{str(model)!r} is not on this machine; say where the badge goes: -o")
        whole = Path(os.path.abspath(model))  # noqa: PTH100 - links stay as they were named
        out = whole.with_name(f"{whole.name}.pratique")
    if out.resolve().is_relative_to(model.resolve()):
        raise UsageError(f"{str(out)!r} lies inside the model, whose bytes a badge never changes")
    if os.path.lexists(out) and not _is_badge(out):
        raise UsageError(f"{str(out)!r} is there and is no badge; it was left alone")
    return out


def _is_badge(out: Path) -> bool:
    return out.is_dir() and not out.is_symlink() and {p.name for p in out.iterdir()} <= NAMES


@contextmanager
def place(out: Path, files: Mapping[str, bytes]) -> Iterator[None]:
    """Write `files` beside `out`; when the block ends well, they become `out` at once."""
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=out.parent, prefix=".pratique-"))
    try:
        fresh.chmod(0o755)
        for name, body in files.items():
            (fresh / name).write_bytes(body)
        yield
        _swap(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh: Path, out: Path) -> None:
    if not out.exists():
        fresh.rename(out)
        return
    old = fresh.with_name(fresh.name + ".old")
    out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def unchanged(scan: Scan, model: Path) -> None:
    """Make sure that a model still has the files that were scanned, by name and size.

    Digests were taken while scanning; they are not taken twice.

    Raises:
        ChangedError: files came, went or changed their size.
        EvidenceError: something there could not be verified later, such as a link out of it.

    """
    if not model.exists():
        return
    there = {name: file.size for name, file in folder.listing(model).items()}
    seen = {file.path: file.size for file in scan.files}
    odd = sorted({name for name, _ in there.items() ^ seen.items()})
    if odd:
        raise ChangedError(f"{odd[0]!r} is not as it was scanned; nothing was signed")


def rewrite(path: Path, before: bytes, after: bytes) -> None:
    """Replace a file's content at once, keeping its mode.

    Raises:
        UsageError: it is a link: its target may belong to something else.
        ChangedError: it no longer is what it was.

    """
    if path.is_symlink():
        raise UsageError(f"{str(path)!r} is a link; put a copy there, then badge again")
    if path.read_bytes() != before:
        raise ChangedError(f"{str(path)!r} changed while it was scanned")
    fd, fresh = tempfile.mkstemp(dir=path.parent, prefix=".pratique-")
    try:
        with open(fd, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(after)
            os.fchmod(fd, path.stat().st_mode & 0o777)
        Path(fresh).replace(path)
    finally:
        Path(fresh).unlink(missing_ok=True)
