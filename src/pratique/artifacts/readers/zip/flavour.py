"""What the names in a zip make of it: PyTorch, TorchScript, a wheel; and what follows from that."""

import base64
import binascii
import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pratique.artifacts.archive import Ledger, TorchScriptCode
from pratique.artifacts.blob import Blob
from pratique.artifacts.reader import TensorRole
from pratique.artifacts.readers.zip.beside import export_root, package_root
from pratique.core.limits import Limits, MiB

Roles = Callable[[bytes, Limits], Mapping[str, TensorRole]]

BYTE_ORDER = "/byteorder"
MAX_PICKLE = 64 * MiB
MAX_CODE = 8 * MiB
MAX_RECORD = 32 * MiB
PICKLES = {"data.pkl": "data/", "constants.pkl": "constants/"}
"""A PyTorch zip keeps the elements of `data.pkl` under `data/KEY` (torch/serialization.py)."""
_CODE = re.compile(r"(?:^|/)code/.+\.py$")
_RECORD = re.compile(r"^[^/]+\.dist-info/RECORD$")
MAX_CALLS = 1_000
_CALL = re.compile(
    r"\b(?:torch|ops)((?:\s{0,20}\.\s{0,20}\w{1,80}){1,3})|\b(rpc_\w{1,20})\s{0,20}\("
)
_BYTECODE_CALL = re.compile(r"([a-z_]\w{0,80}::[a-z_]\w{0,80})()", re.ASCII)
_UNLISTED = ("RECORD", "RECORD.jws", "RECORD.p7s")


def flavour_of(names: Sequence[str]) -> str:
    """Return the word for what these names make of a zip, empty for nothing special."""
    return next((word for word, is_one in _FLAVOURS.items() if is_one(names)), "")


_FLAVOURS: dict[str, Callable[[Sequence[str]], bool]] = {
    # the first that fits is it
    "wheel": lambda names: any(_RECORD.match(n) for n in names),
    "torchscript": lambda names: any(_CODE.search(n) for n in names),
    "torch": lambda names: any(n.rpartition("/")[2] in PICKLES for n in names),
    "torch-package": lambda names: package_root(names) is not None,
    "torch-export": lambda names: export_root(names) is not None,
    "npz": lambda names: bool(names) and all(n.endswith(".npy") for n in names),
    "skops": lambda names: "schema.json" in names and not any("/" in n for n in names),
    "keras": lambda names: "config.json" in names and any(n.endswith(".weights.h5") for n in names),
}


def is_record(name: str) -> bool:
    """Tell whether an entry of this name is a wheel's list of files and their digests."""
    return bool(_RECORD.match(name))


def pickle_folder(name: str) -> str:
    """Return the folder that holds the storages of the pickle `name`; empty for other entries."""
    base, slash, last = name.rpartition("/")
    return base + slash + PICKLES[last] if last in PICKLES else ""


def role_of(name: str, roles: Mapping[str, Mapping[str, TensorRole]]) -> TensorRole | None:
    """Return what the archive's pickle says that the entry `name` holds."""
    base, slash, key = name.rpartition("/")
    return roles.get(base + slash, {}).get(key)


def program(name: str, blob: Blob, packed: int, room: int) -> Iterator[TorchScriptCode]:
    """Yield the view of an entry that is part of a TorchScript program, of at most `room` bytes."""
    bytecode = name.rpartition("/")[2] == "bytecode.pkl"
    if not bytecode and not _CODE.search(name):
        return
    most = min(MAX_CODE, room)
    body = blob.read(0, most)
    source = body.decode("latin-1") if bytecode else body.decode("utf-8", "replace")
    partial = "" if blob.size <= most else f"{name[:200]!r} has more code than was read"
    yield TorchScriptCode(
        member=name, source=source, bytecode=bytecode, covered=packed, partial=partial
    )


def note_calls(code: TorchScriptCode, calls: dict[str, None]) -> None:
    """Add the operators that a program names, `space.name` or `name`; text literals count too."""
    for found in (_BYTECODE_CALL if code.bytecode else _CALL).finditer(code.source):
        word = found[1] or found[2]
        if len(calls) >= MAX_CALLS:
            return
        calls[re.sub(r"\s", "", word).replace("::", ".").lstrip(".")] = None


def check_record(body: bytes, digests: Mapping[str, str], at: int, ledger: Ledger) -> None:
    """Compare a wheel's RECORD (PEP 376, PEP 427) with the SHA-256 of its files."""
    try:
        text = body[:MAX_RECORD].decode()
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except (UnicodeDecodeError, csv.Error) as e:
        ledger.note("record", "", at, f"RECORD is not readable ({e})")
        return
    listed = {row[0]: "".join(row[1:2]) for row in rows}
    for name, digest in digests.items():
        base = name.rpartition("/")[2]
        if name.endswith("/") or (".dist-info/" in name and base in _UNLISTED):
            continue
        if name not in listed:
            ledger.note("record", name, at, "is not listed in RECORD")
        elif digest and (says := _differs(listed[name], digest)):
            ledger.note("record", name, at, says)
    for name in sorted(listed.keys() - digests.keys()):
        ledger.note("record", name, at, "is listed in RECORD, but not in the wheel")


def _differs(listed: str, digest: str) -> str:
    kind, _, text = listed.partition("=")
    if not text:
        return "has no digest in RECORD"
    if kind != "sha256":
        return "" if kind in {"sha384", "sha512"} else f"has a {kind[:20]!r} digest in RECORD"
    try:
        want = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
    except (ValueError, binascii.Error):
        return "has a digest in RECORD that is not base64"
    return "" if want == digest else "has another SHA-256 than RECORD says"
