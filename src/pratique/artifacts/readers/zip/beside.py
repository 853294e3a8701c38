"""What torch.package and torch.export archives say of the members that have no header of their own.

`torch.package` keeps the storages of all its pickles as `ROOT/.data/KEY.storage`, and the sources
of the modules that the pickles import beside them (torch/package/package_exporter.py).
`torch.export` keeps each weight as raw bytes that `..._weights_config.json` describes
(torch/export/pt2_archive/_package.py).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pratique.artifacts.reader import TensorRole
from pratique.artifacts.readers.tensor_layout import BITS
from pratique.artifacts.readers.zip.survey import Entry
from pratique.core.limits import Limits, MiB

Body = Callable[[Entry, int], bytes]
"""Returns an entry's content, empty when it is longer than asked for."""
Roles = Callable[[bytes, Limits], Mapping[str, TensorRole]]

MAX_PICKLES = 1_000
MAX_TAUGHT = 256 * MiB
MAX_CONFIG = 32 * MiB
MAX_NAME = 300
MAX_OWN = 20_000
SCRIPTED = ".data/ts_code/"
EXTERN, STORAGE = ".data/extern_modules", ".storage"
FORMAT, VERSION = "archive_format", "archive_version"
CONFIGS = ("_weights_config.json", "_constants_config.json")
PROTOCOL = b"\x80"
SCHEMA, MAX_SCHEMA = "schema.json", 64 * MiB
_BYTES = re.compile(rb'"file"\s{0,9}:\s{0,9}"([0-9a-f-]{36}\.bin)"')
SCALARS = {
    1: "u8", 2: "i8", 3: "i16", 4: "i32", 5: "i64", 6: "f16", 7: "f32", 8: "f64", 10: "c64",
    11: "c128", 12: "bool", 13: "bf16", 28: "u16", 29: "f8_e4m3", 30: "f8_e5m2",
    31: "f8_e4m3fnuz", 32: "f8_e5m2fnuz", 33: "f8_e8m0", 34: "u32", 35: "u64",
}  # fmt: skip
"""`ScalarType` of torch/_export/serde/schema.py, in the words used here."""


def package_root(names: Sequence[str]) -> str | None:
    """Return the folder of a torch.package archive with its slash; None for other archives."""
    return next((n.removesuffix(EXTERN) for n in names if _is(n, EXTERN)), None)


def export_root(names: Sequence[str]) -> str | None:
    """Return the folder of a torch.export archive with its slash; None for other archives."""
    held = set(names)
    roots = (n.removesuffix(FORMAT) for n in names if _is(n, FORMAT))
    return next((root for root in roots if root + VERSION in held), None)


def _is(name: str, wanted: str) -> bool:
    return name == wanted or name.endswith("/" + wanted)


def own_modules(names: Sequence[str]) -> frozenset[str]:
    """Return the dotted names of the modules whose sources a torch.package archive holds.

    None where there is a `data.pkl` too: `torch.load` reads that, and imports from elsewhere.
    """
    root = package_root(names)
    if any(_is(n, "data.pkl") and SCRIPTED not in n for n in names):
        return frozenset()
    found: set[str] = set()
    for name in names if root is not None else ():
        if len(found) >= MAX_OWN:
            break
        if name.startswith(root or "") and name.endswith(".py"):
            path = name[len(root or "") : -len(".py")].removesuffix("/__init__")
            found.add(path.replace("/", ".")[:MAX_NAME])
    return frozenset(found)


def plain_bytes(entries: Sequence[Entry], body: Body) -> frozenset[str]:
    """Return the names of the members that a skops schema gives its objects as mere bytes."""
    schema = next((e for e in entries if e.name == SCHEMA), None)
    text = body(schema, MAX_SCHEMA) if schema else b""
    return frozenset(found.decode() for found in _BYTES.findall(text))


def beside(
    entries: Sequence[Entry], body: Body, teach: Roles, limits: Limits
) -> dict[str, dict[str, TensorRole]]:
    """Return the roles of members, by their folder and then by their name in it."""
    names = [e.name for e in entries]
    found: dict[str, dict[str, TensorRole]] = {}
    root = package_root(names)
    if root is not None:
        found[root + ".data/"] = _packaged(entries, root, (body, teach), limits)
    root = export_root(names)
    for entry in entries if root is not None else ():
        if entry.name.startswith(root or "") and entry.name.endswith(CONFIGS):
            folder = entry.name.rpartition("/")[0] + "/"
            sizes = {e.name: e.header.size for e in entries}
            told = dict(_exported(body(entry, MAX_CONFIG), folder, sizes))
            found.setdefault(folder, {}).update(told)
    return found


def _packaged(
    entries: Sequence[Entry], root: str, by: tuple[Body, Roles], limits: Limits
) -> dict[str, TensorRole]:
    """Return what all pickles of a package say of storages; one that none names is plain bytes."""
    body, teach = by
    folder = root + ".data/"
    stored = {
        e.name[len(folder) :]: TensorRole(e.name[-MAX_NAME:], "u8", (max(0, e.header.size),))
        for e in entries
        if e.name.startswith(folder) and e.name.endswith(STORAGE)
    }
    left, pickles = MAX_TAUGHT, 0
    for entry in entries:
        plain = entry.header.method == 0 and not entry.name.endswith(STORAGE)
        if not plain or entry.header.size > left or pickles >= MAX_PICKLES:
            continue
        text = body(entry, left)
        if text.startswith(PROTOCOL):
            left, pickles = left - len(text), pickles + 1
            for key, role in teach(text, limits).items():
                if key + STORAGE in stored:
                    stored[key + STORAGE] = role
    return stored


def _exported(
    text: bytes, folder: str, sizes: Mapping[str, int]
) -> Iterator[tuple[str, TensorRole]]:
    """Yield the name and role of each weight that a configuration describes as raw bytes.

    The bytes are those of the weight's storage, which may be longer than its shape asks for.
    """
    for fqn, row in _rows(text):
        meta, path = row.get("tensor_meta"), row.get("path_name")
        if row.get("use_pickle") or not isinstance(meta, dict) or not isinstance(path, str):
            continue
        size, code = sizes.get(folder + path, -1), meta.get("dtype")
        word = SCALARS.get(code, "u8") if isinstance(code, int) else "u8"
        width = BITS[word] // 8
        if size >= 0:
            whole = word if size % width == 0 else "u8"
            yield path, TensorRole(fqn[:MAX_NAME], whole, (size // (BITS[whole] // 8),))


def _rows(text: bytes) -> Iterator[tuple[str, Mapping[str, object]]]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return
    rows = told.get("config") if isinstance(told, dict) else None
    for fqn, row in rows.items() if isinstance(rows, dict) else ():
        if isinstance(row, dict):
            yield fqn, row
