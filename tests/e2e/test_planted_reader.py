"""A bug in a reader, through the whole engine: the jail stops it, and the scan goes on."""

import select
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import bad_input as bad
from harness.programs.planted_reader import MARKER
from pratique.artifacts.sources.opening import open_source
from pratique.core.receipt import Coverage
from pratique.core.scan import FileReport, Scan
from pratique.flows import scan as flow
from pratique.flows.asked import Asked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are jailed on Linux")

DEEDS = ("_write", "_connect", "_spawn")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def canaries(tmp_path: Path) -> Path:
    folder = tmp_path / "canaries"
    folder.mkdir()
    folder.chmod(0o777)  # nobody but the jail stands between a worker and this folder
    return folder


@pytest.fixture
def model(tmp_path: Path, canaries: Path, listener: socket.socket) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    port = listener.getsockname()[1]
    for deed in (*DEEDS, "all"):
        body = MARKER + f"{canaries}\n{port}\n{deed}\n".encode()
        (folder / f"marked{deed}").write_bytes(body)
    (folder / bad.GOOD_NAME).write_bytes(bad.good())
    (folder / bad.EVIL_NAME).write_bytes(bad.evil())
    return folder


def seen(model: Path, monkeypatch: pytest.MonkeyPatch, *, jail: bool) -> Scan:
    monkeypatch.setattr(flow, "PROGRAM", "harness.programs.planted_reader")
    return flow.scan(open_source(str(model)), Asked(jail=jail))


def coverages(file: FileReport) -> set[Coverage]:
    return {r.coverage for r in file.inspection.receipts}


def test_nothing_gets_out_and_the_others_are_read(
    model: Path, canaries: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = seen(model, monkeypatch, jail=True)
    assert list(canaries.iterdir()) == []
    assert select.select([listener], [], [], 0.2)[0] == []
    files = {f.path: f for f in told.files}
    for deed in DEEDS:
        file = files[f"marked{deed}"]
        whys = {r.why for r in file.inspection.receipts}
        assert any("Operation not permitted" in why for why in whys), whys
        assert coverages(file) - {Coverage.FULL}
    assert not told.complete
    assert coverages(files[bad.GOOD_NAME]) == {Coverage.FULL}
    assert {int(f.severity) for f in files[bad.EVIL_NAME].inspection.findings} >= {4}


def test_without_the_jail_the_bug_is_real(
    model: Path, canaries: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = seen(model, monkeypatch, jail=False)
    assert {p.name for p in canaries.iterdir()} == {"canary", "canary-of-child"}
    assert select.select([listener], [], [], 2)[0] == [listener]
    assert not told.complete
