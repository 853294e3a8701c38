"""QEMU's own control channel (QMP), which the guest cannot reach: plug in memory, save, look.

What it says is bounded and read with a deadline: the monitor's process is one that a guest may have
taken over. See docs/interop/qmp-spec.txt of QEMU.
"""

import json
import socket
import time
from typing import Any

from pratique.core.errors import JailError
from pratique.core.limits import KiB

ANSWER_S = 30.0
SAVE_S = 120.0
_MAX_ANSWER = 256 * KiB
_MAX_EVENTS = 1000
_POLL_S = 0.01


class Monitor:
    """A QMP session."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._held = sock, b""

    def greet(self) -> None:
        """Begin the session.

        Raises:
            JailError: QEMU does not answer.

        """
        self._line(time.monotonic() + ANSWER_S)
        self.run("qmp_capabilities")

    def run(self, command: str, fd: int | None = None, **arguments: object) -> dict[str, Any]:
        """Run one command, with a descriptor if given, and return its answer.

        Raises:
            JailError: it was refused, or QEMU does not answer.

        """
        body = json.dumps({"execute": command, "arguments": arguments}).encode()
        until = time.monotonic() + ANSWER_S
        try:
            self._sock.settimeout(ANSWER_S)
            sent = socket.send_fds(self._sock, [body], [fd]) if fd is not None else 0
            self._sock.sendall(body[sent:])
        except OSError as e:
            raise JailError(f"the virtual machine's monitor has gone: {e}") from e
        for _ in range(_MAX_EVENTS):
            told = self._line(until)
            if "error" in told:
                raise JailError(f"QEMU refuses {command}: {told['error'].get('desc', '')[:200]}")
            if "return" in told:
                found = told["return"]
                return found if isinstance(found, dict) else {}
        raise JailError("the virtual machine's monitor talks without end")

    def wait_running(self) -> None:
        """Wait until a snapshot was read and the machine runs: what is plugged in before is lost.

        Raises:
            JailError: it does not run.

        """
        until = time.monotonic() + ANSWER_S
        while (status := self.run("query-status").get("status")) != "running":
            if time.monotonic() > until:
                raise JailError(f"the virtual machine is {str(status)[:40]!r}, not running")
            time.sleep(_POLL_S)

    def plug_memory(self, size: int) -> None:
        """Give the running machine `size` bytes more.

        Raises:
            JailError: QEMU refuses.

        """
        kind = "memory-backend-ram"
        more: dict[str, Any] = {"qom-type": kind, "id": "more", "size": size, "reserve": False}
        self.run("object-add", **more)
        self.run("device_add", driver="pc-dimm", id="dimm", memdev="more")

    def save(self, fd: int) -> None:
        """Write the machine's state to a file; it has stopped then.

        Raises:
            JailError: it was not written.

        """
        self.run("getfd", fd, fdname="snapshot")
        fast: dict[str, Any] = {"max-bandwidth": 1 << 40}
        self.run("migrate-set-parameters", **fast)
        self.run("migrate", uri="fd:snapshot")
        until = time.monotonic() + SAVE_S
        while time.monotonic() < until:
            status = self.run("query-migrate").get("status")
            if status == "completed":
                return
            if status == "failed":
                break
            time.sleep(_POLL_S)
        raise JailError("the virtual machine's snapshot was not written")

    def _line(self, until: float) -> dict[str, Any]:
        while b"\n" not in self._held:
            left = until - time.monotonic()
            if left <= 0 or len(self._held) > _MAX_ANSWER:
                raise JailError("the virtual machine's monitor does not answer")
            self._sock.settimeout(left)
            try:
                more = self._sock.recv(64 * KiB)
            except OSError as e:
                raise JailError(f"the virtual machine's monitor does not answer: {e}") from e
            if not more:
                raise JailError("the virtual machine's monitor has gone")
            self._held += more
        line, _, self._held = self._held.partition(b"\n")
        try:
            told = json.loads(line)
        except (ValueError, RecursionError) as e:
            raise JailError("the virtual machine's monitor does not speak QMP") from e
        return told if isinstance(told, dict) else {}
