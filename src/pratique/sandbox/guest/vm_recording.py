"""The recorder inside the microVM: the same one as tier 1's, run by root over the program."""

import socket
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from pratique.core.errors import JailError, WorkerError
from pratique.sandbox import frames
from pratique.sandbox.guest import vm_cell as cell
from pratique.sandbox.guest.vm_relay import Relay
from pratique.sandbox.jail.recording import Recording
from pratique.sandbox.port import Job

_LENGTH = struct.Struct(">I")
_PROOF_S = 60.0
_DEATH_S = 10.0
_BATCH = 200
_POLL_S = 0.005


class VmRecording:
    """One recording: the listener that the program hands over, and what it says of itself."""

    def __init__(self, recording: Recording, relay: Relay) -> None:
        self._recording = recording
        self._held, self._broken = bytearray(), False
        relay.heard = self._heard

    @classmethod
    def start(
        cls, order: Mapping[str, Any], relay: Relay, pid: int, program: socket.socket
    ) -> Self:
        """Pass the program its order, take its listener, prove it, and pass on its hello.

        Raises:
            JailError: it hands over none, or what must be refused is not.

        """
        program.settimeout(_PROOF_S)
        program.sendall(relay.next_frame())
        got = frames.receive(program)
        if got is None or "error" in got[0]:
            why = got[0]["error"] if got else f"it died: {relay.words()[-200:]}"
            raise JailError(f"the program does not lock: {why}")
        told, fds = got
        recording = Recording.start(fds, told, pid, Job("", canary=str(order["canary"])))
        program.sendall(frames.encode({"prove": True}))
        while (got := frames.receive(program)) is not None and got[0].get("end") is not True:
            if not recording.heard(got[0]) and got[0].get("refused") is not True:
                raise JailError(f"the recorder does not refuse: {got[0].get('says')}")
        recording.begin()
        told["held"] = [*told["held"], "seccomp-recorder", *recording.held]
        told["missing"] = [*told["missing"], *[list(pair) for pair in recording.missing]]
        relay.say(frames.encode(told))
        program.settimeout(0)
        return cls(recording, relay)

    def finish(self, send: Callable[[Mapping[str, Any]], None]) -> None:
        """End all that the program left running, and send what was recorded."""
        (cell.GROUP / "cgroup.kill").write_text("1")
        until = time.monotonic() + _DEATH_S
        while (cell.GROUP / "cgroup.procs").read_text() and time.monotonic() < until:
            cell.reap(-1)
            time.sleep(_POLL_S)
        self._recording.stop()
        events, cut = self._recording.trace()
        rows = [
            [e.at_ms, e.call, e.process, e.phase, e.detail, e.outcome, e.stack, e.source, e.count]
            for e in events
        ]
        for at in range(0, len(rows), _BATCH):
            send({"events": rows[at : at + _BATCH]})
        send({"traced": True, "cut": cut})

    def _heard(self, body: bytes) -> bytes:
        """Take out the frames that are meant for the recording alone."""
        if self._broken:
            return body
        self._held += body
        out = bytearray()
        while len(self._held) >= _LENGTH.size:
            (size,) = _LENGTH.unpack(self._held[: _LENGTH.size])
            whole = _LENGTH.size + size
            if size > frames.MAX_FRAME:
                return self._given_up(out)
            if len(self._held) < whole:
                break
            try:
                frame = frames.decode(bytes(self._held[_LENGTH.size : whole]))
            except WorkerError:
                return self._given_up(out)
            if not self._recording.heard(frame):
                out += self._held[:whole]
            del self._held[:whole]
        return bytes(out)

    def _given_up(self, out: bytearray) -> bytes:
        """Pass on what breaks the rules as it is: the host judges it."""
        self._broken = True
        return bytes(out + self._held)
