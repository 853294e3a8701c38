"""Whatever bytes come, an archive reader ends soon, with the errors it promises and no others."""

import gzip
import time
import zipfile
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.fuzzing import REPEATABLE, examples
from harness.inspecting import inspect_bytes
from harness.make_archives import zipped
from harness.reading import Read
from harness.seeds import ARCHIVES
from pratique.artifacts.reader import Reader
from pratique.artifacts.readers.zip.reader import ZipReader
from pratique.core.limits import KiB, Limits, MiB

LIMITS = replace(Limits(), expanded_bytes=4 * MiB, scratch_bytes=2 * MiB, members=200)
EDIT = st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=9), st.booleans())
QUIET = settings(
    max_examples=examples(60),
    deadline=None,
    derandomize=REPEATABLE,
    suppress_health_check=list(HealthCheck),
)


def mutated(body: bytes, edits: list[tuple[int, bytes, bool]], cut: int) -> bytes:
    for where, new, insert in edits:
        at = where % len(body)
        body = body[:at] + new + body[at + (0 if insert else len(new)) :]
    return body[: len(body) - cut % len(body)]


@pytest.mark.parametrize(("reader", "seed"), ARCHIVES)
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
@settings(QUIET, max_examples=examples(300))
def test_any_bytes_are_read(body: bytes) -> None:
    for reader, seed in ARCHIVES:
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
