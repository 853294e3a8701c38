"""The files of a model against the statement about them: names, bytes, links."""

import base64
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.badges import Case, case, write
from harness.scans import BODIES, scan_of
from pratique.attest import model_signing


@pytest.fixture
def held(tmp_path: Path) -> Case:
    return case(tmp_path)


def test_a_single_file_holds_under_its_own_name_only(tmp_path: Path) -> None:
    made = Case(tmp_path)
    body = {"model.gguf": b"GGUF"}
    write(made.model, body)
    made.made(scan_of(body), single=True)
    file = made.model / "model.gguf"
    assert made.refused(model=file) == ""
    moved = file.rename(tmp_path / "model.gguf")
    assert made.refused(model=moved) == ""
    renamed = moved.rename(tmp_path / "config.safetensors")
    assert made.refused(model=renamed) == (
        "files: the statement is about another name: 'model.gguf', not 'config.safetensors'"
    )
    renamed.rename(moved).write_bytes(b"GGUG")
    assert "'model.gguf' has changed" in made.refused(model=moved)


def test_git_files_are_in_the_statement(tmp_path: Path) -> None:
    bodies = {**BODIES, ".gitattributes": b"*.bin filter=lfs\n"}
    made = case(tmp_path, bodies)
    assert made.refused() == ""
    (made.model / ".gitattributes").write_bytes(b"other")
    assert "'.gitattributes' has changed" in made.refused()


def test_what_model_sig_leaves_out_is_git_at_the_root_and_nothing_else(tmp_path: Path) -> None:
    nested = {"sub/.git/hooks/x": b"x", "model.pratique/badge.json": b"{}", ".gitmodules": b"m"}
    made = case(tmp_path, {**BODIES, ".git/config": b"c", ".gitignore": b"*", **nested})
    assert made.refused() == ""
    payload = base64.b64decode(made.get("model.sig")["dsseEnvelope"]["payload"])
    told = model_signing.manifest(payload)
    assert told.ignored == (".git", ".gitignore")
    assert told.files.keys() == {*BODIES, *nested}
    for name in (".git/config", *nested):
        before = (made.model / name).read_bytes()
        (made.model / name).write_bytes(b"y" * len(before))
        assert f"{name!r} has changed" in made.refused()
        (made.model / name).write_bytes(before)


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[3] ^= 1
    path.write_bytes(body)


FILES: list[tuple[str, Callable[[Path], object], str]] = [
    ("flip", lambda m: flip(m / "model.safetensors"), "'model.safetensors' has changed"),
    ("remove", lambda m: (m / "config.json").unlink(), "1 missing: 'config.json'"),
    ("add", lambda m: (m / "evil.py").write_text("x"), "1 not in the statement: 'evil.py'"),
    ("case", lambda m: (m / "config.json").rename(m / "Config.json"), "1 missing: 'config.json'"),
    ("move", lambda m: (m / "sub").rename(m / "SUB"), "1 missing: 'sub/tokens.txt'"),
    ("append", lambda m: (m / "config.json").write_bytes(b"{} "), "'config.json' has changed"),
    ("git", lambda m: write(m, {".git/hooks/x": b"x"}), "1 not in the statement: '.git/hooks/x'"),
    ("sig", lambda m: (m / "model.sig").write_text("x"), "1 not in the statement: 'model.sig'"),
    ("fifo", lambda m: os.mkfifo(m / "pipe"), "'pipe' is no regular file"),
    ("dangling", lambda m: (m / "x").symlink_to("nowhere"), "'x' cannot be read"),
    ("cyclic", lambda m: (m / "x").symlink_to("x"), "'x' cannot be read"),
    ("out", lambda m: (m / "x").symlink_to("/etc/hostname"), "leads out of the model"),
    ("dirlink", lambda m: (m / "d").symlink_to("sub"), "is a link to a folder"),
    ("gone", shutil.rmtree, "cannot be read"),
    ("huge", lambda m: os.truncate(m / "config.json", 1 << 40), "where 76 were signed"),
]


@pytest.mark.parametrize(("change", "says"), [x[1:] for x in FILES], ids=[x[0] for x in FILES])
def test_files_that_are_not_as_signed(
    change: Callable[[Path], object], says: str, held: Case
) -> None:
    change(held.model)
    assert says in held.refused()


def test_a_name_that_is_no_unicode(held: Case) -> None:
    (held.model / os.fsdecode(b"\xff")).write_bytes(b"x")
    assert "not Unicode" in held.refused()


def test_a_link_inside_the_model_is_followed(held: Case) -> None:
    (held.model / "config.json").rename(held.model / "kept")
    (held.model / "config.json").symlink_to("kept")
    assert "1 not in the statement: 'kept'" in held.refused()
    (held.model / "config.json").unlink()
    (held.model / "config.json").symlink_to("model.safetensors")
    (held.model / "kept").unlink()
    assert "'config.json' has changed" in held.refused()


def test_links_of_a_hub_cache_are_followed(tmp_path: Path) -> None:
    cache = tmp_path / "models--a--b"
    write(cache / "blobs", {"1": BODIES["config.json"], "2": b"other"})
    made = case(cache / "snapshots")
    revision = cache / "snapshots" / "model"
    (revision / "config.json").unlink()
    (revision / "config.json").symlink_to("../../blobs/1")
    assert made.refused() == ""
    (revision / "config.json").unlink()
    (revision / "config.json").symlink_to("../../blobs/2")
    assert "'config.json' has changed" in made.refused()
