"""Whatever bytes come, an archive reader ends soon, with the errors it promises and no others."""

import bz2
import gzip
import io
import lzma
import tarfile
import time
import zipfile
import zlib
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.inspecting import inspect_bytes
from harness.make_archives import tarred, without_central, zipped
from harness.reading import Read
from pratique.artifacts.reader import Reader
from pratique.artifacts.readers.streams import (
    Bzip2Reader,
    GzipReader,
    JoblibZfileReader,
    Lz4Reader,
    LzmaReader,
    XzReader,
    ZlibReader,
)
from pratique.artifacts.readers.tar.reader import TarReader
from pratique.artifacts.readers.unopened import UnopenedReader
from pratique.artifacts.readers.zip.reader import ZipReader
from pratique.core.limits import KiB, Limits, MiB

LIMITS = replace(Limits(), expanded_bytes=4 * MiB, scratch_bytes=2 * MiB, members=200)
FILES = {"m/data.pkl": b"\x80\2}q\0.", "m/data/0": bytes(40), "m/code/a.py": b"x = 1\n" * 9}


def zip64() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z, z.open("big", "w", force_zip64=True) as f:
        f.write(b"x" * 50)
    return out.getvalue()


SEEDS: list[tuple[Reader, bytes]] = [
    (ZipReader(), zipped(FILES)),
    (ZipReader(), zipped(FILES, zipfile.ZIP_DEFLATED)),
    (ZipReader(), zipped(FILES, zipfile.ZIP_LZMA)),
    (ZipReader(), without_central(zipped(FILES, zipfile.ZIP_BZIP2), 1)),
    (ZipReader(), zip64()),
    (ZipReader(), zipped({"p-1.dist-info/RECORD": b"a.py,sha256=x,1\n", "a.py": b"x"})),
    (TarReader(), tarred(FILES)),
    (TarReader(), tarred({"n" * 200: b"x", "é/y": b"z"}, tarfile.PAX_FORMAT)),
    (TarReader(), tarred({"n" * 200: b"x"}, tarfile.GNU_FORMAT)),
    (GzipReader(), gzip.compress(b"content " * 50, mtime=0) * 2),
    (Bzip2Reader(), bz2.compress(b"content " * 50) * 2),
    (XzReader(), lzma.compress(b"content " * 50) * 2),
    (LzmaReader(), lzma.compress(b"content " * 50, lzma.FORMAT_ALONE)),
    (ZlibReader(), zlib.compress(b"content " * 50)),
    (JoblibZfileReader(), b"ZF" + b"0x190".ljust(19) + zlib.compress(b"content " * 50)),
    (
        Lz4Reader(),
        bytes.fromhex("04224d184440a70a000000") + b"\x3fabc\x03\x00\x05\x20xy" + bytes(8),
    ),
    (UnopenedReader(), b"7z\xbc\xaf\x27\x1c\0\4" + bytes(40)),
]
EDIT = st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=9), st.booleans())
QUIET = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def mutated(body: bytes, edits: list[tuple[int, bytes, bool]], cut: int) -> bytes:
    for where, new, insert in edits:
        at = where % len(body)
        body = body[:at] + new + body[at + (0 if insert else len(new)) :]
    return body[: len(body) - cut % len(body)]


@pytest.mark.parametrize(("reader", "seed"), SEEDS)
@given(edits=st.lists(EDIT, max_size=4), cut=st.just(0) | st.integers(0, 1 << 12))
@example(edits=[], cut=0)
@QUIET
def test_a_mutated_archive_is_read(
    reader: Reader, seed: bytes, edits: list[tuple[int, bytes, bool]], cut: int
) -> None:
    begun = time.process_time()
    read = Read(mutated(seed, edits, cut), reader, LIMITS)
    assert not read.recognised or read.view
    assert time.process_time() - begun < 5


@given(st.binary(max_size=2 * KiB))
@settings(QUIET, max_examples=300)
def test_any_bytes_are_read(body: bytes) -> None:
    for reader, seed in SEEDS:
        Read(seed[:16] + body, reader, LIMITS)
        Read(body + seed[-22:], reader, LIMITS)


def test_nesting_ends_at_the_depth() -> None:
    body = zipped({"a": b"deep"})
    for _ in range(100):
        body = zipped({"z": body})
    told = inspect_bytes(body)
    assert max(len(r.chain) for r in told.receipts) <= Limits().depth + 1


def test_a_wide_nest_of_bombs_ends_soon() -> None:
    body = gzip.compress(bytes(16 * MiB), mtime=0)
    for level in range(4):
        body = zipped({f"{level}-{i}": body for i in range(16)}, zipfile.ZIP_DEFLATED)
    begun = time.process_time()
    told = inspect_bytes(body)
    assert told.not_full
    assert "INT063" in told.rules
    assert time.process_time() - begun < 30


@pytest.mark.parametrize("mark", [b"PK\3\4", b"PK\3\4" + bytes(26), b"PK\1\2", b"PK\5\6"])
def test_a_file_of_nothing_but_marks_ends_soon(mark: bytes) -> None:
    begun = time.process_time()
    Read(b"PK\3\4" + mark * (2 * MiB // len(mark)), ZipReader())
    assert time.process_time() - begun < 20
