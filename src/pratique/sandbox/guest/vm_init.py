"""The first process of the microVM: takes one job over the control port, and relays its channel.

    boot -> "ready" -> (a snapshot is taken here) -> job -> disks, clock, room, program
         -> bytes of the program's channel both ways -> how it ended -> the machine stops

It runs as root over a program that does not. The host believes nothing of what comes out of here
but that it came. Two virtio ports lead out and nothing else: `control` for this process, `channel`
for the program's frames.
"""

import contextlib
import importlib
import os
import select
import socket
import struct
from collections.abc import Mapping
from typing import Any

from pratique.core.errors import JailError
from pratique.sandbox import frames
from pratique.sandbox.guest import vm_cell as cell
from pratique.sandbox.guest import vm_devices as devices
from pratique.sandbox.guest.vm_relay import Relay

_LENGTH = struct.Struct(">I")
_CODE = "/opt/guest/pratique"


def main() -> None:
    """Boot, serve one job, and stop the machine."""
    for kind, where in (("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/mnt"), ("tmpfs", "/run")):
        devices.mount(kind, where, kind, devices.MS_NOSUID | devices.MS_NODEV)
    control, memory = devices.port("control"), devices.memory()
    try:
        _tell(control, {"ready": True, "kernel": os.uname().release})
        order = _order(control)
        _serve(order, control, memory)
    except BaseException as e:  # noqa: BLE001 - the host is told, then the machine stops
        _tell(control, {"error": f"{type(e).__name__}: {e}"[:500]})
    devices.power_off()


def _serve(order: Mapping[str, Any], control: int, memory: int) -> None:
    devices.reseed(bytes.fromhex(order["seed"]))
    if order["now"]:
        devices.set_clock(order["now"])
    socket.sethostname(order["host"])
    found = devices.disks()
    for name, where, more in order["disks"]:
        devices.mount_disk(found[name], where, [found[one] for one in more])
    for disk, path in order["code"]:
        devices.mount(disk, f"{_CODE}/{path}", "none", devices.MS_BIND)
    importlib.invalidate_caches()
    cell.furnish(order)
    cell.bound(order["memory"], order["processes"])
    devices.wait_memory(memory, order["plugged"])
    inner, outer = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    said, says = os.pipe()
    pid = cell.launch(order, inner, says)
    inner.close()
    os.close(says)
    relay = Relay(devices.port("channel"), outer, said, pid)
    recording = _recorded(order, relay, pid, outer) if order["record"] else None
    code = relay.run(control, lambda: _tell(control, {"closed": True}))
    _tell(control, {"exit": code, "oom": cell.out_of_memory(), "words": relay.words()})
    _wait_end(control)
    if recording is not None:
        recording.finish(lambda frame: _tell(control, frame))
        _wait_end(control)


def _recorded(order: Mapping[str, Any], relay: Relay, pid: int, program: socket.socket) -> Any:  # noqa: ANN401 - imported late
    # the whole package lies on the job's disk: the image holds what does not depend on a job
    from pratique.sandbox.guest.vm_recording import VmRecording  # noqa: PLC0415

    return VmRecording.start(order, relay, pid, program)


def _wait_end(control: int) -> None:
    """Wait for the host to ask for the end; what the program left running goes on till then."""
    with contextlib.suppress(JailError):
        _order(control)


def _order(control: int) -> dict[str, Any]:
    (size,) = _LENGTH.unpack(_exactly(control, _LENGTH.size))
    return frames.decode(_exactly(control, size))


def _exactly(fd: int, count: int) -> bytes:
    body = bytearray()
    while len(body) < count:
        # a port gives one page at a time: a larger buffer is only allocated and thrown away
        more = os.read(fd, min(count - len(body), 4096))
        if not more:  # the host's end is not there yet, or no more
            select.select([], [], [], 0.01)
            cell.reap(-1)
            continue
        body += more
    return bytes(body)


def _tell(control: int, frame: Mapping[str, Any]) -> None:
    rest = memoryview(frames.encode(frame))
    while rest:
        rest = rest[os.write(control, rest[: 1 << 15]) :]
