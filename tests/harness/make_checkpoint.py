"""Make the index of a TensorFlow checkpoint by hand: a sorted table of one block."""

from collections.abc import Mapping, Sequence

from harness.make_onnx import number, part

MAGIC = bytes.fromhex("57fb808b247547db")
FLOAT, STRING = 1, 7


def header(shards: int = 1) -> bytes:
    return part(1, shards) + part(3, part(1, 1))


def entry(kind: int, shape: Sequence[int], offset: int, size: int, shard: int = 0) -> bytes:
    dims = b"".join(part(2, part(1, one)) for one in shape)
    body = part(1, kind) + part(2, dims)
    body += part(3, shard) if shard else b""
    return body + (part(4, offset) if offset else b"") + part(5, size)


def block(rows: Mapping[bytes, bytes]) -> bytes:
    """Return a block whose keys share their beginnings, as LevelDB writes them."""
    out, before = b"", b""
    for key, value in rows.items():
        shared = 0
        while shared < min(len(key), len(before)) and key[shared] == before[shared]:
            shared += 1
        out += (
            number(shared) + number(len(key) - shared) + number(len(value)) + key[shared:] + value
        )
        before = key
    return out + bytes(4) + (1).to_bytes(4, "little")


def literal(body: bytes) -> bytes:
    """Return bytes packed by Snappy, without any copy in them."""
    pieces = [body[at : at + 60] for at in range(0, len(body), 60)]
    return number(len(body)) + b"".join(bytes([len(one) - 1 << 2]) + one for one in pieces)


def table(rows: Mapping[bytes, bytes], *, snappy: bool = False) -> bytes:
    """Return a whole table."""
    out = b""

    def put(body: bytes) -> bytes:
        nonlocal out
        packed = literal(body) if snappy else body
        handle = number(len(out)) + number(len(packed))
        out += packed + bytes([snappy]) + bytes(4)
        return handle

    data = put(block(rows))
    meta = put(block({}))
    first = put(block({b"z": data}))
    return out + (meta + first).ljust(40, b"\0") + MAGIC


def index(shards: int = 1, **tensors: bytes) -> bytes:
    return table({b"": header(shards), **{k.encode(): v for k, v in sorted(tensors.items())}})
