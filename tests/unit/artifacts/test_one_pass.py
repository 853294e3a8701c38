"""The one pass finds what is there, nothing in random weights, and its statistics are exact."""

import gzip
import io
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from harness import make_tensors as make
from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.measures import one_pass, secret_atoms, statistics
from pratique.artifacts.measures.dtypes import LAYOUTS
from pratique.artifacts.readers.ggml_types import GGML_TYPES
from pratique.artifacts.readers.tensor_layout import BITS
from pratique.artifacts.views import (
    ByteText,
    SignatureHit,
    SignatureHits,
    TensorSpan,
    TensorStats,
    TensorTable,
    WeightStatistics,
)
from pratique.patterns import secrets

RNG = np.random.default_rng(5)


def measured(body: bytes, spans: list[TensorSpan]) -> list[TensorStats]:
    table = TensorTable(source="test", tensors=tuple(spans))
    views = list(one_pass.measure(MemoryBlob(body), [table], lambda _: None))
    return next([*v.tensors] for v in views if isinstance(v, WeightStatistics))


def hits(body: bytes) -> list[SignatureHit]:
    views = list(one_pass.measure(MemoryBlob(body), [], lambda _: None))
    return next([*v.hits] for v in views if isinstance(v, SignatureHits))


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("a.txt", "a")
        z.writestr("b.txt", "b")
    return out.getvalue()


def a_tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        t.addfile(tarfile.TarInfo("x"), io.BytesIO())
    return out.getvalue()


JAVA = struct.pack(">IHHHBHH", 0xCAFEBABE, 0, 52, 16, 10, 1, 2).ljust(64, b"\1")
FAT = struct.pack(">IIIIIII", 0xCAFEBABE, 1, 7, 3, 4096, 9000, 12).ljust(64, b"\0")
DEX = b"dex\n035\0" + bytes(24) + struct.pack("<III", 112, 0x70, 0x12345678)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("elf", make.elf()),
        ("pe", make.pe()),
        ("macho", make.macho()),
        ("macho", FAT),
        ("class", JAVA),
        ("dex", DEX),
        ("wasm", b"\0asm\1\0\0\0\1\4"),
        ("zip", a_zip()),
        ("tar", a_tar()),
        ("gzip", gzip.compress(b"hello", mtime=0)),
        ("gzip", gzip.compress(RNG.bytes(100_000), mtime=0)),
        ("script", b"#!/bin/sh\necho\n"),
        ("pickle", b"cos\nsystem\n(S'x'\ntR."),
        ("pickle", b"\x8c\x0asubprocess\x8c\x05Popen\x93."),
        ("frame", b"\x80\4\x95\x08" + bytes(7) + b"\x8c\x04abcd\x94."),
        ("pickle", b"\x8c\x05posix\x94\x8c\x06system\x94\x93."),
    ],
)
@pytest.mark.parametrize("at", [0, 100, (4 << 20) - 70, (4 << 20) - 3, 4 << 20])
def test_embedded_files_are_found_wherever_they_stand(what: str, body: bytes, at: int) -> None:
    noise = RNG.bytes(at)
    found = hits(noise + body + bytes(5000))
    assert [(h.what, h.at) for h in found] == [(what, at)]


def test_marks_without_structure_are_nothing() -> None:
    rng = np.random.default_rng(6)
    marks = [b"\x7fELF\2\1\1", b"PE\0\0d\x86", b"PK\3\4", b"\x1f\x8b\x08", b"\xca\xfe\xba\xbe\0"]
    marks += [b"MZ", b"\xcf\xfa\xed\xfe", b"7z\xbc\xaf\x27\x1c\0", b"ustar\x0000", b"\xfd7zXZ\0\0"]
    body = b"".join(m + rng.bytes(64) for m in marks * 300)
    assert hits(body) == []


def test_random_bytes_give_no_hit() -> None:
    assert hits(np.random.default_rng(8).bytes(32 << 20)) == []


def test_sparse_and_small_numbers_give_no_hit() -> None:
    rng = np.random.default_rng(9)
    sparse = rng.standard_normal(4 << 20, dtype=np.float32) * (rng.random(4 << 20) < 0.5)
    assert hits(sparse.astype("<f4").tobytes()) == []
    assert hits(rng.integers(-20, 20, 2 << 20, dtype=np.int64).tobytes()) == []
    assert hits(rng.integers(0, 50_000, 4 << 20).astype("<i4").tobytes()) == []


