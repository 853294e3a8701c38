"""A program in a virtual machine, asked over one channel and watched over another."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self

from pratique.core.errors import JailError, WorkerError
from pratique.core.jail import JailReport
from pratique.core.trace import Event, Outcome
from pratique.sandbox import frames
from pratique.sandbox.asking import answers, ended, printable
from pratique.sandbox.microvm.order import program_order
from pratique.sandbox.microvm.vmm import Vmm
from pratique.sandbox.port import Job

HELLO_S = 120.0
GRACE_S = 2.0
TRACE_S = 30.0
EVENTS_MOST = 1_000_000
NEEDED = frozenset({"rlimits"})
"""What must hold inside the machine as well; Landlock and seccomp are named with their versions."""


class MicroVmInmate:
    """A program in a machine of its own. Everything said from inside is hearsay."""

    def __init__(self, job: Job, vmm: Vmm, label: str) -> None:
        self._job, self._vmm, self._label = job, vmm, label
        self._frames = frames.FrameReader(vmm.channel)
        self._until = time.monotonic() + job.bounds.deadline_s
        self._gone, self._traced = threading.Event(), threading.Event()
        self._told: dict[str, Any] = {}
        self._events: list[Event] = []
        self._cut = job.record
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="microvm", daemon=True)
        self.report = JailReport()

    @property
    def pid(self) -> int:
        """Return process 1 of the jail around the machine, as this machine sees it."""
        return self._vmm.pid

    def hello(self, order: Mapping[str, Any]) -> None:
        """Give the orders and hear what holds inside, before anything hostile is met.

        Raises:
            JailError: it does not start, or what this tier stands on does not hold.

        """
        until = time.monotonic() + HELLO_S
        try:
            self._vmm.tell(order, until)
            self._thread.start()
            frames.send(self._vmm.channel, frames.encode(program_order(self._job)), (), until)
            told = frames.decode(self._frames.next(until))
        except (frames.ClosedError, TimeoutError, OSError, WorkerError) as e:
            raise JailError(f"the machine's program does not start: {self._last_words()}") from e
        if "error" in told:
            raise JailError(f"the inmate does not lock: {printable(told['error'])}")
        steps = self._vmm.steps
        held = [*steps.held, "virtual-machine", "no-network-device", *map(printable, told["held"])]
        missing = [*steps.missing]
        missing += [(printable(name), printable(why)) for name, why in told["missing"]]
        self.report = JailReport(tuple(held), tuple(missing), self._label)
        lacking = NEEDED | {"seccomp-recorder" if self._job.record else "seccomp"}
        if lost := lacking - set(held):
            raise JailError(f"inside the machine does not hold: {', '.join(sorted(lost))}")
        self._until = time.monotonic() + self._job.bounds.deadline_s

    def ask(self, request: Mapping[str, Any], deadline_s: float) -> Iterator[dict[str, Any]]:
        """Send one request and yield the frames of its answer.

        Raises:
            WorkerError: `why` is "crashed", "deadline", "memory" or "protocol"; the inmate is dead.

        """
        if self._closed:
            raise WorkerError("this inmate is dead", "crashed")
        until = min(time.monotonic() + deadline_s, self._until)
        done = False
        try:
            yield from answers(self._vmm.channel, self._frames, (request, ()), until)
            done = True
        except TimeoutError as e:
            raise WorkerError(f"no full answer within {deadline_s:g} s", "deadline") from e
        except (frames.ClosedError, ConnectionError) as e:
            says = self._ending()
            raise WorkerError(f"the inmate {says}", self._why()) from e
        finally:
            if not done:
                self.close()

    def finish(self, deadline_s: float) -> str:
        """Let it end by itself, exit handlers included; say how it did, "" for in order."""
        if self._closed:
            return "is dead"
        until = min(time.monotonic() + deadline_s, self._until)
        try:
            frames.send(self._vmm.channel, frames.encode({"finish": True}), (), until)
            self._hear_out(until)
        except (TimeoutError, OSError):
            return f"still ran after {deadline_s:g} s"
        except WorkerError as e:
            return str(e)
        if not self._gone.wait(max(0.0, until - time.monotonic())):
            return f"still ran after {deadline_s:g} s"
        return self._ending() if self._told.get("exit") != 0 else ""

    def close(self) -> None:
        """Take the record if there is one, kill the machine, and leave nothing behind."""
        if self._closed:
            return
        self._closed = True
        if self._job.record and self.report.held:
            self._take_trace()
        with contextlib.suppress(OSError):
            self._vmm.control.shutdown(socket.SHUT_RDWR)
        if self._thread.ident is not None:
            self._thread.join(GRACE_S)
        self._vmm.close()

    def words(self) -> str:
        """Return the first and the last of what it wrote to its output; known once it has ended."""
        return str(self._told.get("words", ""))[: 1 << 16]

    def trace(self) -> tuple[tuple[Event, ...], bool]:
        """Return what was recorded inside, and whether some was lost; after `close`."""
        return tuple(self._events), self._cut

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *args: object) -> None:
        """Close it."""
        self.close()

    def _watch(self) -> None:
        """Hear the machine's first process until the machine stops."""
        try:
            while True:
                self._take(self._vmm.hear(time.monotonic() + self._job.bounds.deadline_s + HELLO_S))
        except (frames.ClosedError, TimeoutError, OSError, WorkerError) as e:
            self._told.setdefault("stopped", type(e).__name__)
        finally:
            self._silence()
            self._gone.set()
            self._traced.set()

    def _take(self, told: dict[str, Any]) -> None:
        if "events" in told and isinstance(told["events"], list):
            room = EVENTS_MOST - len(self._events)
            self._events += [event(row) for row in told["events"][:room]]
        elif told.get("traced") is True:
            self._cut = told.get("cut") is not False
            self._traced.set()
        elif "closed" in told:
            self._silence()
        else:
            self._told.update({n: told[n] for n in ("error", "oom", "words", "exit") if n in told})
            self._silence()
            self._gone.set()

    def _silence(self) -> None:
        """Have whoever reads the channel see its end, after what was said before."""
        with contextlib.suppress(OSError):
            self._vmm.channel.shutdown(socket.SHUT_RD)

    def _take_trace(self) -> None:
        until = time.monotonic() + TRACE_S
        with contextlib.suppress(OSError):
            self._vmm.tell({"finish": True}, until)
            self._traced.wait(TRACE_S)

    def _hear_out(self, until: float) -> None:
        taken = 0
        with contextlib.suppress(frames.ClosedError):
            while taken < frames.MAX_ANSWER:
                taken += len(self._frames.next(until))
        if taken >= frames.MAX_ANSWER:
            raise WorkerError("did not end but talked", "protocol")

    def _ending(self) -> str:
        self._gone.wait(GRACE_S)
        if isinstance(self._told.get("exit"), int):
            return ended(self._told["exit"])
        if "stopped" in self._told:
            return "has stopped with its machine"
        return "closed its channel"

    def _why(self) -> str:
        oom = self._told.get("oom")
        return "memory" if oom or self._vmm.out_of_memory() else "crashed"

    def _last_words(self) -> str:
        self._gone.wait(GRACE_S)
        told = self._told.get("error") or self._told.get("words") or self._vmm.words()
        return f"{self._ending()}: {printable(str(told).strip()[-300:])}"


def event(row: Any) -> Event:  # noqa: ANN401 - checked here
    """Return an event that the machine's recorder sent.

    Raises:
        WorkerError: it is none; `why` is "protocol".

    """
    try:
        at, call, process, phase, detail, outcome, stack, source, count = row
        words = tuple((printable(word), printable(text)) for word, text in detail)
        return Event(
            at_ms=int(at),
            call=printable(call),
            process=int(process),
            phase=printable(phase),
            detail=words,
            outcome=Outcome(outcome),
            stack=tuple(map(printable, stack)),
            source=printable(source),
            count=int(count),
        )
    except (ValueError, TypeError) as e:
        raise WorkerError(f"the machine's record is broken: {e}", "protocol") from e
