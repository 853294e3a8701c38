"""Write the first RAM disk: a cpio archive in the `newc` form, the same bytes each time."""

import stat
from collections.abc import Mapping

_TRAILER = "TRAILER!!!"


def cpio(folders: tuple[str, ...], files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """Return an archive of folders and of files given as path: (content, mode)."""
    parts = [_entry(n, name, stat.S_IFDIR | 0o755, b"") for n, name in enumerate(folders, 1)]
    for number, (name, (content, mode)) in enumerate(sorted(files.items()), len(folders) + 1):
        parts.append(_entry(number, name, stat.S_IFREG | mode, content))
    return b"".join([*parts, _entry(0, _TRAILER, 0, b"")])


def _entry(number: int, name: str, mode: int, content: bytes) -> bytes:
    path = name.encode() + b"\0"
    words = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08X" % word for word in words) + path
    return _padded(head) + _padded(content)


def _padded(body: bytes) -> bytes:
    return body + bytes(-len(body) % 4)
