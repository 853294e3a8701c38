"""Whatever bytes come, every reader of the catalogue ends, with an ArtifactError or in peace."""

import json
import tempfile
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.fuzzing import REPEATABLE, examples
from harness.inspecting import subject_of
from harness.make_companions import chunk, field, pieces, png, segment
from harness.seeds import SEEDS
from pratique.artifacts.reader import Claim, Member, Reader, TensorRole
from pratique.artifacts.readers.catalog import READERS
from pratique.artifacts.readers.jpeg import JpegReader
from pratique.artifacts.readers.png import PngReader
from pratique.artifacts.readers.raw_tensor import RawTensorReader
from pratique.artifacts.readers.sentencepiece import SentencePieceReader
from pratique.core.errors import ArtifactError
from pratique.core.fact import Fact
from pratique.core.limits import KiB, Limits, MiB

LIMITS = replace(
    Limits(), expanded_bytes=4 * MiB, scratch_bytes=2 * MiB, members=200, tensors=1000,
    opcodes=100_000, header_bytes=MiB,
)  # fmt: skip
QUIET = settings(
    max_examples=examples(40),
    deadline=None,
    derandomize=REPEATABLE,
    suppress_health_check=list(HealthCheck),
)
ROLE = TensorRole("w", "f32", (2, 3))
EDIT = st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=9), st.booleans())
ROLES = st.builds(
    TensorRole,
    st.text(max_size=9),
    st.sampled_from(["f32", "u8", "f4", "bool", "odd", ""]),
    st.lists(st.integers(-2, 6) | st.integers(), max_size=5).map(tuple),
)


def drained(reader: Reader, body: bytes, role: TensorRole | None = None) -> bool:
    """Read all that the reader gives, members too; tell whether it knew the bytes."""
    begun = time.process_time()
    with tempfile.TemporaryFile() as scratch:
        subject = replace(subject_of(body, LIMITS, scratch.fileno()), role=role)
        known = reader.recognises(subject)
        try:
            for item in reader.read(subject) if known else ():
                match item:
                    case Claim():
                        assert 0 <= item.start <= item.end <= len(body)
                    case Fact():
                        json.dumps(item.data, allow_nan=False)
                    case Member():
                        item.blob.read(0, 64 * KiB)
                    case _:
                        hash(item.partial)
        except ArtifactError:
            pass
    assert time.process_time() - begun < 5
    return known


def mutated(body: bytes, edits: list[tuple[int, bytes, bool]], cut: int) -> bytes:
    for where, new, insert in edits:
        at = where % len(body)
        body = body[:at] + new + body[at + (0 if insert else len(new)) :]
    return body[: len(body) - cut % len(body)]


ROWS = [pytest.param(r, body, id=f"{r.name}-{n}") for n, (r, body) in enumerate(SEEDS)]


@pytest.mark.parametrize("reader", READERS, ids=lambda r: r.name)
def test_every_reader_has_a_seed_that_it_knows(reader: Reader) -> None:
    bodies = [body for other, body in SEEDS if other.name == reader.name]
    assert bodies
    assert all(drained(reader, body, ROLE) or drained(reader, body) for body in bodies)


@pytest.mark.parametrize(("reader", "seed"), ROWS)
@given(edits=st.lists(EDIT, max_size=4), cut=st.just(0) | st.integers(0, 1 << 12))
@example(edits=[], cut=0)
@QUIET
def test_mutated_files(
    reader: Reader, seed: bytes, edits: list[tuple[int, bytes, bool]], cut: int
) -> None:
    drained(reader, mutated(seed, edits, cut), ROLE)


@pytest.mark.parametrize(("reader", "seed"), ROWS)
def test_every_truncation(reader: Reader, seed: bytes) -> None:
    for cut in range(0, len(seed), 1 + len(seed) // 200):
        drained(reader, seed[:cut], ROLE)


@given(st.binary(max_size=2 * KiB), st.integers(0, 40))
@settings(QUIET, max_examples=examples(60))
def test_any_bytes_behind_any_beginning(body: bytes, kept: int) -> None:
    for reader, seed in SEEDS:
        drained(reader, seed[:kept] + body, ROLE)


@given(st.binary(max_size=40), ROLES)
@settings(QUIET, max_examples=examples(300))
def test_a_tensor_that_is_none(body: bytes, role: TensorRole) -> None:
    assert drained(RawTensorReader(), body, role)


KINDS = st.sampled_from([b"IDAT", b"tEXt", b"iTXt", b"IEND", b"IHDR", b"prIV", b"\0\0\0\0"])


@given(st.binary(max_size=60), st.lists(st.tuples(KINDS, st.binary(max_size=60)), max_size=5))
@settings(QUIET, max_examples=examples(200))
def test_a_png_whose_check_sums_hold(image: bytes, rows: list[tuple[bytes, bytes]]) -> None:
    drained(PngReader(), png(image, *(chunk(kind, body) for kind, body in rows)))


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=60)), max_size=6))
@settings(QUIET, max_examples=examples(200))
def test_a_jpeg_of_any_segments(rows: list[tuple[int, bytes]]) -> None:
    parts = b"".join(segment(marker, body) for marker, body in rows)
    drained(JpegReader(), b"\xff\xd8" + segment(0xE0, b"JFIF") + parts)


@given(st.lists(st.tuples(st.integers(0, 31), st.binary(max_size=300)), max_size=6))
@settings(QUIET, max_examples=examples(200))
def test_a_tokenizer_of_any_fields(rows: list[tuple[int, bytes]]) -> None:
    extra = b"".join(field(number, body) for number, body in rows)
    drained(SentencePieceReader(), pieces(extra))
