"""Files that nobody should have to read: cut, absurdly many, absurdly deep, pointing at themselves.

`entries` says how absurd: a test takes thousands, the proof takes ten million. Nothing here is kept
in memory as a whole, so that the maker is not what runs out of it.
"""

import gzip
import io
import os
import socket
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.make_pickles import call, stream, text
from harness.make_tensors import gguf, npy, safetensors

Pieces = Iterator[bytes]
Maker = Callable[[int], Pieces]

GOOD_NAME, EVIL_NAME = "model.safetensors", "evil.pkl"
BLOCK = 10_000


def good() -> bytes:
    """Return a file in which there is nothing to find."""
    body = struct.pack("<4f", 0.25, -0.5, 1.5, 0.125)
    return safetensors([("w", "F32", [4], body)])


def evil() -> bytes:
    """Return a file in which there is something: no other file may hide it."""
    return stream(call("os", "system", text("true")))


# --- cut short ------------------------------------------------------------------------------------


def whole() -> dict[str, bytes]:
    """Return a small intact file of each format."""
    files = {f"member-{i}.txt": b"some text\n" * 50 for i in range(3)}
    packed, tar = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    with tarfile.open(fileobj=tar, mode="w") as bundle:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            bundle.addfile(info, io.BytesIO(body))
    return {
        "safetensors": good(),
        "gguf": gguf([("general.architecture", "llama")], [("t", 0, [4], b"\1" * 32)]),
        "pickle": evil(),
        "npy": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", b"\1" * 16),
        "zip": packed.getvalue(),
        "tar": tar.getvalue(),
        "gzip": gzip.compress(tar.getvalue(), mtime=0),
        "json": b'{"architectures": ["LlamaForCausalLM"], "hidden_size": 4096}',
        "yaml": b"model: llama\nlayers: [1, 2, 3]\nname: 'quoted'\n",
        "toml": b"[model]\nname = 'llama'\nlayers = [1, 2, 3]\n",
        "python": b"import os\n\n\ndef load(path):\n    return open(path).read()\n",
        "jinja": b"{% for m in messages %}{{ m['content'] }}{% endfor %}",
    }


def truncated() -> Iterator[tuple[str, bytes]]:
    """Yield each format cut at several places."""
    for kind, body in whole().items():
        for part in (1, 2, 3):
            yield f"cut-{part}.{kind}", body[: len(body) * part // 4]
        yield f"cut-last.{kind}", body[:-1]


# --- very many ------------------------------------------------------------------------------------


def _repeat(one: Callable[[int], bytes], entries: int) -> Pieces:
    for start in range(0, entries, BLOCK):
        yield b"".join(one(i) for i in range(start, min(start + BLOCK, entries)))


def zip_directory(entries: int) -> Pieces:
    """A zip whose central directory names very many members, all at one local header."""
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, 8, 0) + b"00000000"
    yield local

    def one(i: int) -> bytes:
        head = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 33, *([0] * 3), 8, *[0] * 6)
        return head + b"%08x" % i

    yield from _repeat(one, entries)
    size, at = 54 * entries, len(local)
    yield struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, size, at)
    yield struct.pack("<4sIQI", b"PK\6\7", 0, at + size, 1)
    yield struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def safetensors_header(entries: int) -> Pieces:
    """A safetensors header of very many empty tensors."""

    def one(i: int) -> bytes:
        return b'"t%08x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},' % i

    size = len(one(0)) * entries + len(b'{"z":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}')
    yield struct.pack("<Q", size) + b"{"
    yield from _repeat(one, entries)
    yield b'"z":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'


def json_list(entries: int) -> Pieces:
    """A JSON list of very many objects."""
    yield b"["
    yield from _repeat(lambda i: b'{"a":%d},' % i, entries)
    yield b"{}]"


def pickle_list(entries: int) -> Pieces:
    """A pickle of a list with very many strings, each put into the memo."""
    yield b"\x80\x04]("
    yield from _repeat(lambda i: b"\x8c\x08%08x\x94" % i, entries)
    yield b"e."


def gguf_pairs(entries: int) -> Pieces:
    """A GGUF of very many keys."""
    yield b"GGUF" + struct.pack("<IQQ", 3, 0, entries)
    yield from _repeat(lambda i: struct.pack("<Q", 8) + b"%08x" % i + b"\4\0\0\0\1\0\0\0", entries)


def tar_entries(entries: int) -> Pieces:
    """A tar of very many empty files."""
    blank = tarfile.TarInfo("x" * 8).tobuf(tarfile.USTAR_FORMAT)
    rest = blank[8:148]
    fixed = sum(rest) + sum(blank[156:]) + 8 * 32

    def one(i: int) -> bytes:
        name = b"%08x" % i
        return name + rest + b"%06o\0 " % (fixed + sum(name)) + blank[156:]

    yield from _repeat(one, entries)
    yield b"\0" * 1024


def yaml_list(entries: int) -> Pieces:
    """A YAML list of very many items."""
    yield from _repeat(lambda i: b"- %d\n" % i, entries)


def python_list(entries: int) -> Pieces:
    """Python source with a list of very many numbers."""
    yield b"x = ["
    yield from _repeat(lambda i: b"%d," % i, entries)
    yield b"]\n"


MANY: dict[str, Maker] = {
    "many.zip": zip_directory,
    "many.safetensors": safetensors_header,
    "many.json": json_list,
    "many.pkl": pickle_list,
    "many.gguf": gguf_pairs,
    "many.tar": tar_entries,
    "many.yaml": yaml_list,
    "many.py": python_list,
}


# --- very deep ------------------------------------------------------------------------------------


