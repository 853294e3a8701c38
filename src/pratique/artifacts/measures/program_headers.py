"""Structural checks of headers of programs and archives: an atom alone is no evidence.

Each check takes a window of bytes and the offset of a candidate in it, and returns (length, detail)
when the fields that follow make sense together, None when they do not. Length is 0 when the header
does not tell it. The rates in the comments are for random bytes: expected hits per GB.
"""

import struct
import zlib
from collections.abc import Callable

Check = Callable[[bytes, int], tuple[int, str] | None]

LOOK_BACK = 64 * 1024
"""How far before its `PE` mark the `MZ` of a Windows program is looked for."""
LOOK_AHEAD = 4 * 1024
FRAME_MOST = 68 * 1024
"""Writers close a pickle's frame at 64 KiB; one large object may make it longer."""

ELF_MACHINES = {
    2: "SPARC",
    3: "x86",
    8: "MIPS",
    20: "PowerPC",
    21: "PowerPC64",
    22: "S390",
    40: "ARM",
    43: "SPARC V9",
    50: "IA-64",
    62: "x86-64",
    183: "AArch64",
    190: "CUDA",
    224: "AMD GPU",
    243: "RISC-V",
    247: "BPF",
    258: "LoongArch",
}
ELF_TYPES = {1: "object", 2: "program", 3: "shared object", 4: "core"}
PE_MACHINES = {0x14C: "x86", 0x8664: "x86-64", 0xAA64: "AArch64", 0x1C0: "ARM", 0x1C4: "ARM"}
MACHO_CPUS = {7: "x86", 0x01000007: "x86-64", 12: "ARM", 0x0100000C: "AArch64", 18: "PowerPC"}
ZIP_METHODS = frozenset({0, 8, 9, 12, 14, 93, 95, 98, 99})
MAX_NAME = 1024


def elf(window: bytes, at: int) -> tuple[int, str] | None:
    """Check an ELF header (gabi, chapter 4). 5e-8 atoms, under 1e-18 checked hits per GB."""
    head = window[at : at + 64]
    if len(head) < 52:  # noqa: PLR2004 - the shorter header
        return None
    order = "<" if head[5] == 1 else ">"
    wide = head[4] == 2  # noqa: PLR2004 - ELFCLASS64
    kind, machine, version = struct.unpack_from(order + "HHI", head, 16)
    if version != 1 or machine not in ELF_MACHINES or kind not in ELF_TYPES:
        return None
    if wide and len(head) < 64:  # noqa: PLR2004 - the longer header
        return None
    phoff, shoff = struct.unpack_from(order + ("QQ" if wide else "II"), head, 32 if wide else 28)
    sizes = struct.unpack_from(order + "6H", head, 52 if wide else 40)
    if (
        sizes[0] != (64 if wide else 52)
        or sizes[1] not in {0, 32, 56}
        or sizes[3] not in {0, 40, 64}
    ):
        return None
    if max(phoff, shoff) > 1 << 40:
        return None
    length = max(phoff + sizes[1] * sizes[2], shoff + sizes[3] * sizes[4])
    return length, f"{ELF_MACHINES[machine]} {ELF_TYPES[kind]}"


def pe(window: bytes, at: int) -> tuple[int, str] | None:
    """Check the COFF header behind `PE` (PE format, Microsoft); the `MZ` is found by its caller."""
    if at + 26 > len(window):
        return None
    machine, sections = struct.unpack_from("<HH", window, at + 4)
    optional, flags = struct.unpack_from("<HH", window, at + 20)
    magic = struct.unpack_from("<H", window, at + 24)[0]
    if machine not in PE_MACHINES or not 1 <= sections <= 96:  # noqa: PLR2004 - the loader's limit
        return None
    # IMAGE_FILE_EXECUTABLE_IMAGE, and an optional header of one of the two known shapes.
    if not flags & 2 or magic not in {0x10B, 0x20B} or not 96 <= optional <= 512:  # noqa: PLR2004
        return None
    what = "library" if flags & 0x2000 else "program"
    return 0, f"{PE_MACHINES[machine]} {what}"


def pe_start(window: bytes, at: int) -> int | None:
    """Return where the `MZ` stands whose e_lfanew points to the `PE` at `at`, None without one."""
    found = window.rfind(b"MZ", max(0, at - LOOK_BACK), at)
    for _ in range(256):
        if found < 0:
            return None
        if window[found + 0x3C : found + 0x40] == (at - found).to_bytes(4, "little"):
            return found
        found = window.rfind(b"MZ", max(0, at - LOOK_BACK), found)
    return None