def test_decoys_are_bounded_and_told() -> None:
    views = list(one_pass.measure(MemoryBlob(b"PK\3\4" * 100_000), [], lambda _: None))
    assert isinstance(views[0], SignatureHits)
    assert "more zip marks" in views[0].partial


def test_an_archive_of_many_members_is_one_hit() -> None:
    assert len(hits(a_zip())) == 1


def naive(dtype: str, raw: bytes) -> tuple[int, int, int, float, float, bool]:
    kind = {"f64": "<f8", "f32": "<f4", "f16": "<f2", "i32": "<i4", "u8": "u1", "i8": "i1"}
    if dtype == "bf16":
        values = (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4").astype("f8")
    else:
        with np.errstate(invalid="ignore"):
            values = np.frombuffer(raw, kind[dtype]).astype("f8")
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
    width = len(raw) // len(values)
    same = raw == raw[:width] * len(values)
    return (
        int(np.isnan(values).sum()),
        int(np.isinf(values).sum()),
        int((values == 0).sum()),
        float(low),
        float(high),
        same,
    )


def shown(stats: TensorStats) -> tuple[int, int, int, float, float, bool]:
    return stats.nan, stats.inf, stats.zeros, stats.minimum, stats.maximum, stats.constant


SPECIAL = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1.5, -1.5, 1e-40, -1e-7], "<f8")