def deep(levels: int) -> dict[str, bytes]:
    """Return files nested `levels` deep, one for each way to nest."""
    zipped = tarred = zipped_well = b"the innermost\n"
    for _ in range(levels):
        zipped = _zip_of(zipped)
        zipped_well = gzip.compress(zipped_well, 1, mtime=0)
        info = tarfile.TarInfo("inner")
        info.size = len(tarred)
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as bundle:
            bundle.addfile(info, io.BytesIO(tarred))
        tarred = held.getvalue().rstrip(b"\0") + b"\0" * 1536
    return {
        "deep.zip": zipped,
        "deep.tar": tarred,
        "deep.gz": zipped_well,
        "deep.json": b"[" * levels + b"]" * levels,
        "deep.yaml": b"[" * levels + b"]" * levels,
        "deep-maps.yaml": b"".join(b"  " * i + b"a:\n" for i in range(levels)),
        "deep.pkl": b"\x80\x04)" + b"\x85" * levels + b".",
        "deep.py": b"x = " + b"(" * levels + b"1" + b")" * levels + b"\n",
        "deep-not.py": b"x = " + b"not " * levels + b"1\n",
        "deep-blocks.py": b"".join(b" " * i + b"if x:\n" for i in range(levels)),
        "deep.jinja": b"{% if x %}" * levels + b"{% endif %}" * levels,
        "deep-sum.jinja": b"{{ " + b"(" * levels + b"1" + b")" * levels + b" }}",
        "deep.toml": b"x = " + b"[" * levels + b"]" * levels + b"\n",
        "deep.safetensors": _header_of(b"[" * levels + b"]" * levels),
    }


def _zip_of(body: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("inner.zip"), body)
    return held.getvalue()


def _header_of(value: bytes) -> bytes:
    header = b'{"__metadata__":' + value + b"}"
    return struct.pack("<Q", len(header)) + header


# --- pointing at themselves -----------------------------------------------------------------------


def circular() -> dict[str, bytes]:
    """Return files that contain or expand themselves."""
    laughs = b"".join(
        b"l%d: &l%d [%s]\n" % (i, i, b",".join([b"*l%d" % (i - 1)] * 10)) for i in range(1, 30)
    )
    return {
        "own-memo.pkl": b"\x80\x04]q\x00h\x00a.",
        "own-state.pkl": b"\x80\x04ccollections\nOrderedDict\nq\x00)R}(\x8c\x01ah\x00ub.",
        "laughs.pkl": b"\x80\x04)" + b"2\x86" * 60 + b".",
        "laughs.yaml": b"l0: &l0 [lol]\n" + laughs,
        "own-alias.yaml": b"a: &a [*a]\n",
        "own-member.zip": _own_member(),
        "bomb.gz": gzip.compress(b"\0" * (1 << 22), mtime=0) * 20,
        "bomb.zlib": zlib.compress(b"\0" * (1 << 26)),
    }


def _own_member() -> bytes:
    """Return a zip whose member is the whole of it: its data starts at the file's first byte."""
    held = bytearray(_zip_of(b"x" * 64))
    at = held.index(b"PK\1\2")
    held[at + 20 : at + 28] = struct.pack("<II", len(held), len(held))
    held[18:26] = struct.pack("<II", len(held), len(held))
    return bytes(held)


def foreign_text() -> dict[str, bytes]:
    """Return texts that are no UTF-8."""
    return {
        "latin.json": '{"name": "Grüße"}'.encode("latin-1"),
        "latin.py": "x = 'Grüße'\n".encode("latin-1"),
        "half.txt": b"good text \xe2\x82",
        "surrogates.json": b'{"name": "\xed\xa0\x80"}',
        "wide.json": '{"name": "x"}'.encode("utf-16"),
        "nul.yaml": b"a: b\0c\n",
    }


# --- odd files of a folder ------------------------------------------------------------------------


def odd_entries(folder: Path, sparse: int) -> dict[str, str]:
    """Make what is no plain readable file; return words that each one's account must hold."""
    os.mkfifo(folder / "fifo")
    (folder / "dangling").symlink_to("nothing")
    (folder / "circle-a").symlink_to("circle-b")
    (folder / "circle-b").symlink_to("circle-a")
    (folder / "itself").symlink_to("itself")
    (folder / "outside").symlink_to("../../../../../../etc/passwd")
    (folder / "absolute").symlink_to("/etc/passwd")
    (folder / "device").symlink_to("/dev/zero")
    (folder / "to-folder").symlink_to(".")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder)  # a socket's path has room for a hundred characters
        listener.bind("socket")
        os.chdir(here)
    with (folder / "sparse").open("wb") as file:
        file.truncate(sparse)
    told = {
        "fifo": "is a FIFO",
        "dangling": "dangling link",
        "circle-a": "circle",
        "circle-b": "circle",
        "itself": "circle",
        "outside": "leads out of the folder",
        "absolute": "absolute path",
        "device": "absolute path",
        "to-folder": "is a folder",
        "socket": "is a socket",
        "sparse": "more than the limit",
    }
    if os.geteuid() == 0:
        os.mknod(folder / "zero", 0o020666, os.makedev(1, 5))
        told["zero"] = "is a character device"
    return told


def odd_names(folder: Path) -> list[bytes]:
    """Make small good files under names that harm a terminal or a parser; return the names."""
    names = [b"two\nlines", b"\x1b[2J\x1b[31mred", b"\xff\xfe", b"n" * 255, b" ", b"-rf", b"a\\b"]
    names += ["\u202egpj.exe".encode(), b"'; drop table", b'"quoted"', b"%s%n", b"~"]
    for name in names:
        (folder / os.fsdecode(name)).write_bytes(good())
    return names


def safetensors_of_zeros(size: int) -> bytes:
    """Return the head of a file whose one tensor is `size` bytes that a sparse file has not."""
    header = b'{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (size, size)
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header