def macho(window: bytes, at: int) -> tuple[int, str] | None:
    """Check a Mach-O header (mach-o/loader.h). 1 atom, 1e-16 checked hits per GB."""
    if at + 28 > len(window):
        return None
    order = "<" if window[at + 3] == 0xFE else ">"  # noqa: PLR2004 - the magic's last byte
    _, cpu, _, kind, count, size, _ = struct.unpack_from(order + "7I", window, at)
    # Programs, libraries, bundles and the like; each load command takes 8 bytes at least.
    if cpu not in MACHO_CPUS or not 1 <= kind <= 12 or not 1 <= count <= 4096:  # noqa: PLR2004
        return None
    if not 8 * count <= size <= 1 << 24:
        return None
    return 0, f"{MACHO_CPUS[cpu]} Mach-O"


def cafebabe(window: bytes, at: int) -> tuple[int, str] | None:
    """Check what shares this magic: a Java class (JVMS 4.1) or a fat Mach-O (mach-o/fat.h)."""
    if at + 28 > len(window):
        return None
    count = struct.unpack_from(">I", window, at + 4)[0]
    if 1 <= count < 16:  # noqa: PLR2004 - more architectures than there ever were
        cpu, _, offset, size, align = struct.unpack_from(">5I", window, at + 8)
        if cpu in MACHO_CPUS and align <= 20 and offset >= 8 + 20 * count and size:  # noqa: PLR2004
            return offset + size, f"fat Mach-O of {count} architectures"
        return None
    minor, major, pool, tag = struct.unpack_from(">HHHB", window, at + 4)
    if minor in {0, 3, 0xFFFF} and 45 <= major <= 80 and pool > 1 and 1 <= tag <= 20:  # noqa: PLR2004
        return 0, f"Java class of version {major}"
    return None


def wasm(window: bytes, at: int) -> tuple[int, str] | None:
    """Check the first section of a WebAssembly module (core spec 5.5). 1e-10 hits per GB."""
    if at + 10 > len(window) or window[at + 8] > 13:  # noqa: PLR2004 - the highest section id
        return None
    return 0, "WebAssembly module"


def dex(window: bytes, at: int) -> tuple[int, str] | None:
    """Check the size and byte order words of a DEX header (Android, dex-format)."""
    if at + 44 > len(window) or window[at + 7]:
        return None
    size, header, endian = struct.unpack_from("<III", window, at + 32)
    if header not in {0x70, 0x78} or endian != 0x12345678:  # noqa: PLR2004 - ENDIAN_CONSTANT
        return None
    return size, "Android bytecode"


def zip_member(window: bytes, at: int) -> tuple[int, str] | None:
    """Check a zip local header (APPNOTE 4.3.7). 0.25 atoms, 1e-10 checked hits per GB."""
    if at + 30 > len(window):
        return None
    version, flags, method = struct.unpack_from("<HHH", window, at + 4)
    packed, _, name_len, extra = struct.unpack_from("<IIHH", window, at + 18)
    name = window[at + 30 : at + 30 + name_len]
    if (version & 0xFF) > 63 or version >> 8 > 19 or method not in ZIP_METHODS:  # noqa: PLR2004
        return None
    if not 1 <= name_len <= MAX_NAME or flags & 0xD780 or not _printable(name):
        return None
    length = 0 if flags & 8 or packed == 0xFFFFFFFF else 30 + name_len + extra + packed  # noqa: PLR2004
    return length, f"zip member {name[:60].decode('latin-1')!r}"


def sevenzip(window: bytes, at: int) -> tuple[int, str] | None:
    """Check the start header's CRC of a 7z archive (7zFormat.txt)."""
    head = window[at : at + 32]
    if len(head) < 32 or zlib.crc32(head[12:]) != int.from_bytes(head[8:12], "little"):  # noqa: PLR2004
        return None
    offset, size = struct.unpack_from("<QQ", head, 12)
    return (32 + offset + size) & ((1 << 62) - 1), "7z archive"


