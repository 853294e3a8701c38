"""Small well-formed model files, written by hand: what benign looks like, and where payloads go."""

import io
import json
import random
import struct
import zipfile
from collections.abc import Mapping

Tensors = Mapping[str, tuple[str, list[int], bytes]]


def zip_of(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip archive with fixed times, the same bytes every time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name), body, method)
    return out.getvalue()


def torch_zip(data_pickle: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    """Return a torch checkpoint around a data.pkl."""
    return zip_of(
        {
            "archive/data.pkl": data_pickle,
            "archive/byteorder": b"little",
            "archive/data/0": random.Random(7).randbytes(64),
            "archive/version": b"3\n",
        },
        method,
    )


def torch_state(names: list[str]) -> bytes:
    """Return the data.pkl of a state dict of 4x4 float tensors, as torch.save writes it."""
    out = b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01("
    for name in names:
        raw = name.encode()
        out += b"X" + struct.pack("<I", len(raw)) + raw
        storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000"
        storage += b"X\x03\x00\x00\x00cpuK\x10tQ"
        rebuild = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00K\x04K\x04\x86"
        out += rebuild + b"K\x04K\x01\x86\x89ccollections\nOrderedDict\n)RtR"
    return out + b"u."


def safetensors(tensors: Tensors, metadata: Mapping[str, str] | None = None) -> bytes:
    """Return a safetensors file; tensors are (dtype, shape, bytes)."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    data = b""
    for name, (dtype, shape, body) in tensors.items():
        offsets = [len(data), len(data) + len(body)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        data += body
    raw = json.dumps(header, separators=(",", ":")).encode()
    raw += b" " * (-len(raw) % 8)
    return struct.pack("<Q", len(raw)) + raw + data


def npy_header(descr: str, shape: tuple[int, ...]) -> bytes:
    """Return the header of a version 1 .npy file."""
    told = repr({"descr": descr, "fortran_order": False, "shape": shape})
    told += " " * (63 - (len(told) + 10) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(told)) + told.encode()


def _string(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def gguf(metadata: Mapping[str, str], tensors: int = 1) -> bytes:
    """Return a GGUF version 3 file: string metadata and F32 tensors of 8 x 8."""
    out = b"GGUF" + struct.pack("<IQQ", 3, tensors, len(metadata))
    for key, value in metadata.items():
        out += _string(key) + struct.pack("<I", 8) + _string(value)
    for number in range(tensors):
        out += _string(f"blk.{number}.attn_q.weight") + struct.pack("<I", 2)
        out += struct.pack("<QQIQ", 8, 8, 0, number * 256)
    out += bytes(-len(out) % 32)
    noise = random.Random(8)
    count = 64 * tensors
    return out + struct.pack(f"<{count}f", *(noise.gauss(0, 0.02) for _ in range(count)))
