"""What is planned for which file, by content; nothing is loaded here."""

import os
import pickle
import socket
from pathlib import Path

import pytest

from pratique.core.errors import NotRegularError
from pratique.sandbox.detonate.files import Listing, listing
from pratique.sandbox.detonate.plan import Plan, plan

EVERY = (
    "torch torch-script torch-export joblib pickle numpy keras tensorflow onnxruntime transformers"
    " llama.cpp sentencepiece safetensors python"
)
INSTALLED = dict.fromkeys(EVERY.split(), "1")
SAFE = b"\x02\0\0\0\0\0\0\0{}"


def planned(folder: Path, *without: str) -> Plan:
    installed = {name: at for name, at in INSTALLED.items() if name not in without}
    return plan(listing(folder), installed)


def loaders(folder: Path) -> set[tuple[str, str]]:
    return {(task.loader, task.target) for task in planned(folder).tasks}


@pytest.mark.parametrize(
    ("name", "body", "wanted"),
    [
        ("a.gguf", b"GGUF\3\0\0\0", {"llama.cpp"}),
        ("a.txt", b"GGUF\3\0\0\0", {"llama.cpp"}),
        ("a.npy", b"\x93NUMPY\1\0", {"numpy"}),
        ("a.h5", b"\x89HDF\r\n\x1a\n", {"keras"}),
        ("a.safetensors", SAFE, {"safetensors"}),
        ("a.pkl", pickle.dumps({"a": 1}), {"pickle", "joblib"}),
        ("a.bin", pickle.dumps({"a": 1}), {"torch", "pickle"}),
        ("a.md", pickle.dumps({"a": 1}), {"pickle", "joblib"}),
        ("a.cfg", b"cos\nsystem\n(S'id'\ntR.", {"pickle", "joblib"}),
        ("a.joblib", b"x\x9c\0\0", {"joblib"}),
        ("a.bin", b"PK\x03\x04 archive/data.pkl", {"torch"}),
        ("a.pt", b"PK\x03\x04 a/code/__torch__/x.py a/data.pkl", {"torch-script", "torch"}),
        ("a.keras", b"PK\x03\x04 config.json model.weights.h5", {"keras"}),
        ("a.npz", b"PK\x03\x04 x.npy", {"numpy"}),
        ("a.onnx", b"\x08\x08", {"onnxruntime"}),
        ("a.model", b"\x0a\x0e\x0a\x05<unk>", {"sentencepiece"}),
        ("net.py", b"x = 1\n", {"python"}),
    ],
)
def test_a_file_goes_to_the_loaders_of_its_content(
    tmp_path: Path, name: str, body: bytes, wanted: set[str]
) -> None:
    (tmp_path / name).write_bytes(body)
    assert {loader for loader, _ in loaders(tmp_path)} == wanted


def test_a_folder_of_the_hubs_shape_is_loaded_whole_and_its_pickles_apart(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"PK\x03\x04 archive/data.pkl")
    (tmp_path / "model.safetensors").write_bytes(SAFE)
    assert loaders(tmp_path) == {
        ("transformers", "."),
        ("torch", "pytorch_model.bin"),
        ("safetensors", "model.safetensors"),
    }


def test_text_and_pictures_hold_nothing_to_run(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# a model")
    (tmp_path / "notes").write_text("plain words")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    found = planned(tmp_path)
    assert not found.tasks
    assert set(found.inert) == {"README.md", "notes", "a.png"}
    assert not found.unloaded


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("a.tflite", b"\0\0\0\0TFL3", "TensorFlow Lite"),
        ("setup.py", b"print(1)", "installer"),
        ("a.bin", b"\0\1\2\3\xff\xfe\xfd", "no loader is known"),
        ("a.zip", b"PK\x03\x04 things", "archive"),
        ("run", b"\x7fELF\2", "native program"),
    ],
)
def test_what_nothing_loads_is_named_with_its_reason(
    tmp_path: Path, name: str, body: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(body)
    ((path, says),) = planned(tmp_path).unloaded
    assert path == name
    assert why in says


def test_a_loader_that_is_not_installed_leaves_its_files_unloaded(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\1")
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    found = planned(tmp_path, "tensorflow", "llama.cpp", "onnxruntime")
    assert not found.tasks
    assert [path for path, _ in found.unloaded] == ["a.gguf", "saved_model.pb"]
    assert "llama.cpp, which is not installed" in found.unloaded[0][1]


def test_links_out_of_the_model_are_not_followed(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (tmp_path / "secret").write_text("x")
    (model / "leak.pkl").symlink_to(tmp_path / "secret")
    os.mkfifo(model / "pipe")
    found = listing(model)
    assert not found.files
    assert {path for path, _ in found.unread} == {"leak.pkl", "pipe"}


def test_a_snapshot_of_the_hubs_cache_is_shown_file_by_file(tmp_path: Path) -> None:
    blob = tmp_path / "blobs" / ("a" * 64)
    snapshot = tmp_path / "snapshots" / "main"
    blob.parent.mkdir()
    snapshot.mkdir(parents=True)
    blob.write_bytes(b"GGUF")
    (snapshot / "a.gguf").symlink_to(f"../../blobs/{blob.name}")
    found = listing(snapshot)
    ((mount),) = found.mounts()
    assert (mount.host, mount.inside) == (blob, "/model/a.gguf")


def test_a_link_within_the_model_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    (tmp_path / "b.gguf").symlink_to("a.gguf")
    found = listing(tmp_path)
    assert [file.path for file in found.files] == ["a.gguf", "b.gguf"]
    assert [mount.host for mount in found.mounts()] == [tmp_path]


def test_a_folder_without_links_is_shown_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    ((mount),) = listing(tmp_path).mounts()
    assert (mount.host, mount.inside) == (tmp_path, "/model")


def test_a_folder_with_a_way_to_somebody_else_is_shown_without_it(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "line"))
    found = listing(tmp_path)
    assert [mount.inside for mount in found.mounts()] == ["/model/a.gguf"]
    assert {path for path, _ in found.unread} == {"line"}


def test_a_device_is_refused() -> None:
    with pytest.raises(NotRegularError, match="neither a file nor a folder"):
        listing(Path("/dev/null"))


def test_sizes_add_up(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    found = listing(tmp_path)
    assert isinstance(found, Listing)
    assert found.size == 5
