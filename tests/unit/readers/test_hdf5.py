"""What the HDF5 reader accounts for, what it tells, and where it stops."""

import base64
import hashlib
import io
import json
import struct
import zipfile
import zlib
from typing import Any

import pytest

from harness import make_hdf5 as make
from harness.inspecting import Told, inspect_bytes, inspect_tree, subject_of
from harness.make_archives import tarred
from pratique.artifacts.readers.hdf5 import filters, reader
from pratique.artifacts.readers.hdf5.filters import Filter, undo
from pratique.artifacts.readers.hdf5.reader import Hdf5Reader
from pratique.artifacts.readers.hdf5.source import Words
from pratique.artifacts.views import TensorTable, TextView
from pratique.core.errors import MalformedError

READER = Hdf5Reader()
CONFIG = make.sequential(make.layer("keras.layers", "Dense"))


def fact(body: bytes) -> dict[str, Any]:
    found = [f.data for f in inspect_bytes(body).facts if f.kind == "hdf5"]
    assert len(found) == 1
    assert isinstance(found[0], dict)
    return dict(found[0])


def tensors(body: bytes) -> dict[str, tuple[str, tuple[int, ...]]]:
    found = READER.read(subject_of(body))
    tables = [item for item in found if isinstance(item, TensorTable)]
    return {span.name: (span.dtype, span.shape) for span in tables[0].tensors}


