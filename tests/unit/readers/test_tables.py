"""MessagePack, Arrow and Parquet: sound files are claimed whole, and lies have their errors."""

import base64
import pickle

import pytest

from harness import make_pickles as p
from harness import make_tables as make
from harness.inspecting import inspect_bytes, inspect_tree, subject_of
from harness.make_tensors import elf
from pratique.artifacts.readers import arrow_schema, msgpack, thrift
from pratique.artifacts.readers.arrow_ipc import ArrowReader
from pratique.artifacts.readers.msgpack import MsgpackReader
from pratique.artifacts.readers.parquet import ParquetReader
from pratique.artifacts.views import TensorTable
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.finding import Severity
from pratique.core.limits import Limits

PICKLE = p.stream(p.call("os", "system", p.text("touch canary")))
FLAX = make.pack({"params": {"kernel": make.array(2, 3), "bias": make.array(3)}, "step": 300})
WORDS = make.pack({"rows": [{"a": None, "b": "word"}, 5, b"bytes of no kind"]})
PAGE = make.page()
END = 4 + len(PAGE)
HONEST = {
    "flax": FLAX,
    "words": WORDS,
    "scalar": make.pack({"loss": make.Ext(2, make.pack([1, 2]))}),
    "stream": make.arrows(),
    "file": make.arrow(),
    "batches": make.arrow(None, make.batch(), make.batch(bytes(64), (0, 8), (8, 56))),
    "tensor type": make.arrows(make.schema(make.extension("t", "arrow.fixed_shape_tensor", "{}"))),
    "parquet": make.parquet(pairs={"pandas": '{"columns": []}'}),
    "pages": make.parquet(make.page() + make.page(bytes(40))),
    "index": make.parquet(PAGE + bytes(12), chunk={4: END, 5: 12}, column={7: len(PAGE)}),
    "schema": make.with_schema(make.field("a"), make.field("b", None, make.field("c"))),
    "elsewhere": make.parquet(b"", chunk={1: "part-0.parquet"}),
}


@pytest.mark.parametrize("body", HONEST.values(), ids=HONEST)
def test_honest_tables_are_read_whole_and_left_in_peace(body: bytes) -> None:
    told = inspect_tree({"model": body})
    assert told.full, told.not_full[:3]
    assert told.findings == []


def test_arrays_of_flax_are_tensors() -> None:
    views = [v for v in MsgpackReader().read(subject_of(FLAX)) if isinstance(v, TensorTable)]
    spans = {span.name: span for span in views[0].tensors}
    assert {n: (s.dtype, s.shape) for n, s in spans.items()} == {
        "params/kernel": ("f32", (2, 3)),
        "params/bias": ("f32", (3,)),
    }
    assert FLAX[spans["params/bias"].start :][:12] == bytes(12)


@pytest.mark.parametrize(
    "value",
    [PICKLE, make.Ext(9, PICKLE), [{"x": PICKLE}], base64.b64encode(PICKLE).decode()],
    ids=["bytes", "extension", "inside", "base64"],
)
def test_pickles_in_messagepack_are_read(value: object) -> None:
    told = inspect_bytes(make.pack({"params": {"w": value}}))
    assert Severity.CRITICAL in {f.severity for f in told.findings if f.rule == "MAL001"}


def test_a_program_in_messagepack_is_found() -> None:
    assert "MAL050" in inspect_bytes(make.pack({"params": elf()})).rules


def test_a_packed_key_may_be_the_code() -> None:
    assert "MAL100" in inspect_bytes(make.pack({"params": {"__reduce__": ["a", "b"]}})).rules


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"\x81\xa6params\xdf\xff\xff\xff\xff", "a map of 4294967295 entries"),
        (b"\x81\xa6params\xdd\xff\xff\xff\xff", "an? array of 4294967295 entries"),
        (b"\x81\xa6params\xc6\xff\xff\xff\xff", "a value of 4294967295 bytes"),
        (b"\x81\xa6params\xc9\xff\xff\xff\xff\x01", "a value of 4294967295 bytes"),
        (b"\x81\xa6params\xc1", "begins with 0xc1"),
        (b"\x81\xa6params", "beyond the end"),
        (make.pack({"params": make.array(2, body=bytes(4))}), "needs 8"),
    ],
)
def test_messagepack_that_lies_is_malformed(body: bytes, says: str) -> None:
    assert MsgpackReader().recognises(subject_of(body))
    with pytest.raises(MalformedError, match=says):
        list(MsgpackReader().read(subject_of(body)))
    assert "INT004" in inspect_bytes(body).rules


def test_messagepack_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = b"\x81\xa6params" + b"\x91" * 600 + b"\xc0"
    with pytest.raises(LimitExceededError, match="deeper than 512"):
        list(MsgpackReader().read(subject_of(deep)))
    with pytest.raises(LimitExceededError, match="more than 1 arrays"):
        list(MsgpackReader().read(subject_of(FLAX, Limits(tensors=1))))
    monkeypatch.setattr(msgpack, "MAX_VALUES", 3)
    with pytest.raises(LimitExceededError, match="more than 3 values"):
        list(MsgpackReader().read(subject_of(FLAX)))


