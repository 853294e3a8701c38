"""Readers of what lies beside weights: images and tokenizers, accounted for to the last byte."""

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.inspecting import inspect_bytes, subject_of
from pratique.artifacts.reader import Claim, Reader
from pratique.artifacts.readers.jpeg import JpegReader
from pratique.artifacts.readers.png import PngReader
from pratique.artifacts.readers.sentencepiece import SentencePieceReader
from pratique.core.errors import ArtifactError


def chunk(kind: bytes, body: bytes, spoil: int = 0) -> bytes:
    crc = zlib.crc32(kind + body) ^ spoil
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def png(image: bytes = zlib.compress(b"\0\0\0\0"), *extra: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    parts = [head, *extra, chunk(b"IDAT", image), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(*extra: bytes) -> bytes:
    app = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    scan = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\xff\0\x34\xff\xd0\x56"
    return b"\xff\xd8" + app + b"".join(extra) + segment(0xC0, bytes(11)) + scan + b"\xff\xd9"


def field(number: int, body: bytes | int) -> bytes:
    if isinstance(body, int):
        return bytes([number << 3, body])
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return bytes([number << 3 | 2]) + length + body


def piece(text: bytes, score: float = -1.5, kind: int = 1) -> bytes:
    return field(1, field(1, text) + b"\x15" + struct.pack("<f", score) + field(3, kind))


def pieces(*extra: bytes) -> bytes:
    normal = field(3, field(1, b"nmt_nfkc") + field(2, bytes(range(200))) + field(3, 1))
    trainer = field(2, field(2, b"m") + field(3, 1) + field(4, 100))
    return piece(b"<unk>", 0, 2) + piece(b"\xe2\x96\x81a") + b"".join(extra) + trainer + normal


SOUND: list[tuple[Reader, bytes]] = [
    (PngReader(), png()),
    (PngReader(), png(zlib.compress(b"x"), chunk(b"tEXt", b"Comment\0words"))),
    (JpegReader(), jpeg()),
    (JpegReader(), jpeg(segment(0xFE, b"words"), b"\xff\xff" + segment(0xE1, b"Exif")[1:])),
    (SentencePieceReader(), pieces()),
    (SentencePieceReader(), pieces(piece(b"long " * 80))),
]


@pytest.mark.parametrize(("reader", "body"), SOUND)
def test_sound_companions_are_read_in_full_without_a_word(reader: Reader, body: bytes) -> None:
    assert reader.recognises(subject_of(body))
    told = inspect_bytes(body)
    assert told.full
    assert not told.findings


@pytest.mark.parametrize(("reader", "body"), SOUND)
def test_what_stands_behind_is_not_claimed(reader: Reader, body: bytes) -> None:
    told = inspect_bytes(body + b"\x01\x02payload")
    assert not told.full
    assert {"INT001", "INT004"} & told.rules, reader.name


@pytest.mark.parametrize(
    "body",
    [
        png(zlib.compress(b"x") + b"behind the stream"),
        png(zlib.compress(b"x" * 99)[:-6]),
        png(b"no stream"),
        png(zlib.compress(b"x"), chunk(b"tEXt", b"a\0b", spoil=1)),
        png(zlib.compress(b"x"), chunk(b"prIV", b"a private chunk hides what it likes")),
        jpeg(b"no marker"),
        jpeg()[:-2],
        pieces(field(9, b"unknown")),
        pieces(field(1, field(7, b"unknown"))),
        pieces(piece(b"x" * 5000)),
        piece(b"<unk>"),
    ],
)
def test_broken_companions_are_not_taken_for_whole(body: bytes) -> None:
    told = inspect_bytes(body)
    assert not told.full or told.findings


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_readers_survive_anything(data: st.DataObject) -> None:
    reader, sound = data.draw(st.sampled_from(SOUND))
    body = bytearray(sound[: data.draw(st.integers(0, len(sound)))])
    for at in data.draw(st.lists(st.integers(0, len(sound) - 1), max_size=4)):
        if at < len(body):
            body[at] = data.draw(st.integers(0, 255))
    subject = subject_of(bytes(body))
    if not reader.recognises(subject):
        return
    try:
        for item in reader.read(subject):
            if isinstance(item, Claim):
                assert 0 <= item.start <= item.end <= len(body)
    except ArtifactError:
        pass
