"""Compressed streams give their content, all of it or as much as the limits allow."""

import bz2
import gzip
import io
import lzma
import random
import time
import zlib
from dataclasses import replace

import pytest

from harness.inspecting import subject_of
from harness.reading import Read
from pratique.artifacts.reader import Reader
from pratique.artifacts.readers.catalog import READERS
from pratique.artifacts.readers.lz4 import unpack_block
from pratique.artifacts.readers.streams import (
    Bzip2Reader,
    GzipReader,
    JoblibZfileReader,
    Lz4Reader,
    LzmaReader,
    XzReader,
    ZlibReader,
)
from pratique.artifacts.readers.unopened import UnopenedReader
from pratique.core.errors import LimitExceededError
from pratique.core.limits import Limits, MiB

BODY = b"the weights of a model " * 200
ZFILE = b"ZF" + hex(len(BODY)).encode().ljust(19) + zlib.compress(BODY)
LZ4 = bytes.fromhex("04224d186440a7") + len(BODY).to_bytes(3, "little") + b"\x80" + BODY + bytes(8)
ALL = [
    (GzipReader(), gzip.compress(BODY, mtime=0)),
    (Bzip2Reader(), bz2.compress(BODY)),
    (XzReader(), lzma.compress(BODY)),
    (LzmaReader(), lzma.compress(BODY, lzma.FORMAT_ALONE)),
    (ZlibReader(), zlib.compress(BODY)),
    (JoblibZfileReader(), ZFILE),
    (Lz4Reader(), LZ4),
]
IDS = [reader.name for reader, _ in ALL]


@pytest.mark.parametrize(("reader", "packed"), ALL, ids=IDS)
def test_a_stream_is_unpacked_and_claimed(reader: Reader, packed: bytes) -> None:
    read = Read(packed, reader)
    assert read.members == {"stream": BODY}
    assert (read.kinds, read.claims) == (set(), [(0, len(packed))])
    assert [r.name for r in READERS if r.recognises(subject_of(packed))] == [reader.name]


@pytest.mark.parametrize(("reader", "packed"), ALL, ids=IDS)
def test_bytes_after_a_stream_stay_unclaimed(reader: Reader, packed: bytes) -> None:
    assert Read(packed + b"tail", reader).gaps == [(len(packed), len(packed) + 4)]


@pytest.mark.parametrize(("reader", "packed"), ALL, ids=IDS)
def test_a_truncated_stream_is_partial(reader: Reader, packed: bytes) -> None:
    read = Read(packed[:-12], reader)
    assert not read.recognised or (read.view and read.view.partial and read.kinds)


@pytest.mark.parametrize(("reader", "packed"), ALL[:3], ids=IDS[:3])
def test_streams_in_a_row_are_one_content(reader: Reader, packed: bytes) -> None:
    assert Read(packed * 3, reader).members == {"stream": BODY * 3}


def test_a_wrong_gzip_checksum_is_said() -> None:
    packed = gzip.compress(BODY, mtime=0)
    assert Read(packed[:-8] + b"abcd" + packed[-4:], GzipReader()).kinds == {"checksum"}


def test_a_gzip_name_is_shown() -> None:
    out = io.BytesIO()
    with gzip.GzipFile("../up/x.bin", "wb", fileobj=out, mtime=0) as f:
        f.write(BODY)
    read = Read(out.getvalue(), GzipReader())
    assert read.view
    assert read.view.entries[0].name == "x.bin"


@pytest.mark.parametrize(("reader", "packed"), ALL, ids=IDS)
def test_a_bomb_ends_at_the_limit(reader: Reader, packed: bytes) -> None:
    read = Read(packed, reader, replace(Limits(), expanded_bytes=1000))
    assert read.members == {"stream": BODY[:1000]}
    assert read.kinds == {"limit"}
    assert isinstance(read.raised, LimitExceededError)


def test_what_does_not_fit_the_scratch_space_is_seen_in_part() -> None:
    packed = gzip.compress(bytes(20 * MiB), mtime=0)
    read = Read(packed, GzipReader(), replace(Limits(), scratch_bytes=MiB))
    assert len(read.members["stream"]) == 8 * MiB
    assert read.kinds == {"limit"}


def test_many_tiny_streams_are_linear() -> None:
    begun = time.process_time()
    read = Read(gzip.compress(b"", mtime=0) * 50_000, GzipReader())
    assert read.members == {"stream": b""}
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("rar", b"Rar!\x1a\x07\1\0"),
        ("lzip", b"LZIP\x01"),
        ("cab", b"MSCF\0\0\0\0"),
        ("cpio", b"070701" + b"0" * 104),
    ],
)
def test_an_archive_without_decoder_is_said(name: str, head: bytes) -> None:
    read = Read(head + b"x" * 200, UnopenedReader())
    assert read.view
    assert read.view.partial == f"is a {name} archive, which is not opened here"
    assert read.claims == []


def test_random_bytes_are_no_archive() -> None:
    chance = random.Random(7)  # noqa: S311 - not for secrets
    for _ in range(2000):
        body = chance.randbytes(600)
        assert [r.name for r in READERS if r.recognises(subject_of(body))] == []
    for start in (b"x\x9c", b"x^2 + y^2", b"BZh9", b"\x1f\x8b\x08\0", b"]\0\0\0", b"ZF0x12"):
        body = start + chance.randbytes(9000)
        assert [r.name for r in READERS if r.recognises(subject_of(body))] == [], start


def test_lz4_blocks_copy_from_what_came_before() -> None:
    block = b"\x3fabc" + b"\x03\x00" + b"\xff\x05" + b"\x20xy"
    assert unpack_block(block, b"", 1000) == b"abc" * (1 + 279 // 3) + b"xy"
    assert unpack_block(b"\x00\x02\x00\x10!", b"0123ab", 100) == b"abab!"
    head = bytes.fromhex("04224d184440a7")
    frame = head + len(block).to_bytes(4, "little") + block + bytes(8)
    linked = b"\x00\x02\x00\x10!"
    frame = frame[:-8] + len(linked).to_bytes(4, "little") + linked + bytes(8)
    assert Read(frame, Lz4Reader()).members["stream"].endswith(b"xyxyxy!")


@pytest.mark.parametrize(
    "block", [b"\x10", b"\x00\x00\x00", b"\x10a\x09\x00", b"\x1fa\x01\x00" + b"\xff" * 50, b"\xf0"]
)
def test_broken_lz4_blocks_say_so(block: bytes) -> None:
    with pytest.raises(ValueError, match="an LZ4 block"):
        unpack_block(block, b"", 100)