@pytest.mark.parametrize("body", [b"\x81", b"\x82\x01\x02\x03\x04", b"\x93abc", b"", b"\x80"])
def test_other_bytes_are_no_messagepack(body: bytes) -> None:
    assert not MsgpackReader().recognises(subject_of(body))


TYPED = make.extension("t", "arrow.py_extension_type", PICKLE)


@pytest.mark.parametrize(
    "body",
    [make.arrows(make.schema(TYPED)), make.arrow(make.schema(TYPED)), make.with_schema(TYPED)],
)
def test_pickles_in_arrow_types_are_read(body: bytes) -> None:
    told = inspect_tree({"t.bin": body})
    assert {"MAL001", "VUL100"} <= told.rules


def test_pickles_in_metadata_of_tables_are_read() -> None:
    assert "MAL001" in inspect_bytes(make.parquet(pairs={"meta": PICKLE})).rules
    told = inspect_bytes(make.arrows(make.schema(pairs={"meta": PICKLE})))
    assert "MAL001" in told.rules


def test_a_shape_that_ray_pickled_is_no_more_than_medium() -> None:
    kind = make.extension("t", "ray.data.arrow_tensor", pickle.dumps((2, 2)))
    told = inspect_tree({"t.bin": make.arrows(make.schema(kind))})
    assert [(f.rule, f.severity) for f in told.findings] == [("VUL101", Severity.MEDIUM)]


ARROW = make.arrow()
STREAM = make.arrows()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (make.arrow(None, make.batch(bytes(8), (0, 9))), "lies outside of its batch"),
        (make.arrow(None, make.batch(bytes(8), (-8, 8))), "lies outside of its batch"),
        (make.arrow(names=[8, 9]), "names a message at 9"),
        (ARROW[:-6] + b"ARROW2", "does not end with its mark"),
        (ARROW[:-10] + b"\xff\xff\xff\x7fARROW1", "beyond|footer"),
        (STREAM[:-20], "beyond the end"),
        (STREAM[: len(make.message(1, make.schema()))] + make.message(9, {}), "of kind 9"),
        (make.MORE + b"\xff\xff\xff\x7f" + STREAM[8:], "beyond the end"),
    ],
)
def test_arrow_that_lies_is_malformed(body: bytes, says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        list(ArrowReader().read(subject_of(body)))


def test_schemas_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = make.field("a")
    for _ in range(arrow_schema.MAX_DEPTH + 1):
        deep = make.field("a", None, deep)
    with pytest.raises(LimitExceededError, match="deeper"):
        list(ArrowReader().read(subject_of(make.arrows(make.schema(deep)))))
    monkeypatch.setattr(arrow_schema, "MAX_FIELDS", 1)
    with pytest.raises(LimitExceededError, match="more than 1 fields"):
        list(ArrowReader().read(subject_of(make.arrows(make.schema(*[make.field("a")] * 2)))))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (make.parquet(column={7: 1000}), "outside of the file"),
        (make.parquet(column={9: -4}, chunk={4: -4, 5: 1}), "outside of the file"),
        (make.parquet(make.page(size=99)), "beyond its column"),
        (make.parquet(make.page(kind=9)), "no kind or no size"),
        (make.parquet(make.page(size=-1)), "no kind or no size"),
        (make.parquet()[:-4], "at one end only"),
        (b"PAR1\0\0\0\0\xff\xff\xff\x0fPAR1", "longer than the file"),
        (b"PAR1\x15\xff\x02\0\0\0PAR1", "beyond the end|does not end"),
        (b"PAR1\x29\xfc\xff\xff\xff\x0f\x06\0\0\0PAR1", "values goes beyond the end"),
        (make.parquet(pairs={"ARROW:schema": "A" * 5}), "no base64"),
    ],
)
def test_parquet_that_lies_is_malformed(body: bytes, says: str) -> None:
    assert ParquetReader().recognises(subject_of(body))
    with pytest.raises(MalformedError, match=says):
        list(ParquetReader().read(subject_of(body)))


def test_an_encrypted_footer_and_a_deep_one_are_limits() -> None:
    sealed = make.parquet()[:-4] + b"PARE"
    with pytest.raises(LimitExceededError, match="encrypted"):
        list(ParquetReader().read(subject_of(sealed)))
    deep = b"\x1c" * (thrift.MAX_DEPTH + 2) + bytes(40)
    body = b"PAR1" + deep + len(deep).to_bytes(4, "little") + b"PAR1"
    with pytest.raises(LimitExceededError, match="deeper"):
        list(ParquetReader().read(subject_of(body)))


def test_bytes_that_no_column_names_are_unclaimed() -> None:
    body = make.parquet(make.page() + b"hidden", column={7: len(make.page())})
    assert not inspect_bytes(body).full


def test_a_page_that_is_packed_is_no_stowaway() -> None:
    packed = base64.b64decode("H4sIAAAAAAACA2NgAAH/AAAA//8DAPsAAAAAAAAAAAAA")
    body = make.parquet(make.page(packed), column={4: 2})
    assert "MAL052" not in inspect_bytes(body).rules
