"""Small zips and tars, honest and not: every trick is one edit of an honest archive."""

import io
import tarfile
import warnings
import zipfile
from collections.abc import Mapping

from pratique.artifacts.readers.zip import records

DATED = (2020, 1, 1, 0, 0, 0)


def zipped(
    files: Mapping[str, bytes] | list[tuple[str, bytes]],
    method: int = zipfile.ZIP_STORED,
    modes: Mapping[str, int] | None = None,
) -> bytes:
    """Return an honest zip; `modes` are Unix modes by name."""
    pairs = files if isinstance(files, list) else list(files.items())
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as z:
        warnings.simplefilter("ignore")  # duplicate names are what some samples are about
        for name, body in pairs:
            info = zipfile.ZipInfo(name, DATED)
            info.create_system = 3
            info.external_attr = (modes or {}).get(name, 0o100644) << 16
            info.compress_type = method
            z.writestr(info, body)
    return out.getvalue()


def centrals(body: bytes) -> list[int]:
    """Return where the central headers stand."""
    return _marks(body, records.CENTRAL)


def locals_of(body: bytes) -> list[int]:
    """Return where the local headers stand."""
    return _marks(body, records.LOCAL)


def patched(body: bytes, at: int, new: bytes) -> bytes:
    """Return `body` with `new` written over it at `at`."""
    return body[:at] + new + body[at + len(new) :]


def without_central(body: bytes, index: int) -> bytes:
    """Return a zip whose central directory forgets one entry; the entry itself stays."""
    at = centrals(body)[index]
    names, extras, comment = (
        int.from_bytes(body[at + i : at + i + 2], "little") for i in (28, 30, 32)
    )
    length = 46 + names + extras + comment
    body = body[:at] + body[at + length :]
    end = body.rindex(records.END)
    count = int.from_bytes(body[end + 10 : end + 12], "little") - 1
    size = int.from_bytes(body[end + 12 : end + 16], "little") - length
    fields = 2 * count.to_bytes(2, "little") + size.to_bytes(4, "little")
    return patched(body, end + 8, fields)


def tarred(
    files: Mapping[str, bytes] | list[tuple[str, bytes]], form: int = tarfile.USTAR_FORMAT
) -> bytes:
    """Return an honest tar of files, without its long padding."""
    pairs = files if isinstance(files, list) else list(files.items())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as t:
        for name, body in pairs:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            t.addfile(info, io.BytesIO(body))
    return short(out.getvalue())


def tar_entry(name: str, kind: bytes, link: str = "", body: bytes = b"", **more: int) -> bytes:
    """Return one ustar header and its content."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(body)
    info.mode = more.get("mode", 0o644)
    return info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512)


def short(tar: bytes) -> bytes:
    """Return a tar with two end blocks instead of a whole record of them."""
    return tar.rstrip(b"\0") + bytes(-len(tar.rstrip(b"\0")) % 512) + bytes(1024)


def _marks(body: bytes, mark: bytes) -> list[int]:
    found, at = [], body.find(mark)
    while at >= 0:
        found.append(at)
        at = body.find(mark, at + 4)
    return found
