"""What a seccomp filter decides, told by running its instructions here."""

import struct

from pratique.sandbox.syscalls import Machine

ALLOW, EPERM, ENOSYS, KILL, NOTIFY = 0x7FFF0000, 0x50001, 0x50026, 0x80000000, 0x7FC00000


def decide(code: bytes, machine: Machine, nr: int, *args: int, audit: int | None = None) -> int:
    """Run a filter as the kernel would, over a struct seccomp_data."""
    words = [a & (1 << 64) - 1 for a in (*args, 0, 0, 0, 0, 0, 0)[:6]]
    data = struct.pack("=IIQ6Q", nr, machine.audit if audit is None else audit, 0, *words)
    at, accumulator = 0, 0
    while True:
        op, yes, no, k = struct.unpack_from("=HBBI", code, 8 * at)
        at += 1
        if op == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, k)
        elif op == 0x06:
            return int(k)
        else:
            tests = {0x15: accumulator == k, 0x35: accumulator >= k, 0x45: bool(accumulator & k)}
            at += yes if tests[op] else no
