"""Ways to hand a hostile file on: packed, renamed, cut, with other bytes before or behind it.

Nothing of the file itself changes. A scanner that finds it plain has to find it in each of these,
for a loader, an installer or a person opens them just as well.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import TypeAlias

Carrier: TypeAlias = "Callable[[bytes, str], tuple[bytes, str]]"
"""Takes a file's bytes and name, and gives those of what carries it."""

INNER = "m.bin"
CENTRAL = b"PK\x01\x02"


def _zip(body: bytes, name: str = INNER, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", method) as file:
        file.writestr(name, body)
    return into.getvalue()


def _tar(body: bytes, name: str) -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as file:
        entry = tarfile.TarInfo(name)
        entry.size = len(body)
        file.addfile(entry, io.BytesIO(body))
    return into.getvalue()


def _wrong_checksum(body: bytes, _: str) -> tuple[bytes, str]:
    raw = bytearray(_zip(body, method=zipfile.ZIP_STORED))
    raw[14] ^= 255
    raw[raw.rfind(CENTRAL) + 16] ^= 255
    return bytes(raw), "m.zip"


def _without_list(body: bytes, _: str) -> tuple[bytes, str]:
    raw = _zip(body)
    return raw[: raw.rfind(CENTRAL)], "m.zip"


def _said_to_be_encrypted(body: bytes, _: str) -> tuple[bytes, str]:
    raw = bytearray(_zip(body))
    raw[6] |= 1
    raw[raw.rfind(CENTRAL) + 8] |= 1
    return bytes(raw), "m.zip"


def _two_names(body: bytes, _: str) -> tuple[bytes, str]:
    before, after = _zip(body, "good.txt").rsplit(b"good.txt", 1)
    return before + b"evil.pkl" + after, "m.zip"


CARRIERS: dict[str, Carrier] = {
    "as it is": lambda body, name: (body, name),
    "under a name that says nothing": lambda body, _: (body, "model.bin"),
    "under a name of a text": lambda body, _: (body, "LICENSE"),
    "zeros behind it": lambda body, name: (body + bytes(4096), name),
    "words behind it": lambda body, name: (body + b"\nsome words behind\n", name),
    "gzip": lambda body, name: (gzip.compress(body), f"{name}.gz"),
    "gzip three times": lambda body, _: (
        gzip.compress(gzip.compress(gzip.compress(body))),
        "m.gz",
    ),
    "xz, called a model": lambda body, _: (lzma.compress(body), "m.model"),
    "bzip2, called weights": lambda body, _: (bz2.compress(body), "weights.bin"),
    "zlib, called joblib": lambda body, _: (zlib.compress(body), "m.joblib"),
    "zip": lambda body, name: (_zip(body, name), "m.pt"),
    "zip in a zip": lambda body, name: (_zip(_zip(body, name), "inner.zip"), INNER),
    "zip by LZMA": lambda body, name: (_zip(body, name, zipfile.ZIP_LZMA), "m.zip"),
    "zip with a wrong checksum": _wrong_checksum,
    "zip without its list": _without_list,
    "zip said to be encrypted": _said_to_be_encrypted,
    "zip with two names for it": _two_names,
    "zip behind other bytes": lambda body, _: (b"other bytes\0\1\2" * 40 + _zip(body), "m.zip"),
    "tar": lambda body, name: (_tar(body, name), "m.nemo"),
    "tar in gzip": lambda body, name: (gzip.compress(_tar(body, name)), "m.tar.gz"),
}
