"""The control's inside: the same program, served by a reader that trusts everybody.

Started as `python bare.py FD PROGRAM`, in a bare network namespace and nothing else. What runs here
has a parent of its own, so that killing the parent kills nobody else.
"""

import importlib
import json
import os
import sys
from collections.abc import Mapping
from typing import Any


def main(fd: int, name: str) -> None:
    """Serve the program `name` on the socket `fd`, in a child, until the other end has gone."""
    child = os.fork()
    if child:
        os.close(fd)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    program = importlib.import_module(name)

    def send(frame: Mapping[str, Any]) -> None:
        body = json.dumps(frame).encode()
        rest = memoryview(len(body).to_bytes(4, "big") + body)
        while rest:
            rest = rest[os.write(fd, rest) :]

    while head := os.read(fd, 4):
        size, body = int.from_bytes(head, "big"), b""
        while len(body) < size:
            body += os.read(fd, size - len(body))
        program.serve(json.loads(body), send)
        send({"end": True})
    sys.exit(0)


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../../../..")
    main(int(sys.argv[1]), sys.argv[2])