def raw_of(dtype: str, count: int, *, special: bool, mode: str) -> bytes:
    if dtype in {"u8", "i8", "i32"}:
        return RNG.bytes(count * (4 if dtype == "i32" else 1))
    values = RNG.standard_normal(count)
    if mode == "positive":
        values = np.abs(values)
    elif mode == "negative":
        values = -np.abs(values)
    elif mode == "constant":
        values = np.full(count, -0.0)
    if special:
        values[RNG.integers(0, count, max(1, count // 3))] = RNG.choice(SPECIAL)
    if dtype == "bf16":
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    with np.errstate(over="ignore"):
        return values.astype({"f64": "<f8", "f32": "<f4", "f16": "<f2"}[dtype]).tobytes()


@pytest.mark.parametrize("dtype", ["f64", "f32", "f16", "bf16", "i32", "u8", "i8"])
@pytest.mark.parametrize("shift", [0, 1, 3])
def test_statistics_are_exact(dtype: str, shift: int) -> None:
    body, spans = b"x" * shift, []
    for i in range(60):
        count = int(RNG.integers(1, 40)) if i % 7 else int(RNG.integers(9_000, 700_000))
        mode = ["", "positive", "negative", "constant"][i % 4]
        raw = raw_of(dtype, count, special=i % 3 == 0, mode=mode)
        spans.append(TensorSpan(f"t{i}", dtype, (count,), len(body), len(body) + len(raw)))
        body += raw + b"y" * (i % 5 == 0)
    stats = measured(body, spans)
    assert [s.span for s in stats] == spans
    for one in stats:
        assert shown(one) == naive(dtype, body[one.span.start : one.span.end]), one.span


def test_block_scales_are_looked_at() -> None:
    good = struct.pack("<e", 0.5) + bytes(16)
    for count in (1, 20):
        spans, body = [], b""
        for i in range(count):
            for raw in (
                good * 4,
                bytes(18 * 4),
                good + b"\0\x7e" + bytes(16),
                b"\0\x7c" + good[2:],
            ):
                spans.append(TensorSpan(f"{i}", "q4_0", (), len(body), len(body) + len(raw)))
                body += raw
        got = [(s.nan, s.inf, s.zeros, s.constant, s.elements) for s in measured(body, spans)]
        want = [(0, 0, 0, False, 128), (0, 0, 128, True, 128), (1, 0, 0, False, 64)]
        assert got == [*want, (0, 1, 0, False, 32)] * count


def test_types_without_a_decoder_tell_zeros_only() -> None:
    body = bytes(34) + b"\1" * 34 + RNG.bytes(34)
    spans = [TensorSpan(str(i), "mxfp4", (64,), 34 * i, 34 * i + 34) for i in range(3)]
    got = [(s.zeros, s.constant, s.decoded) for s in measured(body, spans)]
    assert got == [(64, True, False), (0, True, False), (0, False, False)]


def test_float8_extremes() -> None:
    for dtype, raw, want in (
        ("f8_e4m3", bytes([0x7E, 0xFE, 0x7F, 0, 0x80]), (1, 0, 2, -448.0, 448.0, False)),
        ("f8_e5m2", bytes([0x7B, 0xFB, 0x7C, 0x7F, 0]), (1, 1, 1, -57344.0, 57344.0, False)),
    ):
        for copies in (1, 20):
            size = len(raw)
            spans = [
                TensorSpan("t", dtype, (size,), i * size, i * size + size) for i in range(copies)
            ]
            assert {shown(s) for s in measured(raw * copies, spans)} == {want}


def test_tensors_that_share_bytes_are_measured_once_and_said() -> None:
    spans = [TensorSpan(f"t{i}", "u8", (100,), 0, 100) for i in range(50)]
    table = TensorTable(source="test", tensors=tuple(spans))
    views = list(one_pass.measure(MemoryBlob(bytes(100)), [table], lambda _: None))
    views = [v for v in views if not isinstance(v, ByteText)]
    assert isinstance(views[1], WeightStatistics)
    assert (len(views[1].tensors), views[1].partial[:10]) == (1, "49 tensors")


def test_a_hundred_thousand_small_tensors_are_quick() -> None:
    count = 100_000
    for kinds in (["bf16"], ["bf16", "f32", "u8"]):
        spans = [
            TensorSpan(f"t{i}", kinds[i % len(kinds)], (2,), 8 * i, 8 * i + 8) for i in range(count)
        ]
        assert len(measured(RNG.bytes(8 * count), spans)) == count


def test_tables_of_sizes_agree() -> None:
    for word, per, size in GGML_TYPES.values():
        layout = LAYOUTS.get(word)
        assert layout is None or (layout.elements, layout.size) == (per, size)
    for word, layout in LAYOUTS.items():
        if word in BITS and not word.startswith("c"):
            assert layout.size * 8 == BITS[word]
    assert max(layout.size for layout in LAYOUTS.values()) <= statistics.LOOK_AHEAD


def byte_text(body: bytes, *spans: TensorSpan) -> ByteText:
    table = TensorTable(source="test", tensors=spans)
    views = one_pass.measure(MemoryBlob(body), [table] if spans else [], lambda _: None)
    return next(view for view in views if isinstance(view, ByteText))


def test_marks_of_secrets_are_shown_with_what_is_around_them() -> None:
    (run,) = byte_text(b"\0" * 100 + b"AKIA" + b"Q2W3E4R5T6Y7U5I4" + b"\0" * 9).runs
    assert run[0] == 100 - 16
    assert "AKIAQ2W3E4R5T6Y7U5I4" in run[1]


def test_marks_are_found_across_blocks_and_not_in_tensors() -> None:
    token = b"AKIAQ2W3E4R5T6Y7U5I4"
    body = bytearray(one_pass.BLOCK * 2)
    for at in (one_pass.BLOCK - 10, one_pass.BLOCK + 5000):
        body[at : at + len(token)] = token
    assert [at for at, _ in byte_text(bytes(body)).runs] == [
        one_pass.BLOCK - 26,
        one_pass.BLOCK + 5000 - 16,
    ]
    tensor = TensorSpan("w", "u8", (9000,), one_pass.BLOCK + 1000, one_pass.BLOCK + 10_000)
    assert [at for at, _ in byte_text(bytes(body), tensor).runs] == [one_pass.BLOCK - 26]


def test_more_marks_than_are_shown_are_told() -> None:
    view = byte_text((b"AKIAQ2W3E4R5T6Y7U5I4" + b"\0" * 600) * 1_100)
    assert len(view.runs) == 1_000
    assert view.partial


def test_every_token_that_rules_know_has_a_mark() -> None:
    marks = tuple(secret_atoms.MARKS)
    for prefix, kind, _, _ in secrets.TOKENS:
        assert any(mark in prefix or prefix == "sk-" for mark in marks), kind
