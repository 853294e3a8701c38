"""Harmless rows before a bad one, and paths of any length, hide nothing from rules over facts."""

import io
import tarfile

import pytest

from harness import make_onnx as onnx
from harness import make_tensors
from harness.inspecting import inspect_tree
from pratique.core.finding import Severity


def outside(*locations: str) -> bytes:
    tensors = [onnx.tensor(f"w{n}", [("location", at)]) for n, at in enumerate(locations)]
    return onnx.model(onnx.graph(tensors=tensors))


def links(*rows: tuple[str, str], files: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, target in rows:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
        for name, body in (files or {}).items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


@pytest.mark.parametrize("count", [50, 1_500])
def test_tensors_beside_the_model_hide_none_that_lies_outside(count: int) -> None:
    body = outside(*(f"w{n}.bin" for n in range(count)), "../../etc/passwd")
    assert "VUL050" in inspect_tree({"m.bin": body}).rules


def test_a_path_of_a_thousand_characters_is_judged_whole() -> None:
    assert "VUL050" in inspect_tree({"m.bin": outside("./" * 500 + "../../etc/passwd")}).rules


def test_a_path_longer_than_any_system_opens_is_no_full_receipt() -> None:
    told = inspect_tree({"m.bin": outside("./" * 3_000 + "../../etc/passwd")})
    assert "VUL050" in told.rules or not told.full


def test_links_beside_the_archive_hide_none_that_leaves_it() -> None:
    body = links(*((f"l{n}", "w.bin") for n in range(60)), ("../evil", "w.bin"))
    assert "VUL065" in inspect_tree({"m.bin": body}).rules


def test_a_name_with_the_sign_of_members_hides_no_link() -> None:
    model = outside("w.bin")
    body = links(("d!d/w.bin", "/etc/passwd"), files={"d!d/m.onnx": model})
    assert "VUL052" in inspect_tree({"m.bin": body}).rules


def test_honest_types_hide_no_array_of_none() -> None:
    entries = [(f"k{n}", n) for n in range(60)]
    body = make_tensors.gguf(entries, [("t", 99, [32], bytes(64))])
    assert "INT040" in inspect_tree({"m.gguf": body}).rules


def test_a_mended_pin_of_one_loader_says_nothing_of_the_others() -> None:
    tree = {"a.tar": links(("../evil", "w.bin")), "requirements.txt": b"onnx==1.22.0\n"}
    found = [f for f in inspect_tree(tree).findings if f.rule == "VUL065"]
    assert found
    assert all(f.severity >= Severity.HIGH for f in found)
