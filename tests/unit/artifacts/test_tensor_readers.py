"""The tensor readers account for every byte of sound files, and say what breaks the others."""

import json
import struct
import time
from collections.abc import Iterator

import pytest

from harness import make_tensors as make
from harness.inspecting import inspect_bytes, subject_of
from pratique.artifacts.blob import MemoryBlob, Scratch
from pratique.artifacts.reader import Budget, Claim, Item, Member, Reader, Subject, TensorRole
from pratique.artifacts.readers.gguf import GgufReader
from pratique.artifacts.readers.literal import parse_literal
from pratique.artifacts.readers.npy import NpyReader
from pratique.artifacts.readers.raw_tensor import RawTensorReader
from pratique.artifacts.readers.safetensors import SafetensorsReader
from pratique.artifacts.views import TemplateView, TensorHeader, TensorTable
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact
from pratique.core.limits import Limits
from pratique.engine.layout import uncovered

F32 = struct.pack("<4f", 1, 2, 3, 4)
GOOD = make.safetensors([("a", "F32", [2, 2], F32), ("b", "BF16", [4], bytes(8))], {"format": "pt"})
GGUF = make.gguf(
    [("general.architecture", "llama"), ("tokenizer.ggml.tokens", ["a", "b", "longer"])],
    [("token_embd.weight", 0, [4, 1], F32), ("x", 3, [32], bytes(20))],
)
NPY = make.npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", F32)


def collect(reader: Reader, body: bytes) -> tuple[list[Item], ArtifactError | None]:
    subject = subject_of(body)
    items: list[Item] = []
    if not reader.recognises(subject):
        return items, None
    steps: Iterator[Item] = reader.read(subject)
    try:
        for item in steps:
            items.append(item)  # noqa: PERF402 - what came before an error counts
    except ArtifactError as e:
        return items, e
    return items, None


def kinds(items: list[Item]) -> list[str]:
    return [p.kind for i in items if isinstance(i, TensorHeader) for p in i.problems]


@pytest.mark.parametrize(
    ("reader", "body"),
    [
        (SafetensorsReader(), GOOD),
        (SafetensorsReader(), make.safetensors([])),
        (GgufReader(), GGUF),
        (GgufReader(), make.gguf([], [])),
        (GgufReader(), make.gguf([("a", 1)], [("t", 1, [2], b"abcd")], version=1)),
        (GgufReader(), make.gguf([("a", 0.5)], [("t", 1, [2], b"abcd")], order=">")),
        (NpyReader(), NPY),
        (NpyReader(), make.npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"N.")),
    ],
)
def test_claims_of_a_sound_file_cover_every_byte(reader: Reader, body: bytes) -> None:
    items, broke = collect(reader, body)
    claims = [(c.start, c.end) for c in items if isinstance(c, Claim)]
    assert broke is None
    assert kinds(items) == []
    assert list(uncovered(claims, len(body))) == []


def st(header: str, body: bytes = bytes(16), length: int | None = None) -> bytes:
    return make.safetensors_raw(header, body, length)


def entry(dtype: str = "F32", shape: str = "[4]", offsets: str = "[0,16]", extra: str = "") -> str:
    return f'{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}{extra}}}'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (st(f'{{"a":{entry()}}}', length=1 << 40), "lie"),
        (st(f'{{"a":{entry()}}}', length=(1 << 64) - 1), "lie"),
        (st(f'{{"a":{entry()}'), "lie"),
        (st(b'{"a\xff":1}'.decode("latin-1")), "lie"),
        (st(f'{{"a":{entry("F99")}}}'), "lie"),
        (st(f'{{"a":{entry(shape="[5]")}}}'), "lie"),
        (st(f'{{"a":{entry(shape="[true,4]")}}}'), "lie"),
        (st(f'{{"a":{entry(shape="[-4]")}}}'), "lie"),
        (st(f'{{"a":{entry(shape="[4.0]")}}}'), "lie"),
        (st(f'{{"a":{entry(shape="[4611686018427387904,4611686018427387904]")}}}'), "lie"),
        (st(f'{{"a":{entry(offsets="[0,17]")}}}'), "lie"),
        (st(f'{{"a":{entry(offsets="[16,0]")}}}'), "lie"),
        (st(f'{{"a":{entry(offsets="[0,16,16]")}}}'), "lie"),
        (st('{"a":{"dtype":"F32"}}'), "lie"),
        (st('{"a":NaN,"dtype":1}'), "lie"),
        (st(f'{{"a":{entry()},"a":{entry()}}}'), "duplicate"),
        (st(f'{{"\\u0061":{entry()},"a":{entry()}}}'), "duplicate"),
        (st('{"a":' + entry(extra=',"dtype":"F32"') + "}"), "duplicate"),
        (st(f'{{"a":{entry()},"b":{entry(shape="[1]", offsets="[4,8]")}}}'), "overlap"),
        (st(f'{{"a":{entry(shape="[1]", offsets="[4,8]")}}}'), "gap"),
        (st(f'{{"a":{entry()}}}', bytes(20)), "gap"),
        (st(f'{{"__metadata__":{{"a":1}},"a":{entry()}}}'), "hidden"),
        (st(f'{{"__metadata__":[],"a":{entry()}}}'), "hidden"),
        (st('{"a":' + entry(extra=',"note":"x"') + "}"), "hidden"),
        (st(f' {{"a":{entry()}}}'), "lie"),
        (st('{"a":' + "[" * 100_000), "lie"),
        (st(f'{{"\\ud800":{entry()}}}'), "lie"),
        (st('{"__metadata__":{"a":"\\udfff"}}', b""), "hidden"),
    ],
)
def test_safetensors_lies_are_told(body: bytes, kind: str) -> None:
    items, _ = collect(SafetensorsReader(), body)
    assert kind in kinds(items)


