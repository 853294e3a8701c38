"""Write read-only disks: an EROFS image of a tree, with large files left where they are.

The format is the kernel's `fs/erofs/erofs_fs.h`, uncompressed, without extended attributes. Two
properties matter here: the same tree gives the same bytes, and the content of a large file need not
be copied, because EROFS lets a file's chunks lie on another device, which is then the host's own
file. The owner is dropped: inside, all belongs to root. Times are kept if wanted, as Python's byte
code is only believed if its source is as old as it was; else all is as old as the epoch.
"""

import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pratique.core.errors import ChangedError, UsageError
from pratique.core.limits import MiB

BLOCK = 4096
CHUNK = 1 * MiB
DEVICES_MOST = 16
"""Slots of the device table between the superblock and the end of the first block."""
ENTRIES_MOST = 2_000_000

_MAGIC = 0xE0F5E1E2
_SUPER = struct.Struct("<IIIBBHQQIIII16s16sIHHH38x")
_SLOT = struct.Struct("<64sII56x")
_INODE = struct.Struct("<HHHHQIIIIQII16x")
_DIRENT = struct.Struct("<QHBx")
_CHUNK_INDEX = struct.Struct("<HHI")
_NID = 32  # bytes of an inode slot, the unit of inode numbers
_CHUNKED, _DEVICE_TABLE = 0x4, 0x8
_PLAIN, _CHUNK_BASED = 1, 1 | 4 << 1  # extended inodes
_WITH_INDEXES = 0x20
_REGULAR, _FOLDER, _LINK = 1, 2, 7


