"""The engine's own program, with one more reader: marker bytes make it do what exploit code would.

The folder and the port that it tries stand in the file, behind the marker.
"""

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers import catalog
from pratique.artifacts.views import TensorTable
from pratique.engine import worker

__all__ = ["serve", "warm"]

MARKER = b"PLANTED-READER\n"


class PlantedReader(Reader):
    """Claims what begins with the marker, once it has tried to get out."""

    name: ClassVar[str] = "planted"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TensorTable,)

    def recognises(self, subject: Subject) -> bool:
        return subject.head.startswith(MARKER)

    def read(self, subject: Subject) -> Iterator[Item]:
        _, folder, port, deed = subject.head.decode().splitlines()
        for attempt in (_write, _connect, _spawn):
            if deed == attempt.__name__:
                attempt(folder, int(port))  # as a bug would: nobody catches how it fails
            with contextlib.suppress(OSError):
                attempt(folder, int(port))
        yield Claim(0, subject.size, "a marker")


def _write(folder: str, _: int) -> None:
    os.close(os.open(f"{folder}/canary", os.O_WRONLY | os.O_CREAT, 0o666))


def _connect(_: str, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 2):
        pass


def _spawn(folder: str, _: int) -> None:
    if os.fork() == 0:
        command = ["sh", "-c", f"echo child > {folder}/canary-of-child"]
        os.execv("/bin/sh", command)  # noqa: S606 - the planted bug
    os.wait()


def warm() -> None:
    """Warm the engine's program, and add the reader to its list: in the zygote alone."""
    worker.warm()
    vars(worker)["READERS"] = (*catalog.READERS, PlantedReader())


serve = worker.serve
