"""What the reader recognises, claims and shows."""

import json
import pickle
import struct

import pytest

from harness.inspecting import inspect_bytes, subject_of
from harness.make_pickles import call, glob, state_dict, storage, stream, text
from pratique.artifacts.reader import Claim, Item, Member, Reader
from pratique.artifacts.readers.pickle.reader import PickleReader
from pratique.artifacts.readers.pickle.view import PickleStream
from pratique.artifacts.readers.torch_legacy import TorchLegacyReader
from pratique.core.errors import MalformedError
from pratique.detectors.malware.pickle_names import Standing, standing


def read(body: bytes, reader: Reader | None = None) -> tuple[list[Item], PickleStream]:
    items = list((reader or PickleReader()).read(subject_of(body)))
    return items, next(i for i in items if isinstance(i, PickleStream))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", [{"a": 1}, [1, 2, 3], ["x", {"y": (1, 2.5)}], {"n": None}])
def test_pickles_are_recognised(value: object, protocol: int) -> None:
    assert PickleReader().recognises(subject_of(pickle.dumps(value, protocol)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b".",
        b"(",
        b"hello world\n",
        b"cat\ndog\nfish\nred\n.\n",
        b"color\nred\nblue\n",
        b"import os\nprint(1)\n",
        b"(import\nfoo\n)",
        json.dumps({"a": [1, 2]}).encode(),
        b"]\n",
        b"}\n",
        b"PK\x03\x04" + bytes(60),
        b"GGUF" + bytes(60),
        b"\x93NUMPY\x01\x00" + bytes(60),
        b"\x80\x81\x82\x83",
        b"\x80\x02",
        b"Name: x\nVersion: 1\n",
        b"Large text\nwith lines.\n",
        b"P2\n10 10\n255\n1 2 3\n",
        b"I am a text\nof two lines.",
        b"\x00" * 100,
        b"!<arch>\n",
        b"the\nof\nand\nto\nin\ncat\nfor\n",
        struct.pack("<Q", 40) + b'{"a":{"dtype":"F32"}}',
    ],
)
def test_other_things_are_not(body: bytes) -> None:
    assert not PickleReader().recognises(subject_of(body))


def test_random_bytes_are_not() -> None:
    import random  # noqa: PLC0415 - this test alone is about chance

    chance = random.Random(7)  # noqa: S311 - repeatable noise
    hits = sum(PickleReader().recognises(subject_of(chance.randbytes(400))) for _ in range(4000))
    assert hits == 0


PAYLOAD = b"cos\nsystem\n(S'x'\ntR."


@pytest.mark.parametrize(
    "before",
    [
        b"(lp0\n" + b"I1\na" * 20_000 + b"0",
        b"I1\n0" * 6_000,
        b"N0" * 20_000,
        b"(1" * 10_000,
        b"S'" + b"A" * 40_000 + b"'\n0",
        b"V" + b"A" * 200_000 + b"\n0",
        b"B" + (70_000).to_bytes(4, "little") + b"x" * 70_000 + b"0",
        b"C\x03abc0",
        b"\x80\x00",
        b"\x80\x01",
        b"\x8f0",
        b"\x95" + bytes(8),
        b"I1\n.",
        b"N.N.N.",
    ],
)
def test_no_padding_hides_that_it_is_a_pickle(before: bytes) -> None:
    assert "MAL001" in inspect_bytes(before + PAYLOAD).rules


def test_padding_and_several_streams_are_claimed() -> None:
    body = stream(b"}") + bytes(100) + stream(b"]") + b"\n" + pickle.dumps(3, 0)
    items, view = read(body)
    assert [s.stopped for s in view.streams] == [True] * 3
    assert [i.end for i in items if isinstance(i, Claim)][-1] == len(body)


def test_calls_before_a_break_are_shown_and_then_it_raises() -> None:
    items: list[Item] = []
    with pytest.raises(MalformedError):
        items.extend(PickleReader().read(subject_of(stream(call("os", "system", text("x")))[:-1])))
    got = []
    try:
        for item in PickleReader().read(subject_of(stream(call("os", "system", text("x")))[:-1])):
            got.append(item)  # noqa: PERF402 - what came before the break is what counts
    except MalformedError:
        view = next(i for i in got if isinstance(i, PickleStream))
        assert view.broke
        assert [c.callee for c in view.calls] == ["os.system"]


def test_bytes_after_the_stream_are_left_unclaimed() -> None:
    items, _ = read(stream(b"}") + b"something else")
    assert max(i.end for i in items if isinstance(i, Claim)) == 4


