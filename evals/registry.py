"""Fetch a package's archive from the configured registry: no install, no import, no setup code."""

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PIP = ROOT / ".peers" / "pip"


def pip() -> list[str]:
    """Return the words that start pip, which `uv` has no command in place of for downloads."""
    python = PIP / "bin" / "python"
    if not python.is_file():
        uv = [str(ROOT / "scripts" / "uv"), "venv", "--quiet", "--seed", "--python"]
        subprocess.run([*uv, sys.executable, str(PIP)], check=True)
    return [str(python), "-m", "pip", "--disable-pip-version-check"]


def download(asked: str, home: Path) -> Path | None:
    """Return the wheel of `name==version`, fetched unless it is there; None if not to be had."""
    home.mkdir(parents=True, exist_ok=True)
    name, _, version = asked.partition("==")
    stem = f"{name.replace('-', '_')}-{version}-".lower()
    for path in home.iterdir():
        if path.name.lower().startswith(stem):
            return path
    told = dict(os.environ)
    index = told.get("UV_DEFAULT_INDEX") or told.get("UV_INDEX_URL")
    if index:
        told.setdefault("PIP_INDEX_URL", index)
    words = ["download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(home), asked]
    before = set(home.iterdir())
    done = subprocess.run(
        [*pip(), *words], env=told, check=False, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        print(done.stderr.strip()[-400:], file=sys.stderr)
        return None
    return next(iter(set(home.iterdir()) - before), None)


def members(package: Path) -> Iterator[tuple[str, int]]:
    """Yield (name, size) of a wheel's or a source archive's files."""
    if package.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(package) as archive:
            yield from ((i.filename, i.file_size) for i in archive.infolist() if not i.is_dir())
    else:
        with tarfile.open(package) as tar:
            yield from ((m.name, m.size) for m in tar if m.isfile())


def body_of(package: Path, name: str) -> bytes:
    """Return one member's bytes; nothing is written where the archive says."""
    if package.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(package) as archive:
            return archive.read(name)
    with tarfile.open(package) as tar:
        found = tar.extractfile(name)
        return found.read() if found else b""
