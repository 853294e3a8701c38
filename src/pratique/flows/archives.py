"""From words of the command line to files: archives, CISA's list, FIRST's table."""

import contextlib
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pratique.advisories import fetch
from pratique.advisories.install import Given
from pratique.advisories.osv_zip import ArchiveError
from pratique.core.component import CRATES, DEBIAN, GO, NPM, PYPI
from pratique.core.errors import UsageError

KNOWN: Final = (PYPI, NPM, GO, CRATES, DEBIAN)
_LICENCES: Final = {PYPI: "CC-BY-4.0", GO: "CC-BY-4.0", CRATES: "CC0-1.0"}
_HEAD: Final = 4096
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """Where files come from: the room to fetch into, the proxy, and who is told."""

    room: Path
    proxy: str
    tell: Tell

    def archive(self, name: str, address: str, licence: str) -> Given:
        """Return the archive of an ecosystem; its licence is ours to say only for OSV's own."""
        file = self.file(address)
        _is_archive(file, address)
        known = _LICENCES.get(name, "") if address.startswith(f"{fetch.OSV}/") else ""
        return Given(name, file, address, licence or known or "not stated")

    def file(self, address: str) -> Path:
        """Return a file of this machine, or what is at an address."""
        if not fetch.is_address(address):
            path = Path(address)
            inside = path / "all.zip" if path.is_dir() else path
            if not inside.is_file():
                lacks = "is a folder without an all.zip" if path.is_dir() else "no such file"
                raise UsageError(f"{str(path)!r}: {lacks}")
            return inside
        self.tell(f"fetching {address}")
        to = self.room / f"{len(list(self.room.iterdir()))}.part"
        with to.open("wb") as opened:
            fetch.fetch(address, opened, proxy=self.proxy)
        return to


def ecosystem_of(word: str, otherwise: str) -> tuple[str, str]:
    """Return the ecosystem and the address that `[ECOSYSTEM=]FILE|URL` names."""
    name, equals, address = word.partition("=")
    if not equals or "/" in name:
        name, address = "", word
    parts = address.replace("\\", "/").split("/")
    above = parts[-2] if len(parts) > 1 and parts[-1] == "all.zip" else ""
    name = name or (above if above in KNOWN else otherwise)
    if name not in KNOWN:
        raise UsageError(f"{name!r} is no ecosystem that is known here: {', '.join(KNOWN)}")
    return name, address


def _is_archive(file: Path, address: str) -> None:
    """Refuse what is no archive, with where it belongs if that can be told."""
    if zipfile.is_zipfile(file):
        return
    with file.open("rb") as opened:
        head = opened.read(_HEAD)
    if head.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD)
    if b"catalogVersion" in head or b'"vulnerabilities"' in head:
        raise ArchiveError(f"{address}: looks like CISA's catalogue, which belongs to --kev")
    if head.startswith((b"#model_version", b"cve,epss")):
        raise ArchiveError(f"{address}: looks like FIRST's table, which belongs to --epss")
    raise ArchiveError(f"{address}: is no whole zip archive, so no all.zip of OSV")