HONEST = {
    "keras": make.keras(CONFIG, json.dumps({"loss": "mse"})),
    "weights": make.weights(make.soft_link("s", "/layers/kernel")),
    "dense": make.newer(),
    "user block": make.keras(CONFIG, user=bytes(512)),
    "line ends": make.keras(CONFIG) + b"\n\n",
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_files_are_accounted_for(name: str) -> None:
    told = inspect_bytes(HONEST[name])
    assert told.rules <= {"TEN003", "TEN004"}
    assert told.full


def test_versions_tensors_and_documents_are_told() -> None:
    body = HONEST["keras"]
    told = inspect_bytes(body)
    documents = {f.chain: f.data for f in told.facts if f.kind == "json"}
    assert documents["model_config.json",] == json.loads(CONFIG)
    assert fact(body)["attributes"] == {"keras_version": "2.9.0", "backend": "tensorflow"}
    assert tensors(body) == {"/model_weights/kernel:0": ("f32", (2, 3))}


def test_newer_structures_are_followed() -> None:
    told = fact(HONEST["dense"])
    assert (told["datasets"], told["stored"]) == (6, 4 * 12 + len(zlib.compress(bytes(range(64)))))
    assert told["free"] == 0
    assert told["filters"] == ["deflate"]
    assert tensors(HONEST["dense"])["/dense/fixed"] == ("u8", (4,))


def test_what_is_packed_is_read_as_a_member() -> None:
    file = make.File()
    body = b"import os; os.system('touch pratique-canary')  # words\n" * 20
    told = inspect_bytes(
        file.done(make.group(file, make.link("d", file.packed(body, (len(body),)))))
    )
    assert ("d",) in {f.at.chain for f in told.findings if f.rule == "MAL054"}


def test_pickles_in_attributes_and_datasets_are_judged() -> None:
    body = b"cposix\nsystem\n(S'touch pratique-canary'\ntR."
    file = make.File()
    kept = make.attribute("a", make.fixed_text(len(body)), make.space(), body)
    told = inspect_bytes(file.done(make.group(file, more=[kept])))
    assert {f.at.chain for f in told.findings if f.rule == "MAL003"} == {("a.pkl",)}
    file = make.File()
    kept_in = make.link("d", file.dataset(body, (len(body),), make.U8))
    told = inspect_bytes(file.done(make.group(file, kept_in)))
    assert {f.at.chain for f in told.findings if f.rule == "MAL003"} == {("d.pkl",)}


def test_texts_in_free_space_are_shown() -> None:
    file = make.File()
    file.add(b"words that nothing refers to " * 20)
    views = list(READER.read(subject_of(make.weights(file=file))))
    texts = [v for v in views if isinstance(v, TextView) and v.origin == "hdf5:free space"]
    assert len(texts) == 1
    assert texts[0].text.startswith("words that nothing")


def test_bytes_after_the_end_are_not_ours() -> None:
    told = inspect_bytes(make.keras(CONFIG) + b"#!/bin/sh\n")
    assert "INT001" in told.rules
    assert not told.full


def test_a_user_block_is_read_as_what_it_is() -> None:
    script = b"import os\nos.system('touch pratique-canary')\n".ljust(512, b"\0")
    told = inspect_bytes(make.keras(CONFIG, user=script))
    assert ("user-block",) in {f.at.chain for f in told.findings}
    line = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\0\2IM"
    assert inspect_bytes(make.weights(file=make.File(line.ljust(512, b"\0")))).full


def test_a_file_that_ends_early_is_not_clean() -> None:
    body = HONEST["keras"]
    told = inspect_bytes(body[: len(body) - 9])
    assert "INT004" in told.rules
    assert not told.full


@pytest.mark.parametrize("mark", [b"SNOD", b"HEAP", b"TREE", b"GCOL"])
def test_one_broken_structure_does_not_hide_the_rest(mark: bytes) -> None:
    body = HONEST["keras"]
    at = body.rindex(mark)
    told = inspect_bytes(body[:at] + b"XXXX" + body[at + 4 :])
    assert {f.kind for f in told.facts} >= {"hdf5", "tensors"}
    assert not told.full


@pytest.mark.parametrize("mark", [b"FRHP", b"FHDB", b"BTHD", b"BTLF", b"FADB", b"EAIB", b"OCHK"])
def test_broken_newer_structures_are_told(mark: bytes) -> None:
    body = HONEST["dense"]
    at = body.index(mark)
    told = inspect_bytes(body[:at] + b"XXXX" + body[at + 4 :])
    assert "INT004" in told.rules


def test_links_that_run_in_circles_end() -> None:
    file = make.File()
    root = len(file.body)
    made = make.group(file, make.link("again", root), make.link("self", root))
    assert made == root
    assert fact(file.done(root))["groups"] == 1


def test_a_tree_that_runs_in_a_circle_is_told() -> None:
    body = bytearray(HONEST["keras"])
    at = body.index(b"TREE")
    body[at + 32 : at + 40] = make.q(at)
    assert "INT004" in inspect_bytes(bytes(body)).rules


def test_objects_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_OBJECTS", 2)
    assert not inspect_bytes(HONEST["dense"]).full


def test_a_chunk_that_unpacks_to_more_than_a_chunk_is_refused() -> None:
    file = make.File()
    packed = file.packed(bytes(4096), (64, 64))
    body = file.done(make.group(file, make.link("d", packed)))
    small = body.replace(struct.pack("<III", 64, 64, 1), struct.pack("<III", 64, 1, 1))
    assert small != body
    assert "INT004" in inspect_bytes(small).rules


def test_filters_that_are_not_undone_are_said() -> None:
    file = make.File()
    packed = file.packed(bytes(64), (8, 8))
    body = file.done(make.group(file, make.link("d", packed)))
    other = body.replace(struct.pack("<BB6xH", 1, 1, 1), struct.pack("<BB6xH", 1, 1, 4))
    told = inspect_bytes(other)
    assert not told.full
    assert any("szip" in r.why for r in told.receipts)


def test_archives_with_a_file_of_ours_are_archives() -> None:
    body = make.weights()
    packed = tarred({"w.h5": body})
    assert packed[512:516] == b"\x89HDF"
    assert not READER.recognises(subject_of(packed))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("n" * (512 - 30), body)
    assert not READER.recognises(subject_of(out.getvalue()))
    assert READER.recognises(subject_of(bytes(2048) + body))
    assert not READER.recognises(subject_of(bytes(600) + body))


def test_filters_are_undone() -> None:
    whole = bytes(range(40)) * 3
    shuffled = b"".join(whole[n::4] for n in range(4))
    steps = (Filter(filters.SHUFFLE, (4,)), Filter(filters.DEFLATE, (9,)))
    assert undo(steps, 0, zlib.compress(shuffled), len(whole)) == whole
    assert undo(steps, 2, shuffled, len(whole)) == whole
    assert undo((Filter(filters.FLETCHER, ()),), 0, b"abcd1234", 4) == b"abcd"
    lzf = (Filter(filters.LZF, ()),)
    assert undo(lzf, 0, b"\x01ab\x40\x01", 6) == b"ababab"
    assert undo(lzf, 0, b"\x00a\xe0\x05\x00", 15) == b"a" * 15
    lz4 = (Filter(filters.LZ4, ()),)
    head = struct.pack(">QI", 12, 8)
    packed = head + struct.pack(">I", 5) + b"\x13a\1\0\0" + struct.pack(">I", 4) + b"bcde"
    assert undo(lz4, 0, packed, 12) == b"aaaaaaaabcde"
    for bad in (packed[:12], packed[:18], struct.pack(">QI", 99, 8), head + b"\0\0\0\1\xff"):
        with pytest.raises(MalformedError):
            undo(lz4, 0, bad, 12)
    for broken in (b"\x40", b"\x40\x09"):
        with pytest.raises(MalformedError):
            undo(lzf, 0, broken, 9)
    with pytest.raises(MalformedError):
        undo((Filter(filters.DEFLATE, ()),), 0, b"no", 9)


def test_pipelines_of_both_versions_are_read() -> None:
    old = struct.pack("<BB6xHHHHI4x", 1, 1, 1, 0, 0, 1, 9)
    new = struct.pack("<BBHHHI", 2, 1, 1, 0, 1, 9)
    for body in (old, new):
        assert filters.read_filters(Words(body, (8, 8))) == (Filter(1, (9,)),)


def _config(body: str) -> Told:
    return inspect_bytes(make.keras(body))


def test_a_wrapped_torch_module_is_taken_apart() -> None:
    body = base64.b64encode(b"cposix\nsystem\n(S'touch pratique-canary'\ntR.").decode()
    for told in (body, {"class_name": "__bytes__", "config": {"value": body}}):
        layer = make.layer("keras.layers", "TorchModuleWrapper", {"module": told})
        assert "MAL003" in _config(make.sequential(layer)).rules


def test_long_configurations_are_judged_or_said_not_to_be() -> None:
    long = make.sequential(make.layer("keras.layers", "Dense", {"pad": "x" * (1 << 20)}))
    assert any(f.kind == "json" for f in _config(long).facts)
    beyond = make.sequential(make.layer("keras.layers", "Dense", {"pad": ["x" * (1 << 18)] * 40}))
    assert not _config(beyond).full


@pytest.mark.parametrize("lists", range(4))
def test_no_nesting_hides_an_entry(lists: int) -> None:
    code = make.code("os", "system")
    lookup = make.layer("keras.layers", "StringLookup", {"vocabulary": "/etc/passwd"})
    cases = ((make.old_lambda(code), "MAL070"), (make.new_lambda(code), "MAL070"))
    for part, rule in (*cases, (lookup, "VUL026")):
        for depth in (1, 6, 7, 8, 9, 10, 11, 25, 60):
            nested: object = part
            for _ in range(lists):
                nested = [nested]
            for _ in range(depth):
                nested = {"class_name": "Sequential", "config": {"layers": [nested]}}
            told = inspect_tree({"m.h5": make.keras(json.dumps(nested))})
            assert rule in told.rules


def test_weights_of_a_deleted_dataset_are_not_odd() -> None:
    floats = struct.pack("<4000f", *(0.01 * (n % 97 - 48) for n in range(4000)))
    noise = b"".join(hashlib.sha256(bytes([n % 256, n >> 8])).digest() for n in range(500))
    for hidden, odd in ((floats, False), (b"\0" + floats, False), (noise, True)):
        file = make.File()
        file.add(hidden)
        assert (fact(make.weights(file=file))["odd"] > 8_000) is odd
