"""Another date for this process: the wall clock's functions in the vDSO, patched in private memory.

The C library reads clocks through the vDSO, code that the kernel maps into each process. Its three
functions for the wall clock are replaced here by ones that ask the kernel and add an offset.

Limits: a program that is executed anew has the kernel's own vDSO and so today's date, and a clock
read by a raw system call is today's too. A wait *until* a point of the wall clock is the kernel's
and lasts as much longer (CPython and most runtimes wait by the steady clock, which is left alone).
x86-64 only: elsewhere `shift_clock` raises, and the condition is reported as not tried.
"""

import contextlib
import ctypes
import mmap
import os
import secrets
import struct
import time
from pathlib import Path
from typing import NamedTuple

from pratique.core.errors import JailError
from pratique.sandbox import kernel
from pratique.sandbox.syscalls import this_machine

MARK_SIZE = 16
_PAGE = mmap.PAGESIZE
_TOLERANCE_S = 30.0
_DYNSYM, _NAME_SIZE = 11, 24  # SHT_DYNSYM, sizeof(Elf64_Sym)
_MAX_VDSO = 64 * 1024

# Each ends with `mov r11, [offset]`, adds it to what the kernel gave, and returns.
_LOAD = b"\x49\xbb%s\x4d\x8b\x1b"  # mov r11, imm64; mov r11, [r11]
_CLOCK_GETTIME = (
    b"\xb8\xe4\x00\x00\x00\x0f\x05"  # mov eax, 228; syscall
    b"\x85\xc0\x75\x1e"  # test eax, eax; jnz end
    b"\x85\xff\x74\x0a"  # test edi, edi (CLOCK_REALTIME); jz add
    b"\x83\xff\x05\x74\x05"  # cmp edi, 5 (_COARSE); je add
    b"\x83\xff\x0b\x75\x10"  # cmp edi, 11 (TAI); jne end
    b"%s"  # add: (13 bytes)
    b"\x4c\x01\x1e"  # add [rsi], r11
    b"\xc3"  # end: ret
)
_GETTIMEOFDAY = (
    b"\xb8\x60\x00\x00\x00\x0f\x05"  # mov eax, 96; syscall
    b"\x48\x85\xff\x74\x10"  # test rdi, rdi; jz end
    b"%s"
    b"\x4c\x01\x1f"  # add [rdi], r11
    b"\xc3"
)
_TIME = (
    b"\xb8\xc9\x00\x00\x00\x0f\x05"  # mov eax, 201; syscall
    b"%s"
    b"\x4c\x01\xd8"  # add rax, r11
    b"\x48\x85\xff\x74\x03"  # test rdi, rdi; jz end
    b"\x48\x89\x07"  # mov [rdi], rax
    b"\xc3"
)
_PATCHES = {
    "__vdso_clock_gettime": _CLOCK_GETTIME,
    "__vdso_gettimeofday": _GETTIMEOFDAY,
    "__vdso_time": _TIME,
}


class ClockPatch(NamedTuple):
    """Where the offset in seconds lies (8 bytes, after 16 that mark it), and the mark."""

    address: int
    mark: bytes


def shift_clock(seconds: int) -> ClockPatch:
    """Let the wall clock of this process and its forked children show another date.

    What it returns goes to the recorder outside before a hostile byte is met: faked sleeps then
    move the clock on. Monotonic clocks and file times stay as they are.

    Raises:
        JailError: this machine or kernel does not offer it; the clock is as it was.

    """
    if this_machine().name != "x86_64":
        raise JailError("another date is offered on x86-64 only")
    try:
        start, size = _vdso()
        image = ctypes.string_at(start, size)
        places = _symbols(image)
        patch, code = _code(seconds)
        _overwrite(start, size, {places[name]: to for name, to in code.items() if name in places})
    except (OSError, ValueError, struct.error, KeyError) as e:
        raise JailError(f"another date is not offered: {e}") from e
    _check(seconds)
    return patch


def _vdso() -> tuple[int, int]:
    with contextlib.suppress(StopIteration), Path("/proc/self/maps").open() as maps:
        line = next(line for line in maps if line.rstrip().endswith("[vdso]"))
        first, last = (int(word, 16) for word in line.split()[0].split("-"))
        if last - first <= _MAX_VDSO:
            return first, last - first
    raise ValueError("this process has no vDSO")


def _symbols(image: bytes) -> dict[str, int]:
    """Return where the functions of an ELF image start, by name."""
    (table,) = struct.unpack_from("=Q", image, 40)
    size, count = struct.unpack_from("=HH", image, 58)
    headers = [struct.unpack_from("=IIQQQQIIQQ", image, table + i * size) for i in range(count)]
    (symbols,) = (h for h in headers if h[1] == _DYNSYM)
    names = headers[symbols[6]][4]
    found = {}
    for at in range(symbols[4], symbols[4] + symbols[5], _NAME_SIZE):
        name, _, _, _, value, _ = struct.unpack_from("=IBBHQQ", image, at)
        end = image.index(b"\0", names + name)
        found[image[names + name : end].decode("ascii")] = value
    return found


def _code(seconds: int) -> tuple[ClockPatch, dict[str, int]]:
    """Write the new functions and their offset into memory of their own; say where they are."""
    mark = secrets.token_bytes(MARK_SIZE)
    data = _mapped()
    ctypes.memmove(data, mark + struct.pack("=q", seconds), MARK_SIZE + 8)
    text, at = _mapped(), 0
    places = {}
    for name, body in _PATCHES.items():
        code = body % (_LOAD % struct.pack("=Q", data + MARK_SIZE))
        ctypes.memmove(text + at, code, len(code))
        places[name] = text + at
        at += (len(code) + 15) & ~15
    _protect(text, _PAGE, mmap.PROT_READ | mmap.PROT_EXEC)
    return ClockPatch(data, mark), places


def _mapped() -> int:
    numbers, private = this_machine().numbers, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    libc = kernel.libc()
    libc.syscall.restype = ctypes.c_long
    words = (numbers["mmap"], 0, _PAGE, mmap.PROT_READ | mmap.PROT_WRITE, private, -1, 0)
    found = int(libc.syscall(*(ctypes.c_long(word) for word in words)))
    if found == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def _overwrite(start: int, size: int, jumps: dict[int, int]) -> None:
    """Let each function of the vDSO begin with a jump elsewhere, and make it code again."""
    if not jumps:
        raise ValueError("the vDSO has none of the known functions")
    whole = (size + _PAGE - 1) // _PAGE * _PAGE
    _protect(start, whole, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    try:
        for offset, to in jumps.items():  # mov rax, imm64; jmp rax
            ctypes.memmove(start + offset, b"\x48\xb8" + struct.pack("=Q", to) + b"\xff\xe0", 12)
    finally:
        _protect(start, whole, mmap.PROT_READ | mmap.PROT_EXEC)


def _protect(address: int, size: int, rights: int) -> None:
    kernel.syscall(this_machine().numbers["mprotect"], address, size, rights)


def _check(seconds: int) -> None:
    """Compare the clock with the kernel's.

    Raises:
        JailError: it does not show what it should.

    """
    told = ctypes.create_string_buffer(16)
    kernel.syscall(this_machine().numbers["clock_gettime"], time.CLOCK_REALTIME, told)
    true, _ = struct.unpack("=qq", told.raw)
    if abs(time.time() - true - seconds) > _TOLERANCE_S:
        raise JailError("another date is not offered: the clock did not move")
