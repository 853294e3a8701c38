"""Archives with a schema inside: every honest byte is claimed, and what they say is handed on."""

import gzip
import io
import json
import tarfile

import pytest

from harness import make_model_archives as make
from harness import make_pickles as p
from harness.inspecting import inspect_bytes, inspect_tree, subject_of
from harness.make_archives import patched, tarred, zipped
from harness.make_tensors import elf
from pratique.artifacts.readers.json_told import MAX_ROWS
from pratique.artifacts.readers.zip.beside import export_root, own_modules, package_root
from pratique.artifacts.readers.zip.reader import ZipReader
from pratique.core.finding import Severity

HANDLER = b"from ts.torch_handler.base_handler import BaseHandler as Handler\n"
HONEST = {
    "skops": make.skops(make.estimator()),
    "nemo": make.nemo("target: nemo.collections.asr.models.EncDecCTCModel\n"),
    "nemo-gz": gzip.compress(make.nemo("target: nemo.collections.asr.models.X\n"), mtime=0),
    "package": make.package({"net.py": b"import torch\n", "words.txt": b"a\n"}),
    "export": make.exported(make.program(make.call("torch.ops.aten.relu.default"))),
    "mar": make.mar({"h.py": HANDLER, "w.pt": make.torch_zip()}, handler="h.py"),
}


@pytest.mark.parametrize("body", HONEST.values(), ids=HONEST)
def test_honest_archives_are_read_whole_and_left_in_peace(body: bytes) -> None:
    told = inspect_tree({"model": body})
    assert told.full, told.not_full[:3]
    assert all(f.severity < Severity.MEDIUM for f in told.findings), told.brief()


def test_a_padded_tar_with_a_checkpoint_near_its_end_is_no_polyglot() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, body in (("model_config.yaml", b"a: 1\n"), ("w.ckpt", make.torch_zip())):
            info = tarfile.TarInfo(name)
            info.size = len(body)
            t.addfile(info, io.BytesIO(body))
    assert "INT002" not in inspect_bytes(out.getvalue()).rules


def test_a_zip_that_no_member_of_the_tar_holds_is_one_still() -> None:
    tar, inner = tarred({"a.txt": b"words\n"}), make.torch_zip()
    assert "INT002" in inspect_bytes(tar + inner).rules
    whole = tarred({"a.zip": inner})
    cut = patched(whole, 124, b"%011o\0" % (len(inner) - 30))  # the zip goes on after its member
    assert ZipReader().recognises(subject_of(cut))
    assert not ZipReader().recognises(subject_of(whole))


def test_storages_of_a_package_have_the_type_that_a_pickle_gives_them() -> None:
    told = inspect_bytes(make.package({".data/1.storage": b"abc"}))
    assert told.full  # one that no pickle names is plain bytes
    assert "MAL053" not in told.rules


def test_a_program_in_a_storage_or_a_weight_is_found() -> None:
    inside = bytes(4096) + elf() + bytes(64)
    package = inspect_bytes(make.package({".data/9.storage": inside}))
    assert package.rules & {"MAL050", "MAL051", "MAL052"}, package.rules


def test_a_package_imports_from_itself_and_a_checkpoint_does_not() -> None:
    pickled = p.stream(p.call("mylib", "Net", p.text("x")))
    own = make.package({"mylib.py": b"class Net: ...\n", "m/m.pkl": pickled})
    found = [f for f in inspect_bytes(own).findings if f.rule == "MAL002"]
    assert [f.severity for f in found] == [Severity.LOW]
    both = make.package({"mylib.py": b"class Net: ...\n", "data.pkl": pickled})
    found = [f for f in inspect_bytes(both).findings if f.rule == "MAL002"]
    assert [f.severity for f in found] == [Severity.MEDIUM]


def test_a_scripted_module_of_a_package_is_its_own() -> None:
    pid = b"".join(
        [
            b"(",
            p.text("reduce_package"),
            b"K\1",
            p.glob("torch.jit._script", "unpackage_script_module"),
            p.text("0"),
            b"tQ",
        ]
    )
    assert not inspect_bytes(make.package({"m/m.pkl": p.stream(pid)})).rules - {"MAL114"}


def test_roots_and_modules_by_names() -> None:
    assert package_root(["p/.data/extern_modules"]) == "p/"
    assert package_root([".data/extern_modules"]) == ""
    assert package_root(["p/data.pkl"]) is None
    assert export_root(["m/archive_format"]) is None
    assert export_root(["m/archive_format", "m/archive_version"]) == "m/"
    names = ["p/.data/extern_modules", "p/a/__init__.py", "p/a/b.py", "q/c.py"]
    assert own_modules(names) == {"a", "a.b"}


def test_a_weight_that_is_a_pickle_is_read_as_one() -> None:
    evil = p.stream(p.call("os", "system", p.text("touch CANARY")))
    files = {"m/archive_format": b"pt2", "m/archive_version": b"0", "m/data/weights/weight_0": evil}
    row = {"path_name": "weight_0", "use_pickle": True, "tensor_meta": None}
    files["m/data/weights/m_weights_config.json"] = json.dumps({"config": {"w": row}}).encode()
    assert "MAL001" in inspect_bytes(zipped(files)).rules


@pytest.mark.parametrize("text", [b"{", b"[" * 5000, b'{"config": [1]}', b'{"config": {"a": 1}}'])
def test_a_broken_configuration_of_weights_gives_no_roles(text: bytes) -> None:
    name = "m/data/weights/model_weights_config.json"
    files = {"m/archive_format": b"pt2", "m/archive_version": b"0", name: text}
    inspect_bytes(zipped({**files, "m/data/weights/weight_0": bytes(8)}))


def test_bytes_of_a_skops_object_are_data_and_still_looked_into() -> None:
    name = "0" * 8 + "-0000-0000-0000-" + "0" * 12 + ".bin"
    root = make.estimator(raw=make.node("BytesNode", "builtins.bytes", file=name))
    assert inspect_bytes(make.skops(root, {name: b"\x00\x01{L}\x02"})).full
    assert not inspect_bytes(make.skops(make.estimator(), {name: b"\x00\x01{L}\x02"})).full
    evil = p.stream(p.call("os", "system", p.text("touch CANARY")))
    assert "MAL001" in inspect_bytes(make.skops(root, {name: evil})).rules


def test_more_names_than_are_listed_leave_a_receipt_that_is_not_full() -> None:
    rows = [{"_target_": f"canary.m{i}"} for i in range(MAX_ROWS + 1)]
    assert not inspect_bytes(json.dumps({"a": rows}).encode()).full
    rows = rows[:-1]
    assert inspect_bytes(json.dumps({"a": rows}).encode()).full


def test_deep_schemas_cost_no_stack() -> None:
    body = b'{"__loader__": "L", "__module__": "os", "__class__": "system", "content": '
    deep = body + b'{"content":' * 900 + b"1" + b"}" * 901
    assert "MAL110" in inspect_tree({"m.skops": zipped({"schema.json": deep})}).rules


def test_mlmodel_in_an_archive_is_told_with_its_place() -> None:
    text = b"flavors:\n  python_function:\n    loader_module: canary_loader\n"
    told = inspect_tree({"m.tar": tarred({"model/MLmodel": text})})
    assert [f.at.chain for f in told.findings if f.rule == "BKD026"] == [("m.tar", "model/MLmodel")]