def test_sub_byte_and_scalar_tensors() -> None:
    body = make.safetensors(
        [("f4", "F4", [4], b"ab"), ("s", "F32", [], b"abcd"), ("z", "F32", [0, 5], b"")]
    )
    items, broke = collect(SafetensorsReader(), body)
    assert (kinds(items), broke) == ([], None)


@pytest.mark.parametrize(
    "body",
    [b"", b"x" * 100, b'var x = {"dtype": 1}', b'{"dtype": {"a": 1}}' * 9, b"PK\3\4" + bytes(99)],
)
def test_other_formats_are_not_recognised(body: bytes) -> None:
    for reader in (SafetensorsReader(), GgufReader(), NpyReader(), RawTensorReader()):
        assert not reader.recognises(subject_of(body))


def test_ten_million_entries_end_fast() -> None:
    started = time.process_time()
    _, broke = collect(SafetensorsReader(), st('{"a":[' + "[]," * 10_000_000 + "[]]}"))
    assert isinstance(broke, LimitExceededError)
    count = struct.pack("<QQ", 10_000_000, 10_000_000)
    _, broke = collect(GgufReader(), b"GGUF\3\0\0\0" + count + bytes(1000))
    assert isinstance(broke, MalformedError)
    array = struct.pack("<IIQ", 9, 8, 10_000_000)
    body = b"GGUF\3\0\0\0" + struct.pack("<QQ", 0, 1) + make.gguf_text("k") + array
    _, broke = collect(GgufReader(), body + bytes(8 * 10_000_000))
    assert broke is None
    assert time.process_time() - started < 20


def test_limits_end_a_long_table() -> None:
    body = make.safetensors([(f"t{i}", "U8", [1], b"x") for i in range(50)])
    subject = subject_of(body, Limits(tensors=10))
    with pytest.raises(LimitExceededError):
        list(SafetensorsReader().read(subject))


def gguf(
    *tensors: tuple[str, int, list[int], bytes],
    metadata: tuple[tuple[str, make.Value], ...] = (("general.architecture", "llama"),),
    offsets: dict[str, int] | None = None,
    pad: bytes = b"\0",
) -> bytes:
    return make.gguf(metadata, tensors, offsets=offsets, pad=pad)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"GGUF\x04\0\0\0" + bytes(64), "lie"),
        (GGUF[:60], "lie"),
        (GGUF[:-40], "lie"),
        (gguf(("t", 99, [4], F32)), "lie"),
        (gguf(("t", 2, [31], bytes(18))), "lie"),
        (gguf(("t", 0, [1 << 62, 1 << 62], F32)), "lie"),
        (gguf(("t", 0, [1, 1, 1, 1, 4], F32)), "lie"),
        (gguf(("t", 0, [4], F32), offsets={"t": 8}), "lie"),
        (gguf(("t" * 70, 0, [4], F32)), "lie"),
        (gguf(("t", 0, [4], F32), ("t", 0, [4], F32)), "duplicate"),
        (gguf(("t", 0, [4], F32), metadata=(("a", 1), ("a", 2))), "duplicate"),
        (gguf(("t", 0, [4], F32), ("u", 0, [4], F32), offsets={"u": 0}), "overlap"),
        (gguf(("t", 0, [4], F32), ("u", 0, [4], F32 + bytes(80)), offsets={"u": 64}), "gap"),
        (gguf(("t", 0, [3], F32[:12]), ("u", 0, [4], F32), pad=b"x"), "hidden"),
        (gguf(("t", 0, [4], F32), metadata=(("general.alignment", 3),)), "lie"),
    ],
)
def test_gguf_lies_are_told(body: bytes, kind: str) -> None:
    items, _ = collect(GgufReader(), body)
    assert kind in kinds(items)


