"""A reader taken over by the file it reads gets nowhere."""

import errno
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.programs.planted import MARKER
from pratique.sandbox.workers import Zygote

PROGRAM = "harness.programs.planted"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def deeds(folder: Path, listener: socket.socket, *, jail: bool) -> list[dict[str, Any]]:
    """Serve a file with the marker and return what the bug told of its deeds."""
    folder.chmod(0o777)  # nobody but the jail stands between a worker and this folder
    sample = folder / "model.bin"
    sample.write_bytes(b"harmless " + MARKER)
    port = listener.getsockname()[1]
    request = {"canary": str(folder / "canary"), "port": port}
    with (
        Zygote.start(PROGRAM, jail=jail) as zygote,
        zygote.worker() as worker,
        sample.open("rb") as file,
    ):
        return list(worker.ask(request, [file.fileno()], 30))


def test_the_jail_stops_file_socket_and_child(tmp_path: Path, listener: socket.socket) -> None:
    told = deeds(tmp_path, listener, jail=True)
    assert told == [
        {"deed": "_file", "stopped": errno.EPERM},
        {"deed": "_socket", "stopped": errno.EPERM},
        {"deed": "_child", "stopped": errno.EPERM},
    ]
    assert not (tmp_path / "canary").exists()
    assert select.select([listener], [], [], 0.2)[0] == []


def test_without_the_jail_the_bug_is_real(tmp_path: Path, listener: socket.socket) -> None:
    told = deeds(tmp_path, listener, jail=False)
    assert [d["stopped"] for d in told] == [None, None, None]
    assert (tmp_path / "canary").read_text() == "child\n"
    assert select.select([listener], [], [], 2)[0] == [listener]
