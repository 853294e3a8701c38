import os
import socket
from pathlib import Path

import pytest

from pratique.artifacts.sources.base import Source, SourceFile
from pratique.artifacts.sources.folder import FolderSource
from pratique.artifacts.sources.opening import open_source
from pratique.core.errors import LimitExceededError, NotRegularError, UsageError

SHA256 = "a" * 64
SHA1 = "b" * 40


def listed(source: Source) -> dict[str, SourceFile]:
    return {file.path: file for file in source.files()}


def body(file: SourceFile) -> bytes:
    with os.fdopen(file.open(), "rb") as opened:
        return opened.read()


def test_everything_in_path_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a/x", "a.txt", ".hidden", ".git/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    files = listed(open_source(str(tmp_path)))
    assert list(files) == [".git/config", ".hidden", "a.txt", "a/x", "b.txt"]
    assert {path: body(file).decode() for path, file in files.items()} == {p: p for p in files}


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff.bin", "wb") as file:  # noqa: PTH123 - a path of bytes
        file.write(b"x")
    assert body(listed(open_source(str(tmp_path)))["\udcff.bin"]) == b"x"


def test_special_files_are_listed_and_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
        (tmp_path / "dangling").symlink_to("nothing")
        (tmp_path / "loop").symlink_to("loop")
        (tmp_path / "out").symlink_to("../outside")
        (tmp_path / "absolute").symlink_to("/etc/hostname")
        (tmp_path / "device").symlink_to("/dev/zero")
        (tmp_path.parent / "outside").write_text("secret")
        files = listed(open_source(str(tmp_path)))
        assert len(files) == 7
        for path, file in files.items():
            assert file.size == -1, path
            with pytest.raises(NotRegularError):
                file.open()


def test_links_inside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "model.bin").write_bytes(b"weights")
    (tmp_path / "sub/again.bin").symlink_to("../model.bin")
    (tmp_path / "folder").symlink_to("sub")
    files = listed(open_source(str(tmp_path)))
    assert body(files["sub/again.bin"]) == b"weights"
    assert files["sub/again.bin"].size == 7
    with pytest.raises(NotRegularError, match="folder"):
        files["folder"].open()


def test_a_link_through_a_linked_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/out").symlink_to(tmp_path)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "model/through").symlink_to("out/secret")
    with pytest.raises(NotRegularError):
        listed(open_source(str(tmp_path / "model")))["through"].open()


@pytest.mark.parametrize("from_above", [True, False])
def test_hugging_face_cache(tmp_path: Path, from_above: bool) -> None:  # noqa: FBT001
    repo = tmp_path / "models--org--name"
    snapshot = repo / "snapshots" / ("c" * 40)
    (snapshot / "sub").mkdir(parents=True)
    (repo / "blobs").mkdir()
    (repo / "blobs" / SHA256).write_bytes(b"weights")
    (repo / "blobs" / SHA1).write_bytes(b"{}")
    (snapshot / "sub/model.bin").symlink_to(f"../../../blobs/{SHA256}")
    (snapshot / "config.json").symlink_to(f"../../blobs/{SHA1}")
    (snapshot / "evil").symlink_to("../../refs/main")
    (snapshot / "gone").symlink_to(f"../../blobs/{'d' * 64}")
    files = listed(open_source(str(repo if from_above else snapshot)))
    prefix = f"snapshots/{'c' * 40}/" if from_above else ""
    assert body(files[f"{prefix}sub/model.bin"]) == b"weights"
    assert files[f"{prefix}sub/model.bin"].intended == {"sha256": SHA256}
    assert files[f"{prefix}config.json"].intended == {"git-sha1": SHA1}
    for name in ("evil", "gone"):
        with pytest.raises(NotRegularError):
            files[prefix + name].open()


def test_a_file_swapped_for_a_link(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/a").write_text("a")
    (tmp_path / "secret").write_text("secret")
    file = listed(open_source(str(tmp_path / "model")))["a"]
    (tmp_path / "model/a").unlink()
    (tmp_path / "model/a").symlink_to("../secret")
    with pytest.raises(NotRegularError):
        file.open()


def test_too_many_files_and_too_deep(tmp_path: Path) -> None:
    for n in range(5):
        (tmp_path / str(n)).touch()
    files = listed(FolderSource(tmp_path, most=3))
    assert len(files) == 4
    with pytest.raises(LimitExceededError):
        files["./"].open()
    deep = tmp_path / "deep"
    deep.mkdir()
    at = os.open(deep, os.O_RDONLY)
    for _ in range(70):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    (path, file) = next(iter(listed(open_source(str(deep))).items()))
    assert path.endswith("/d/")
    with pytest.raises(LimitExceededError, match="deeper"):
        file.open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0)
    (tmp_path / "open.txt").write_text("x")
    files = listed(open_source(str(tmp_path)))
    assert list(files) == ["open.txt", "shut/"]
    with pytest.raises(PermissionError):
        files["shut/"].open()


def test_one_file(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    (tmp_path / "link").symlink_to("m.gguf")
    os.mkfifo(tmp_path / "fifo")
    assert body(listed(open_source(str(tmp_path / "m.gguf")))["m.gguf"]) == b"GGUF"
    assert body(listed(open_source(str(tmp_path / "link")))["link"]) == b"GGUF"
    with pytest.raises(NotRegularError):
        listed(open_source(str(tmp_path / "fifo")))["fifo"].open()


@pytest.mark.parametrize("address", ["", "nothing-here", "s3://bucket/key", "a\0b"])
def test_addresses_that_are_none(address: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_source(address and (address if "://" in address else f"{tmp_path}/{address}"))


def test_a_tree_of_folders_alone_ends(tmp_path: Path) -> None:
    for i in range(9):
        (tmp_path / f"{i}/{i}").mkdir(parents=True)
    (last,) = FolderSource(tmp_path, most=12).files()
    assert last.path == "./"
    with pytest.raises(LimitExceededError, match="more than 12 entries"):
        last.open()


def test_a_folder_that_becomes_a_link_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/inner").write_bytes(b"x")
    (tmp_path / "b").write_bytes(b"x")
    honest = FolderSource._names  # noqa: SLF001 - the moment between two looks

    def names(source: FolderSource, folder: tuple[str, ...]) -> list[str]:
        found = honest(source, folder)
        if folder == ("a",):
            (tmp_path / "a").rename(tmp_path / "moved")
            (tmp_path / "a").symlink_to("/etc")
        return found

    monkeypatch.setattr(FolderSource, "_names", names)
    files = {f.path: f for f in FolderSource(tmp_path).files()}
    assert set(files) == {"a/inner", "b"}
    with pytest.raises(NotRegularError, match="no folder"):
        files["a/inner"].open()
