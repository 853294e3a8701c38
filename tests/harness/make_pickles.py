"""Pickles made opcode by opcode: benign shapes, and attacks that only touch a canary."""

CANARY = "/tmp/pratique-canary"


def text(value: str) -> bytes:
    """Return the opcode that pushes a short text."""
    body = value.encode("utf-8", "surrogatepass")
    if len(body) < 256:
        return b"\x8c" + bytes([len(body)]) + body
    return b"X" + len(body).to_bytes(4, "little") + body


def data(value: bytes) -> bytes:
    """Return the opcode that pushes bytes."""
    return b"B" + len(value).to_bytes(4, "little") + value


def glob(module: str, name: str) -> bytes:
    """Return a protocol 0 import."""
    return f"c{module}\n{name}\n".encode()


def call(module: str, name: str, *args: bytes) -> bytes:
    """Return a call of an import with the arguments that `args` push."""
    return glob(module, name) + b"(" + b"".join(args) + b"tR"


def stream(*parts: bytes, protocol: int = 4) -> bytes:
    """Return a whole stream."""
    return b"\x80" + bytes([protocol]) + b"".join(parts) + b"."


def storage(key: str, kind: str, count: int) -> bytes:
    """Return torch's persistent id of a storage."""
    number = b"J" + count.to_bytes(4, "little")
    return b"(" + text("storage") + glob("torch", kind) + text(key) + text("cpu") + number + b"tQ"


def tensor(key: str, kind: str, count: int) -> bytes:
    """Return torch's rebuild of a tensor over a storage."""
    size = b"J" + count.to_bytes(4, "little")
    rebuild = glob("torch._utils", "_rebuild_tensor_v2")
    hooks = glob("collections", "OrderedDict") + b")R"
    return (
        rebuild
        + b"("
        + storage(key, kind, count)
        + b"K\x00"
        + size
        + b"\x85K\x01\x85\x89"
        + hooks
        + b"tR"
    )


def state_dict(*tensors: tuple[str, str, str, int]) -> bytes:
    """Return the pickle of an ordered dict of tensors: (name, key, storage class, elements)."""
    rows = b"".join(text(name) + tensor(key, kind, n) for name, key, kind, n in tensors)
    return stream(glob("collections", "OrderedDict"), b")R(", rows, b"u", protocol=2)