@dataclass(slots=True)
class _Node:
    mode: int
    content: bytes | Path = b""
    size: int = 0
    device: int = 0
    time: int = 0
    below: dict[bytes, "_Node"] = field(default_factory=dict)
    nid: int = 0
    block: int = 0

    @property
    def kind(self) -> int:
        """Return the type of its directory entry."""
        return {stat.S_IFDIR: _FOLDER, stat.S_IFLNK: _LINK}.get(stat.S_IFMT(self.mode), _REGULAR)

    @property
    def copied(self) -> int:
        """Return how many bytes lie in the image itself: a tail only, if it has its own device."""
        return self.size % CHUNK if self.device else self.size

    @property
    def inode_size(self) -> int:
        """Return the bytes of its inode and its chunk indexes, in whole inodes."""
        indexes = -(-self.size // CHUNK) * _CHUNK_INDEX.size if self.device else 0
        return _INODE.size + -(-indexes // _INODE.size) * _INODE.size


class Tree:
    """What an image will hold. Paths are absolute; missing folders above are made.

    With `times` files of this machine keep the time of their last change.
    """

    def __init__(self, *, times: bool = False) -> None:
        self._times = times
        self._root = _Node(stat.S_IFDIR | 0o755)
        self.devices: list[Path] = []
        self._count = 0

    def folder(self, path: str, mode: int = 0o755) -> None:
        """Add a folder."""
        self._at(path, _Node(stat.S_IFDIR | mode))

    def file(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Add a file with that content."""
        self._at(path, _Node(stat.S_IFREG | mode, content, len(content)))

    def link(self, path: str, to: str) -> None:
        """Add a symbolic link."""
        aim = os.fsencode(to)
        self._at(path, _Node(stat.S_IFLNK | 0o777, aim, len(aim)))

    def host_file(self, path: str, host: Path, *, alone: bool = False) -> None:
        """Add a regular file of this machine; `alone` gives it a device of its own, uncopied.

        Raises:
            UsageError: there are more devices than an image can name.

        """
        found = host.stat()
        mode = stat.S_IFREG | (0o555 if found.st_mode & 0o111 else 0o444)
        node = _Node(mode, host, found.st_size, time=int(found.st_mtime) if self._times else 0)
        if alone and found.st_size >= CHUNK:
            if len(self.devices) >= DEVICES_MOST:
                raise UsageError(f"more than {DEVICES_MOST} files with a disk of their own")
            self.devices.append(host)
            node.device = len(self.devices)
        self._at(path, node)

    def host_tree(self, path: str, host: Path, alone: frozenset[Path] = frozenset()) -> None:
        """Add a file or folder of this machine as it is; sockets, FIFOs and devices are left out.

        The top may be a symbolic link, which is followed; links below it stay links.
        """
        if not host.is_dir():
            self.host_file(path, host, alone=host in alone)
            return
        self.folder(path)
        for entry in sorted(os.scandir(host), key=lambda e: e.name):
            inside, at = f"{path.rstrip('/')}/{entry.name}", Path(entry.path)
            if entry.is_symlink():
                self.link(inside, str(at.readlink()))
            elif entry.is_dir(follow_symlinks=False):
                self.host_tree(inside, at, alone)
            elif entry.is_file(follow_symlinks=False):
                self.host_file(inside, at, alone=at in alone)

    def write(self, fd: int) -> int:
        """Write the image at the start of an empty file; return its size in bytes.

        Raises:
            ChangedError: a file became shorter meanwhile.
            OSError: a file cannot be read, or the disk is full.

        """
        nodes = list(_walk(self._root))
        end = BLOCK
        for node in nodes:
            node.nid = (end - BLOCK) // _NID
            end += node.inode_size
        block = -(-end // BLOCK)
        listings = {id(n): _listing(n, up) for n, up in _folders(self._root)}
        for node in nodes:
            if node.kind == _FOLDER:
                node.size = len(listings[id(node)])
            node.block = block
            block += -(-node.copied // BLOCK)
        os.ftruncate(fd, block * BLOCK)
        _put(fd, self._super(block, len(nodes)), 1024)
        meta = b"".join(_inode(node, number) for number, node in enumerate(nodes, 1))
        _put(fd, meta, BLOCK)
        for node in nodes:
            _put_content(fd, node, listings.get(id(node)))
        return block * BLOCK

    def _at(self, path: str, node: _Node) -> None:
        self._count += 1
        if self._count > ENTRIES_MOST:
            raise UsageError(f"more than {ENTRIES_MOST} files for one disk")
        parts = [os.fsencode(p) for p in path.split("/") if p]
        above = self._root
        for part in parts[:-1]:
            above = above.below.setdefault(part, _Node(stat.S_IFDIR | 0o755))
        if not parts:
            return
        old = above.below.get(parts[-1])
        if old and old.kind == node.kind == _FOLDER:
            return
        above.below[parts[-1]] = node

    def _super(self, blocks: int, inodes: int) -> bytes:
        incompat = _CHUNKED | _DEVICE_TABLE if self.devices else 0
        slots = b"".join(
            _SLOT.pack(b"%d" % n, -(-p.stat().st_size // BLOCK), 0)
            for n, p in enumerate(self.devices, 1)
        )
        head = _SUPER.pack(
            *(_MAGIC, 0, 0, 12, 0, self._root.nid, inodes, 0, 0, blocks, 1, 0),
            *(b"", b"pratique", incompat, 0, len(self.devices), 2048 // _SLOT.size),
        )
        return head.ljust(1024, b"\0") + slots


def _walk(node: _Node) -> Iterator[_Node]:
    yield node
    for name in sorted(node.below):
        yield from _walk(node.below[name])


def _folders(root: _Node) -> Iterator[tuple[_Node, _Node]]:
    waiting = [(root, root)]
    while waiting:
        node, up = waiting.pop()
        yield node, up
        waiting += [(n, node) for n in node.below.values() if n.kind == _FOLDER]


def _listing(node: _Node, up: _Node) -> bytes:
    """Return a folder's entries: blocks that each hold a table of entries, then their names."""
    named = {b".": node, b"..": up, **node.below}
    blocks: list[bytes] = []
    table: list[tuple[bytes, _Node]] = []
    used = 0
    for name in sorted(named):
        if used + _DIRENT.size + len(name) > BLOCK:
            blocks.append(_entries(table).ljust(BLOCK, b"\0"))
            table, used = [], 0
        table.append((name, named[name]))
        used += _DIRENT.size + len(name)
    return b"".join([*blocks, _entries(table)])


def _entries(table: list[tuple[bytes, _Node]]) -> bytes:
    at = _DIRENT.size * len(table)
    rows = []
    for name, node in table:
        rows.append(_DIRENT.pack(node.nid, at, node.kind))
        at += len(name)
    return b"".join(rows) + b"".join(name for name, _ in table)


def _inode(node: _Node, number: int) -> bytes:
    layout, where, links = _PLAIN, node.block, 1
    if node.kind == _FOLDER:
        links = 2 + sum(n.kind == _FOLDER for n in node.below.values())
    indexes = b""
    if node.device:
        layout, where = _CHUNK_BASED, _WITH_INDEXES | (CHUNK // BLOCK).bit_length() - 1
        whole, tail = divmod(node.size, CHUNK)
        rows = [(node.device, n * (CHUNK // BLOCK)) for n in range(whole)]
        rows += [(0, node.block)] if tail else []
        indexes = b"".join(_CHUNK_INDEX.pack(0, *row) for row in rows)
    head = _INODE.pack(layout, 0, node.mode, 0, node.size, where, number, 0, 0, node.time, 0, links)
    return (head + indexes).ljust(node.inode_size, b"\0")


def _put_content(fd: int, node: _Node, listing: bytes | None) -> None:
    at = node.block * BLOCK
    if listing is not None:
        _put(fd, listing, at)
    elif isinstance(node.content, bytes):
        _put(fd, node.content, at)
    elif node.copied:
        _copy(fd, node.content, at, node.size - node.copied, node.copied)


def _copy(fd: int, host: Path, at: int, start: int, size: int) -> None:
    with host.open("rb", buffering=0) as source:
        os.lseek(fd, at, os.SEEK_SET)
        while size:
            sent = os.sendfile(fd, source.fileno(), start, min(size, 1 << 30))
            if not sent:
                raise ChangedError(f"{host}: became shorter while it was packed")
            start, size = start + sent, size - sent


def _put(fd: int, content: bytes, at: int) -> None:
    rest = memoryview(content)
    while rest:
        done = os.pwrite(fd, rest, at)
        rest, at = rest[done:], at + done
