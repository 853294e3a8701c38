"""Whatever the bytes, the tensor readers and the one pass end soon, and only with known errors."""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import make_tensors as make
from harness.fuzzing import REPEATABLE, examples
from harness.inspecting import subject_of
from harness.seeds import TENSORS
from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.measures import one_pass
from pratique.artifacts.reader import Claim, Item, Reader
from pratique.artifacts.readers.literal import parse_literal
from pratique.artifacts.readers.safetensors import SafetensorsReader
from pratique.artifacts.views import TensorSpan, TensorTable
from pratique.core.errors import ArtifactError, MalformedError
from pratique.core.fact import Fact
from pratique.core.limits import Limits
from pratique.engine.layout import uncovered

QUICK = settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=REPEATABLE,
)
LIMITS = Limits(tensors=1000, header_bytes=1 << 20)


def drained(reader: Reader, body: bytes) -> list[Item]:
    subject = subject_of(body, LIMITS)
    items: list[Item] = []
    if reader.recognises(subject):
        with suppress(ArtifactError):
            for item in reader.read(subject):
                items.append(item)  # noqa: PERF402 - what came before an error counts
    _check(items, len(body))
    return items


def _check(items: list[Item], size: int) -> None:
    for item in items:
        if isinstance(item, Claim):
            assert 0 <= item.start <= item.end <= size
        elif isinstance(item, Fact):
            json.dumps(item.data, allow_nan=False)
        elif isinstance(item, TensorTable):
            for span in item.tensors:
                assert 0 <= span.start <= span.end <= size


def mutations(body: bytes) -> st.SearchStrategy[bytes]:
    edit = st.tuples(st.integers(0, len(body) - 1), st.binary(min_size=1, max_size=9))

    def apply(edits: list[tuple[int, bytes]], cut: int) -> bytes:
        out = bytearray(body)
        for at, new in edits:
            out[at : at + len(new)] = new
        return bytes(out[:cut])

    return st.builds(apply, st.lists(edit, max_size=4), st.integers(0, len(body) + 8))


@pytest.mark.parametrize(("reader", "seed"), TENSORS, ids=lambda v: getattr(v, "name", ""))
def test_mutated_files(reader: Reader, seed: bytes) -> None:
    @QUICK
    @given(mutations(seed))
    def run(body: bytes) -> None:
        drained(reader, body)

    run()


@pytest.mark.parametrize(("reader", "seed"), TENSORS, ids=lambda v: getattr(v, "name", ""))
def test_every_truncation(reader: Reader, seed: bytes) -> None:
    for cut in range(len(seed)):
        drained(reader, seed[:cut])


@pytest.mark.parametrize(
    "wrap",
    [
        lambda b: b,
        lambda b: make.safetensors_raw(b'{"dtype":' + b),
        lambda b: b"GGUF\3\0\0\0" + b,
        lambda b: b"\x93NUMPY\1\0" + b,
        lambda b: make.npy(b.decode("latin-1"), version=2),
    ],
)
def test_arbitrary_bytes(wrap: Callable[[bytes], bytes]) -> None:
    @QUICK
    @given(st.binary(max_size=400))
    def run(body: bytes) -> None:
        for reader, _ in TENSORS:
            drained(reader, wrap(body))

    run()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__", "a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@QUICK
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_odd_json_headers(header: dict[str, object]) -> None:
    drained(SafetensorsReader(), make.safetensors_raw(json.dumps(header), bytes(64)))


ENTRY = st.tuples(
    st.sampled_from(["U8", "F32", "F4", "BF16"]), st.lists(st.integers(0, 5), max_size=3)
)


@QUICK
@given(st.lists(ENTRY, max_size=8), st.integers(0, 9))
def test_claims_of_sound_files_cover_every_byte(
    entries: list[tuple[str, list[int]]], pad: int
) -> None:
    bits = {"U8": 8, "F32": 32, "F4": 4, "BF16": 16}
    tensors = []
    for i, (dtype, shape) in enumerate(entries):
        count = bits[dtype]
        for dim in shape:
            count *= dim
        if count % 8 == 0:
            tensors.append((f"t{i}", dtype, shape, bytes(count // 8)))
    body = make.safetensors(tensors, {"pad": "x" * pad})
    claims = [(i.start, i.end) for i in drained(SafetensorsReader(), body) if isinstance(i, Claim)]
    assert list(uncovered(claims, len(body))) == []


@QUICK
@given(st.text(max_size=60) | st.text("[](){},:'\"1LTrueFalse ", max_size=60))
def test_literals(text: str) -> None:
    with suppress(MalformedError):
        parse_literal(text)


MARKS = st.sampled_from(
    [
        b"\x7fELF\x02\x01\x01",
        b"MZ",
        b"PE\x00\x00d\x86",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"\xca\xfe\xba\xbe\x00",
        b"ustar\x0000",
        b"dex\n035\x00",
        b"\x00asm\x01\x00\x00\x00",
        b"Rar!\x1a\x07\x00",
        b"7z\xbc\xaf'\x1c\x00",
        b"MSCF\x00\x00\x00\x00",
    ]
)
SPAN = st.tuples(
    st.sampled_from(["f32", "bf16", "u8", "f64", "q4_1", "mxfp4", "odd", "i16", "f8_e4m3"]),
    st.integers(0, 400),
    st.integers(0, 80),
)


@QUICK
@given(st.lists(st.binary(max_size=40) | MARKS, max_size=20), st.lists(SPAN, max_size=20))
def test_the_one_pass(parts: list[bytes], spans: list[tuple[str, int, int]]) -> None:
    table = TensorTable(
        source="fuzz",
        tensors=tuple(TensorSpan("t", dtype, (), at, at + size) for dtype, at, size in spans),
    )
    list(one_pass.measure(MemoryBlob(b"".join(parts)), [table], lambda _: None))
