"""Make small safetensors, GGUF and npy files, sound and broken, for samples and tests."""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Entry = tuple[str, str, Sequence[int], bytes]


def safetensors(
    tensors: Sequence[Entry], metadata: Mapping[str, Any] | None = None, tail: bytes = b""
) -> bytes:
    """Return a sound file (with `tail` behind it): entries are (name, dtype, shape, body)."""
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": dict(metadata)}
    body = b""
    for name, dtype, shape, raw in tensors:
        at = len(body)
        body += raw
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, len(body)]}
    return safetensors_raw(json.dumps(header, separators=(",", ":")), body + tail)


def safetensors_raw(header: str | bytes, body: bytes = b"", length: int | None = None) -> bytes:
    """Return a file with this very header; `length` lies about it."""
    raw = header.encode() if isinstance(header, str) else header
    raw += b" " * (-len(raw) % 8)
    return struct.pack("<Q", len(raw) if length is None else length) + raw + body


def gguf_text(text: str | bytes, order: str = "<", width: str = "Q") -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack(order + width, len(raw)) + raw


Value: TypeAlias = "bool | int | float | str | bytes | Sequence[Value]"


def gguf_value(value: "Value", order: str = "<", width: str = "Q") -> bytes:
    """Return type and value: bool, int (u32), float (f32), text, or a list of one of those."""
    if isinstance(value, bool):
        return struct.pack(order + "IB", 7, value)
    if isinstance(value, int):
        return struct.pack(order + "II", 4, value)
    if isinstance(value, float):
        return struct.pack(order + "If", 6, value)
    if isinstance(value, (str, bytes)):
        return struct.pack(order + "I", 8) + gguf_text(value, order, width)
    parts = [gguf_value(item, order, width) for item in value]
    kind = parts[0][:4] if parts else struct.pack(order + "I", 4)
    head = struct.pack(order + "I", 9) + kind + struct.pack(order + width, len(parts))
    return head + b"".join(part[4:] for part in parts)


def gguf(
    metadata: Sequence[tuple[str, Value]],
    tensors: Sequence[tuple[str, int, Sequence[int], bytes]],
    *,
    version: int = 3,
    order: str = "<",
    offsets: Mapping[str, int] | None = None,
    alignment: int = 32,
    pad: bytes = b"\0",
) -> bytes:
    """Return a file; tensors are (name, ggml type, dims in ggml's order, body)."""
    width = "I" if version == 1 else "Q"
    out = b"GGUF" + struct.pack(order + "I", version)
    out += struct.pack(order + width * 2, len(tensors), len(metadata))
    for key, value in metadata:
        out += gguf_text(key, order, width) + gguf_value(value, order, width)
    body = b""
    for name, kind, dims, raw in tensors:
        at = (offsets or {}).get(name, len(body))
        out += gguf_text(name, order, width) + struct.pack(order + "I", len(dims))
        out += struct.pack(order + width * len(dims), *dims) + struct.pack(order + "IQ", kind, at)
        body += raw + pad * (-len(raw) % alignment)
    return out + pad * (-len(out) % alignment) + body


def npy(header: str, body: bytes = b"", version: int = 1, length: int | None = None) -> bytes:
    """Return an npy file with this header text."""
    raw = header.encode()
    width = 2 if version == 1 else 4
    raw += b" " * (-(8 + width + len(raw) + 1) % 64) + b"\n"
    told = len(raw) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + told.to_bytes(width, "little") + raw + body


def elf(size: int = 256) -> bytes:
    """Return the header of a 64-bit x86 program and nothing that would run."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return (head + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 120, 120, 4096)).ljust(
        size, b"\x90"
    )


def pe(size: int = 512) -> bytes:
    """Return the headers of a Windows program and nothing that would run."""
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)
    head = head.ljust(0x80, b"\0") + b"PE\0\0"
    head += struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 240, 0x22) + struct.pack("<H", 0x20B)
    return head.ljust(size, b"\0")


def macho(size: int = 256) -> bytes:
    """Return the header of a 64-bit Mach-O program."""
    return struct.pack("<7I", 0xFEEDFACF, 0x0100000C, 0, 2, 2, 144, 0x85).ljust(size, b"\0")
