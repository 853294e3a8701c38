"""One recording of an inmate: the calls' listener, the decoys in its network, its own hearsay."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pratique.core.errors import JailError
from pratique.core.trace import Event
from pratique.sandbox.port import Job
from pratique.sandbox.record.network import Network
from pratique.sandbox.record.recorder import Recorder, RecorderSettings
from pratique.sandbox.record.sleeping import ClockWord
from pratique.sandbox.record.strace import Strace

PHASES = ("import", "load", "infer", "idle", "exit")
"""In their order. They only go forward: what came before the model is not held against it, and a
model that says it is still `import` must not get there."""
_PROOF = "prove"


class Recording:
    """From before the first hostile byte to the inmate's end.

    `held` and `missing` are mechanisms of the recording itself.
    """

    def __init__(self, recorder: Recorder, network: Network | None) -> None:
        self._recorder, self._network = recorder, network
        self.held: list[str] = []
        self.missing: list[tuple[str, str]] = []
        self._trace: tuple[tuple[Event, ...], bool] | None = None
        self._strace: Strace | None = None
        self._reached = -1

    @classmethod
    def start(cls, fds: Sequence[int], told: Mapping[str, Any], first: int, job: Job) -> Self:
        """Take over the listener that came with the hello, and begin.

        `first` is process 1 inside, as this machine sees it. Until the first phase is told, what is
        recorded is our own start and not kept.

        Raises:
            JailError: no listener came along.

        """
        if len(fds) != 1:
            for fd in fds:
                os.close(fd)
            raise JailError("the inmate handed over no listener of its system calls")
        network, missing = None, ""
        try:
            network = Network.start(first, canary=job.canary)
        except JailError as e:
            missing = str(e)
        clock = told.get("clock")
        settings = RecorderSettings(
            clock_s=job.condition.clock_s if clock else 0,
            clock=ClockWord(int(clock[0]), bytes.fromhex(clock[1])) if clock else None,
        )
        found = cls(Recorder(fds[0], settings, network), network)
        found._note("decoy-network", missing)
        if network is not None:
            found.missing += [(f"decoy-network {what}", why) for what, why in network.missing]
        found._recorder.phase(_PROOF)
        found._recorder.start()
        return found

    def trace_by_strace(self, pid: int) -> None:
        """Have strace watch a process and all that it starts, too; `missing` says if it may not."""
        try:
            self._strace = Strace.start(pid, self._recorder.timeline)
        except JailError as e:
            self._note("strace", str(e))
        else:
            self._note("strace", "")

    def _note(self, name: str, missing: str) -> None:
        if missing:
            self.missing.append((name, missing))
        else:
            self.held.append(name)

    def heard(self, frame: Mapping[str, Any]) -> bool:
        """Take note of a frame; tell whether it was meant for the recording alone."""
        phase = frame.get("phase")
        if phase in PHASES and PHASES.index(phase) > self._reached:
            self._reached = PHASES.index(phase)
            self._recorder.phase(phase)
        if set(frame) == {"audit"}:
            self._recorder.hear(frame["audit"])
            return True
        return False

    def begin(self) -> None:
        """Keep what is recorded from now on."""
        self._recorder.phase("start")

    def stop(self) -> None:
        """Stop, once the inmate has ended.

        Raises:
            BugError: the recorder broke.

        """
        if self._trace is not None:
            return
        self._trace = ((), True)
        with contextlib.ExitStack() as last:
            if self._network is not None:
                last.callback(self._network.close)
            if self._strace is not None:
                self._strace.close()
            events, cut = self._recorder.stop()
        self._trace = tuple(e for e in events if e.phase != _PROOF), cut

    def trace(self) -> tuple[tuple[Event, ...], bool]:
        """Return what was seen, and whether some of it was lost; nothing before `stop`."""
        return self._trace or ((), False)