def rar(window: bytes, at: int) -> tuple[int, str] | None:
    """Check the CRC of the header after a RAR mark (RAR 4 and 5)."""
    head = window[at : at + 64]
    if head[6:7] == b"\0" and len(head) >= 20:  # noqa: PLR2004 - mark and archive header
        good = head[9] == 0x73 and zlib.crc32(head[9:20]) & 0xFFFF == head[7] | head[8] << 8  # noqa: PLR2004
        return (0, "RAR 4 archive") if good else None
    if head[6:8] == b"\1\0" and len(head) > 13:  # noqa: PLR2004
        end = 13 + (head[12] & 0x7F)
        good = zlib.crc32(head[12:end]) == int.from_bytes(head[8:12], "little")
        return (0, "RAR 5 archive") if good else None
    return None


def gzip(window: bytes, at: int) -> tuple[int, str] | None:
    """Check a gzip header (RFC 1952) and that what follows inflates. 60 atoms, 1e-4 hits per GB.

    Of the atoms 1 in 8 has sane flags, 1 in 85 a known XFL, 1 in 18 a known system; random bytes
    then inflate to more than a kilobyte about once in a thousand.
    """
    head = window[at : at + 10]
    if len(head) < 10 or head[3] & 0xE0 or head[8] not in {0, 2, 4}:  # noqa: PLR2004
        return None
    if head[9] > 13 and head[9] != 255:  # noqa: PLR2004 - the systems of RFC 1952
        return None
    inflater = zlib.decompressobj(wbits=31)
    try:
        out = inflater.decompress(window[at : at + LOOK_AHEAD], 4 * LOOK_AHEAD)
    except zlib.error:
        return None
    return (0, "gzip stream") if inflater.eof or len(out) >= 1024 else None  # noqa: PLR2004


def xz(window: bytes, at: int) -> tuple[int, str] | None:
    """Check the CRC of the stream flags (xz-file-format 2.1.1)."""
    head = window[at : at + 12]
    if len(head) < 12 or zlib.crc32(head[6:8]) != int.from_bytes(head[8:], "little"):  # noqa: PLR2004
        return None
    return 0, "xz stream"


def tar(window: bytes, at: int) -> tuple[int, str] | None:
    """Check the sum of a tar header block (POSIX ustar); `at` is the block's start."""
    block = window[at : at + 512] if at >= 0 else b""
    if len(block) < 512:  # noqa: PLR2004 - one block
        return None
    field = block[148:156].strip(b" \0")
    if not 1 <= len(field) <= 7 or not field.isdigit() or field.strip(b"01234567"):  # noqa: PLR2004
        return None
    if sum(block[:148]) + 8 * 32 + sum(block[156:]) != int(field, 8):
        return None
    return 0, f"tar archive, first {block[:60].rstrip(bytes(1)).decode('latin-1')!r}"


def cabinet(window: bytes, at: int) -> tuple[int, str] | None:
    """Check reserved words, version and order of offsets of a Microsoft cabinet (MS-CAB 2.3)."""
    if at + 36 > len(window):
        return None
    size, zero, files, zero_too = struct.unpack_from("<4I", window, at + 8)
    version = window[at + 24 : at + 26]
    if zero or zero_too or version != b"\3\1" or not 36 <= files < size:  # noqa: PLR2004
        return None
    return size, "Microsoft cabinet"


def script(window: bytes, at: int) -> tuple[int, str] | None:
    """Check that a script's first line names an interpreter and ends soon."""
    line, newline, _ = window[at : at + 128].partition(b"\n")
    if not newline or not line.isascii() or not line.decode().isprintable():
        return None
    return 0, line.decode()


def pickle_frame(window: bytes, at: int) -> tuple[int, str] | None:
    """Check a framed pickle: its first opcode, and that its frame ends where frames end.

    Atoms are 3e-8 per GB of random bytes but some 30 in sparse float32, where zeros follow any
    word; the length, the first and the last byte leave under 1e-5 of those.
    """
    length = int.from_bytes(window[at + 3 : at + 11], "little")
    end = at + 11 + length
    if not 4 <= length <= FRAME_MOST or window[at + 11 : at + 12] not in _FIRST_OPCODES:  # noqa: PLR2004
        return None
    if window[end - 1 : end] != b"." and window[end : end + 1] != b"\x95":
        return None
    return 11 + length, "pickle stream"


# A mark, a container, a text, a number or a global: what writers begin with.
_FIRST_OPCODES = frozenset(bytes([c]) for c in b"(})][KMJGNc\x8c\x8d\x88\x89\x8e\x8fXCBSVU\x8a")


def _printable(name: bytes) -> bool:
    return all(32 <= c != 127 for c in name)  # noqa: PLR2004 - no control characters
