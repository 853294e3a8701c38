"""Readers of what lies beside weights: images and tokenizers, accounted for to the last byte."""

import time
import zlib

import pytest

from harness.inspecting import inspect_bytes, subject_of
from harness.make_companions import chunk, field, jpeg, piece, pieces, png, segment
from pratique.artifacts.reader import Reader
from pratique.artifacts.readers.jpeg import JpegReader
from pratique.artifacts.readers.png import PngReader
from pratique.artifacts.readers.sentencepiece import SentencePieceReader
from pratique.core.errors import MalformedError
from pratique.core.limits import MiB

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


def test_an_image_in_one_large_chunk_stays_linear() -> None:
    body = png(zlib.compress(bytes(150 * MiB)) + bytes(48 * MiB))
    begun = time.process_time()
    with pytest.raises(MalformedError, match="behind the end"):
        list(PngReader().read(subject_of(body)))
    assert time.process_time() - begun < 3