def wrapper(shape: bytes, dtype: bytes, raw: bytes) -> bytes:
    made = glob("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}("
    made += text("subclass") + glob("numpy", "ndarray") + text("shape") + shape
    made += text("order") + text("C") + text("dtype") + dtype + text("allow_mmap") + b"\x88"
    return made + text("numpy_array_alignment_bytes") + b"K\x10ub" + raw


FLOATS = (
    glob("numpy", "dtype")
    + b"("
    + text("f8")
    + b"\x89\x88tR(K\x03"
    + text("<")
    + b"NNNJ\xff\xff\xff\xff"
    b"J\xff\xff\xff\xffK\x00tb"
)


def test_joblib_arrays_between_opcodes_are_members() -> None:
    raw = b"\x03\xff\xff\xff" + struct.pack("<3d", 1, 2, 3)
    body = stream(b"](", wrapper(b"K\x03\x85", FLOATS, raw), b"K\x01e")
    items, view = read(body)
    member = next(i for i in items if isinstance(i, Member))
    assert (member.blob.size, member.role and member.role.dtype) == (24, "f64")
    assert view.flavour == "joblib"
    assert not view.broke
    assert inspect_bytes(body).rules == set()


def test_a_joblib_object_array_is_a_pickle_of_its_own() -> None:
    dtype = glob("numpy", "dtype") + b"(" + text("O8") + b"\x89\x88tR"
    inner = stream(call("posix", "system", text("x")))
    body = stream(b"](", wrapper(b"K\x03\x85", dtype, inner), b"K\x01e")
    _, view = read(body)
    assert [c.callee for c in view.calls if c.module == "posix"] == ["posix.system"]
    assert view.streams[0].end == len(body)


def legacy(*values: bytes) -> bytes:
    magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
    head = magic + b"\x80\x02M\xe9\x03." + stream(b"}(", text("type_sizes"), b"}u", protocol=2)
    return head + b"".join(values)


def test_torch_legacy_storages_are_members_with_roles() -> None:
    body = legacy(
        state_dict(("w", "10", "FloatStorage", 3), ("b", "11", "HalfStorage", 2)),
        stream(b"](", text("10"), text("11"), b"e", protocol=2),
        struct.pack("<q3f", 3, 1, 2, 3),
        struct.pack("<q2e", 2, 1, 2),
    )
    assert not PickleReader().recognises(subject_of(body))
    assert TorchLegacyReader().recognises(subject_of(body))
    items, view = read(body, TorchLegacyReader())
    members = [i for i in items if isinstance(i, Member)]
    assert [(m.role.name, m.role.dtype, m.role.shape, m.blob.size) for m in members if m.role] == [
        ("w", "f32", (3,), 12),
        ("b", "f16", (2,), 4),
    ]
    assert max(i.end for i in items if isinstance(i, Claim)) == len(body)
    assert view.flavour == "torch-legacy"
    assert inspect_bytes(body).rules == set()


def test_a_torch_legacy_storage_that_does_not_fit_is_malformed() -> None:
    body = legacy(
        stream(storage("1", "FloatStorage", 9)), stream(b"](", text("1"), b"e"), b"\xff" * 8
    )
    with pytest.raises(MalformedError):
        read(body, TorchLegacyReader())


@pytest.mark.parametrize(
    ("module", "name", "want"),
    [
        ("collections", "OrderedDict", Standing.SAFE),
        ("sklearn.ensemble._forest", "RandomForestClassifier", Standing.SAFE),
        ("sklearn.datasets._base", "load_files", Standing.DANGEROUS),
        ("sklearn.utils", "check_array", Standing.UNKNOWN),
        ("torch._utils", "_rebuild_tensor_v2", Standing.SAFE),
        ("torch", "load", Standing.DANGEROUS),
        ("torch.utils.bottleneck.__main__", "run_autograd_prof", Standing.DANGEROUS),
        ("torch._inductor.codecache", "compile_file", Standing.DANGEROUS),
        ("numpy.f2py.crackfortran", "getlincoef", Standing.DANGEROUS),
        ("idlelib.run", "Executive.runcode", Standing.DANGEROUS),
        ("lib2to3.pgen2.grammar", "Grammar.loads", Standing.DANGEROUS),
        ("_operator", "methodcaller", Standing.DANGEROUS),
        ("functools", "partial", Standing.SAFE),
        ("functools", "reduce", Standing.DANGEROUS),
        ("__builtin__", "set", Standing.SAFE),
        ("__builtin__", "eval", Standing.DANGEROUS),
        ("commands", "getoutput", Standing.DANGEROUS),
        ("nt", "system", Standing.DANGEROUS),
        ("collections.abc", "sys.modules", Standing.DANGEROUS),
        ("cloudpickle.cloudpickle", "_make_function", Standing.CODE),
        ("cloudpickle.cloudpickle", "subimport", Standing.DANGEROUS),
        ("pandas.core.frame", "DataFrame.query", Standing.DANGEROUS),
        ("acme", "Net", Standing.UNKNOWN),
        ("", "", Standing.UNKNOWN),
    ],
)
def test_standing(module: str, name: str, want: Standing) -> None:
    assert standing(module, name) is want
