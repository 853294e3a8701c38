"""Start QEMU in a jail of its own, hand it its descriptors, and end it."""

import contextlib
import dataclasses
import itertools
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pratique.core.errors import JailError
from pratique.core.limits import GiB, MiB
from pratique.sandbox import frames
from pratique.sandbox.asking import printable
from pratique.sandbox.jail import command, proof
from pratique.sandbox.jail.cgroups import groups
from pratique.sandbox.jail.interpreter import interpreter
from pratique.sandbox.jail.process import Process, start
from pratique.sandbox.lockdown import Steps
from pratique.sandbox.microvm.image import Image
from pratique.sandbox.microvm.machine import MONITOR, SOCKETS, Accelerator, Machine, ordered
from pratique.sandbox.microvm.monitor import Monitor
from pratique.sandbox.port import Bounds, Job, Mount, TierError

START_S = 60.0
THREADS = 64
SNAPSHOT_MOST = 4 * GiB
JAIL_MEND = "apt install bubblewrap"
NEEDED = frozenset({"user-namespace", "pid-namespace", "net-namespace", "mnt-namespace"})
NEEDED |= {"no-capabilities", "no-new-privs", "seccomp-mode"}
"""Without one of these around QEMU no machine is started."""

_DATA = ("/usr/share/qemu", "/usr/share/seabios")
_BEGIN = "import sys; sys.path.insert(0, {code!r}); from pratique.sandbox.guest.vmm import main; "
_BATCH = 8
_count = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start: a machine, its image, open disks by name, and a snapshot (-1 is none).

    `memory` bounds the guest in bytes; QEMU's own comes on top.
    """

    machine: Machine
    image: Image
    disks: Mapping[str, int]
    memory: int
    snapshot: int = -1


class Vmm:
    """A running QEMU in its jail, and this side of its three sockets."""

    def __init__(self, process: Process, sockets: Mapping[str, socket.socket]) -> None:
        self._process, self._sockets = process, tuple(sockets.values())
        self.channel, self.control = sockets["channel"], sockets["control"]
        self.monitor = Monitor(sockets["monitor"])
        self.steps = Steps()
        self._frames = frames.FrameReader(self.control)

    @classmethod
    def start(cls, plan: Plan) -> "Vmm":
        """Start a machine, in a jail that was looked at from outside.

        Raises:
            JailError: it does not start, or what holds it does not hold.
            TierError: there is no bubblewrap.

        """
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            raise TierError("the microVM runs in the jail, which needs bubblewrap", JAIL_MEND)
        bounds = Bounds(memory=plan.memory + MONITOR, tmp=1 * MiB, processes=THREADS)
        job = Job("", bounds=bounds, mounts=_shown(plan))
        own = interpreter(Path(sys.executable))
        shown = command.shown(job, own, programs=False)
        if plan.machine.accelerator is Accelerator.KVM:
            shown = dataclasses.replace(shown, devices=("/dev/kvm",))
        pairs = {name: socket.socketpair() for name in (*SOCKETS, "order")}
        ours, theirs = ({name: pair[n] for name, pair in pairs.items()} for n in (0, 1))
        held = groups(name := f"{os.getpid()}-vm{next(_count)}", bounds)
        begin = _BEGIN.format(code=command.CODE) + f"main({theirs['order'].fileno()})"
        inside = [str(own.program), "-I", "-S", "-B", "-c", begin]
        order = ours.pop("order")
        vmm = None
        try:
            vmm = cls(start(bwrap, shown, inside, theirs["order"], held), ours)
            vmm.steps = Steps(
                [f"vmm-{h}" for h in held.held], [(f"vmm-{n}", w) for n, w in held.missing]
            )
            vmm._begin(order, plan, {n: s for n, s in theirs.items() if n != "order"})
            vmm._look(f"pratique-{name}" if held.held else "")
        except BaseException:
            _closed(ours.values())
            if vmm is not None:
                vmm.close()
            raise
        finally:
            _closed([order, *theirs.values()])
        return vmm

    @property
    def pid(self) -> int:
        """Return process 1 of QEMU's jail, as this machine sees it.

        Raises:
            JailError: it has not started.

        """
        if self._process.first is None:
            raise JailError("the virtual machine's monitor has not started")
        return self._process.first.pid

    def hear(self, until: float) -> dict[str, Any]:
        """Return the next frame of the guest's first process.

        Raises:
            TimeoutError: the time `until` (monotonic) passed.
            ClosedError: the machine has stopped.
            WorkerError: it breaks the rules; `why` is "protocol".

        """
        return frames.decode(self._frames.next(until))

    def tell(self, frame: Mapping[str, Any], until: float) -> None:
        """Send a frame to the guest's first process.

        Raises:
            OSError: the machine has stopped, or takes too long.

        """
        frames.send(self.control, frames.encode(frame), (), until)

    def words(self) -> str:
        """Return the first and the last of what QEMU wrote to its standard output and error."""
        return self._process.words()

    def out_of_memory(self) -> bool:
        """Tell whether the kernel killed QEMU for want of memory."""
        return self._process.out_of_memory()

    def close(self) -> None:
        """Kill QEMU and leave nothing behind; twice does no harm."""
        _closed(self._sockets)
        self._process.close()

    def _begin(self, order: socket.socket, plan: Plan, theirs: Mapping[str, socket.socket]) -> None:
        """Hand over the descriptors and the command line, and hear what holds."""
        self._process.wait_started()
        until = time.monotonic() + START_S
        fds = ordered(plan.disks, {n: s.fileno() for n, s in theirs.items()}, plan.snapshot)
        for at in range(0, len(fds), _BATCH):
            frames.send(order, frames.encode({}), fds[at : at + _BATCH], until)
        argv = plan.machine.arguments(incoming=plan.snapshot >= 0)
        data = plan.memory + MONITOR
        frames.send(
            order, frames.encode({"argv": argv, "data": data, "file": SNAPSHOT_MOST}), (), until
        )
        _closed(theirs.values())
        order.settimeout(START_S)
        try:
            got = frames.receive(order)
            self.monitor.greet()
        except (OSError, JailError) as e:
            raise JailError(f"QEMU does not start: {self._last_words()}") from e
        if got is None:
            raise JailError(f"QEMU does not start: {self._last_words()}")
        self.steps.held += [str(name) for name in got[0]["held"]]
        self.steps.missing += [(str(name), str(why)) for name, why in got[0]["missing"]]

    def _look(self, cgroup: str) -> None:
        """See from outside what holds QEMU; the guest has met nothing hostile yet."""
        seen = Steps()
        proof.prove(proof.program_of(self.pid), seen, cgroup)
        self.steps.held += [f"vmm-{name}" for name in seen.held]
        self.steps.missing += [(f"vmm-{name}", why) for name, why in seen.missing]
        if lost := NEEDED - set(seen.held):
            why = "; ".join(f"{n}: {w}" for n, w in seen.missing if n in lost)
            raise JailError(f"the jail of QEMU does not hold: {why}")

    def _last_words(self) -> str:
        self._process.exit_code(time.monotonic() + 1)
        return printable(self.words().strip()[-300:]) or "no answer"


def _shown(plan: Plan) -> tuple[Mount, ...]:
    program = Path(plan.machine.qemu)
    found = [Mount(plan.image.folder, "/image"), Mount(program.resolve(), str(program))]
    found += [Mount(Path(place), place) for place in _DATA if Path(place).is_dir()]
    return tuple(found)


def _closed(sockets: Iterable[socket.socket]) -> None:
    for sock in sockets:
        with contextlib.suppress(OSError):
            sock.close()