def test_gguf_shows_templates_and_nested_arrays() -> None:
    body = gguf(
        metadata=(("tokenizer.chat_template.tool", "{{ x }}"), ("n", [["a", "b"], [], ["c"]]))
    )
    items, broke = collect(GgufReader(), body)
    template = next(i for i in items if isinstance(i, TemplateView))
    assert broke is None
    assert (template.source, template.origin) == ("{{ x }}", "gguf:tokenizer.chat_template.tool")
    assert body[template.base :].startswith(b"{{ x }}")
    fact = next(i for i in items if isinstance(i, Fact) and i.kind == "gguf")
    assert isinstance(fact.data, dict)
    assert fact.data["arrays"] == {"n": 3}
    json.dumps(fact.data, allow_nan=False)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9, 9)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<q4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': [('a',)], 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (2,)}",
        "__import__('os').getcwd()",
        "[" * 60_000,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999999,)}",
    ],
)
def test_npy_lies_are_told(header: str) -> None:
    items, _ = collect(NpyReader(), make.npy(header, F32, version=2))
    assert set(kinds(items)) & {"lie", "duplicate"}


def test_npy_hands_objects_on_wherever_they_hide() -> None:
    for descr in ("'|O'", "[('a', '<f4'), ('b', [('c', 'O', (2,))])]", "[(('t', 'n'), '|O8')]"):
        header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}"
        items, broke = collect(NpyReader(), make.npy(header, b"\x80\4N."))
        member = next(i for i in items if isinstance(i, Member))
        assert (broke, member.name, member.blob.read(0, 9)) == (None, "object.pkl", b"\x80\4N.")


def test_npy_structured_arrays_have_a_size() -> None:
    header = "{'descr': [('a', '<f4', (2,)), ('', '|V4')], 'fortran_order': True, 'shape': (2,)}"
    items, broke = collect(NpyReader(), make.npy(header, bytes(24)))
    table = next(i for i in items if isinstance(i, TensorTable))
    assert (broke, table.tensors[0].dtype) == (None, "v12")


def test_literals() -> None:
    assert parse_literal("(1, 2L, [], {'a': None}) ") == (1, 2, [], {"a": None})


def test_raw_tensors_follow_their_role() -> None:
    for shape, fits in (((2, 2), True), ((3,), False)):
        budget = Budget(Limits(), 16)
        role = TensorRole("w", "f32", shape)
        subject = Subject(("m",), MemoryBlob(F32), budget, Scratch(None, 0), role)
        items: list[Item] = []
        if fits:
            items = list(RawTensorReader().read(subject))
            assert any(isinstance(i, TensorTable) for i in items)
        else:
            with pytest.raises(MalformedError):
                list(RawTensorReader().read(subject))


@pytest.mark.parametrize(
    "header",
    [
        '{"__metadata__":{' + ",".join(f'"{n}":""' for n in range(2000)) + "}}",
        '{"w":{"dtype":"F32","shape":[' + "9999," * 3000 + '1],"data_offsets":[0,4]}}',
        "{" + ",".join(f'"{n}":1' for n in range(3000)) + "}",
    ],
)
def test_headers_that_swell_in_memory_are_not_built(header: str) -> None:
    body = make.safetensors_raw(header, b"1234", None)
    with pytest.raises(LimitExceededError, match="more words and numbers"):
        list(SafetensorsReader().read(subject_of(body, Limits(tensors=100))))


def test_big_endian_floats_are_not_decoded() -> None:
    """They would read as NaN now and then; they come with another word for their type."""
    body = make.gguf([("a", 1)], [("t", 0, [2], b"\x01\x80\xff\xff\x02\x80\xff\x7f")], order=">")
    items, broke = collect(GgufReader(), body)
    assert broke is None
    assert [t.dtype for i in items if isinstance(i, TensorTable) for t in i.tensors] == ["f32-be"]
    assert not {"TEN001", "TEN002"} & inspect_bytes(body).rules


def test_the_widest_complex_numbers_are_known() -> None:
    body = make.npy("{'descr': '<c32', 'fortran_order': False, 'shape': (1,), }", bytes(32))
    _, broke = collect(NpyReader(), body)
    assert broke is None


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (make.gguf([("a\0b", 1)], []), "INT040"),
        (make.gguf([("general.architecture", 1)], []), "INT040"),
        (make.gguf([], [("a\0b", 0, [4], F32)]), "INT040"),
        (make.gguf([("tokenizer.chat_template", ["{{ ''.__class__.__mro__ }}"])], []), "BKD"),
        (make.gguf([("llama.chat_template", "{{ ''.__class__.__mro__ }}")], []), "BKD"),
        (
            make.npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }" + " \t" * 90, F32),
            "INT090",
        ),
    ],
)
def test_quiet_places_of_headers_are_looked_at(body: bytes, rule: str) -> None:
    assert any(found.startswith(rule) for found in inspect_bytes(body).rules)


def test_a_million_arrays_in_an_array_end_early() -> None:
    inner = struct.pack("<IQ", 4, 0) * 1_000_000
    head = b"GGUF\3\0\0\0" + struct.pack("<QQ", 0, 1) + make.gguf_text("k")
    _, broke = collect(GgufReader(), head + struct.pack("<IIQ", 9, 9, 1_000_000) + inner)
    assert isinstance(broke, LimitExceededError)
