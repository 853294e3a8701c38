"""Whatever lies in a folder, one scan accounts for each file and hides no other file's result."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import bad_input as bad
from harness.command import pratique
from pratique.artifacts.sources.opening import open_source
from pratique.core.ports import Quiet
from pratique.core.receipt import Coverage
from pratique.flows.asked import Asked
from pratique.flows.scan import scan

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are jailed on Linux")

ENTRIES, LEVELS = 2_000, 100
SPARSE = 1 << 40
# root reads what it likes, but for this
ORDINARY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


class Seen:
    """One scan of a folder that holds everything at once."""

    def __init__(self, folder: Path) -> None:
        self.odd = bad.odd_entries(folder, SPARSE)
        self.names = bad.odd_names(folder)
        for name, body in _bodies():
            (folder / name).write_bytes(body)
        (folder / bad.GOOD_NAME).write_bytes(bad.good())
        os.link(folder / bad.GOOD_NAME, folder / "second-name")
        (folder / bad.EVIL_NAME).write_bytes(bad.evil())
        for name, maker in bad.MANY.items():
            with (folder / name).open("wb") as file:
                file.writelines(maker(ENTRIES))
        self.made = {os.fsencode(p.name) for p in folder.iterdir()}
        args = ("scan", str(folder), "--no-cache", "--deadline", "20")
        self.done = pratique(*args, "-f", "json")
        self.target: dict[str, Any] = json.loads(self.done.stdout)["targets"][0]
        self.files = {_name(f): f for f in self.target["files"]}


def _bodies() -> list[tuple[str, bytes]]:
    others = bad.deep(LEVELS) | bad.circular() | bad.foreign_text()
    return [*bad.truncated(), *others.items(), ("empty", b"")]


def _name(file: dict[str, Any]) -> bytes:
    return bytes.fromhex(file["path_hex"]) if "path_hex" in file else os.fsencode(file["path"])


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return Seen(tmp_path_factory.mktemp("bad"))


def test_the_run_ends_in_order(seen: Seen) -> None:
    assert seen.done.returncode == 1
    assert seen.done.stderr == ""
    assert "crashed" not in seen.done.stdout
    assert seen.target["jail"]["sound"]


def test_each_file_has_a_receipt(seen: Seen) -> None:
    assert set(seen.files) == seen.made
    for name, file in seen.files.items():
        assert file["checks"], name
        for check in file["checks"]:
            assert check["coverage"] == "full" or check["why"], name


def test_no_file_hides_another(seen: Seen) -> None:
    good = seen.files[os.fsencode(bad.GOOD_NAME)]
    assert {c["coverage"] for c in good["checks"]} == {"full"}
    assert seen.files[b"second-name"]["digest"] == good["digest"]
    found = [f for f in seen.target["findings"] if f["path"] == bad.EVIL_NAME]
    assert "critical" in {f["severity"] for f in found}


def test_odd_entries_are_named_not_opened(seen: Seen) -> None:
    for name, words in seen.odd.items():
        file = seen.files[os.fsencode(name)]
        assert file["digest"] == "", name
        assert {c["coverage"] for c in file["checks"]} == {"none"}, name
        assert all(words in c["why"] for c in file["checks"]), (name, file["checks"])


def test_odd_names_are_read_like_others(seen: Seen) -> None:
    for name in seen.names:
        assert seen.files[name]["digest"] == seen.files[b"second-name"]["digest"], name


@pytest.mark.parametrize("name", [name for name, _ in bad.truncated() if ".g" in name])
def test_what_is_cut_is_not_clean(seen: Seen, name: str) -> None:
    found = [f for f in seen.target["findings"] if f["path"] == name]
    partly = [c for c in seen.files[name.encode()]["checks"] if c["coverage"] != "full"]
    assert found or partly


def test_the_words_for_a_person_hold_no_control_character(tmp_path: Path) -> None:
    bad.odd_names(tmp_path)
    bad.odd_entries(tmp_path, SPARSE)
    for form in ("text", "sarif"):
        done = pratique("scan", str(tmp_path), "--no-cache", "-f", form)
        assert done.returncode in {1, 3}, done.stderr
        odd = [c for c in done.stdout if not c.isprintable() and c != "\n"]
        assert odd == []
        assert "Traceback" not in done.stdout + done.stderr


def test_a_folder_and_a_file_without_permission(tmp_path: Path) -> None:
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / bad.EVIL_NAME).write_bytes(bad.evil())
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "secret").chmod(0)
    (tmp_path / "closed").chmod(0)
    try:
        done = pratique("scan", str(tmp_path), "--no-cache", "-f", "json", before=ORDINARY)
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert (done.returncode, done.stderr) == (1, "")
    target = json.loads(done.stdout)["targets"][0]
    files = {f["path"]: {c["why"] for c in f["checks"]} for f in target["files"]}
    assert files["closed/"] == files["secret"] == {"cannot be read: Permission denied"}
    assert {f["path"] for f in target["findings"]} == {"open/" + bad.EVIL_NAME}


class Meddler(Quiet):
    """Changes the file at hand as soon as its first bytes were hashed."""

    def __init__(self, deeds: dict[str, Callable[[], object]]) -> None:
        self._deeds, self._at = deeds, ""

    def started(self, path: str, size: int) -> None:  # noqa: ARG002 - the watcher's shape
        self._at = path

    def read(self, step: str, count: int) -> None:  # noqa: ARG002 - the watcher's shape
        if step == "hash":
            self._deeds.pop(self._at, lambda: None)()


@pytest.mark.parametrize("size", [1 << 16, 40 << 20])
def test_files_that_change_while_they_are_read(
    size: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    new = tmp_path_factory.mktemp("new") / "file"
    new.write_bytes(b"x")
    names = ("truncated", "grown", "rewritten", "removed", "replaced", "left-alone")
    for name in names:
        (tmp_path / name).write_bytes(bad.evil())
        os.truncate(tmp_path / name, size)

    def rewrite() -> None:
        with (tmp_path / "rewritten").open("r+b") as file:
            file.write(b"other bytes")

    deeds: dict[str, Callable[[], object]] = {
        "truncated": lambda: os.truncate(tmp_path / "truncated", size // 2),
        "grown": lambda: os.truncate(tmp_path / "grown", size + 9),
        "rewritten": rewrite,
        "removed": (tmp_path / "removed").unlink,
        "replaced": lambda: (
            (tmp_path / "new").write_bytes(b"x").bit_length()
            and (tmp_path / "new").replace(tmp_path / "replaced")
        ),
    }
    with (tmp_path / "held").open("wb") as held:
        held.write(b"half of a down")
        held.flush()
        asked = Asked(jobs=1, watcher=Meddler(deeds))
        files = {f.path: f for f in scan(open_source(str(tmp_path)), asked).files}
    assert {r.coverage for r in files.pop("left-alone").inspection.receipts} == {Coverage.FULL}
    writing = files.pop("held").inspection.receipts
    assert {r.why for r in writing} == {"another process has the file open for writing"}
    for name, file in files.items():
        assert {r.coverage for r in file.inspection.receipts} == {Coverage.NONE}, name
        assert all("while it was read" in r.why for r in file.inspection.receipts), name


def test_no_room_for_the_report_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / bad.GOOD_NAME).write_bytes(bad.good())
    (tmp_path / "out").mkdir()
    small = ("prlimit", "--fsize=512")
    out = str(tmp_path / "out/report.json")
    args = ("scan", str(tmp_path / bad.GOOD_NAME), "--no-cache", "-f", "json", "-o")
    done = pratique(*args, out, before=small)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "File too large" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []
    done = pratique(*args, "/dev/full")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "No space left on device" in done.stderr
