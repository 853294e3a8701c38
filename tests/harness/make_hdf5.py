"""HDF5 files byte by byte: groups and datasets of both generations, honest and otherwise."""

import base64
import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

NONE = b"\xff" * 8
F32 = bytes.fromhex("11201f000400000000002000170800177f000000")
U8 = bytes.fromhex("100000000100000000000800")
TEXT = bytes.fromhex("1901000010000000") + bytes.fromhex("100000000100000000000800")
"""A string of any length, kept in a global heap."""


def q(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def padded(body: bytes, step: int = 8) -> bytes:
    return body + bytes(-len(body) % step)


def fixed_text(size: int) -> bytes:
    return struct.pack("<B3xI", 0x13, size)


def space(*shape: int) -> bytes:
    return struct.pack("<BBB5x", 1, len(shape), 0) + q(*shape)


def message(kind: int, body: bytes, flags: int = 0) -> bytes:
    body = padded(body)
    return struct.pack("<HHB3x", kind, len(body), flags) + body


def attribute(name: str, kind: bytes, shape: bytes, body: bytes) -> bytes:
    label = name.encode() + b"\0"
    head = struct.pack("<BBHHH", 1, 0, len(label), len(kind), len(shape))
    return message(12, head + padded(label) + padded(kind) + padded(shape) + body)


def text_attribute(name: str, text: str) -> bytes:
    body = text.encode()
    return attribute(name, fixed_text(len(body)), space(), body)


def link(name: str, address: int) -> bytes:
    return struct.pack("<BBB", 1, 0, len(name)) + name.encode() + q(address)


def soft_link(name: str, target: str) -> bytes:
    head = struct.pack("<BBBB", 1, 8, 1, len(name)) + name.encode()
    return head + struct.pack("<H", len(target)) + target.encode()


def external_link(name: str, file: str, target: str) -> bytes:
    body = b"\0" + file.encode() + b"\0" + target.encode() + b"\0"
    head = struct.pack("<BBBB", 1, 8, 64, len(name)) + name.encode()
    return head + struct.pack("<H", len(body)) + body


@dataclass
class File:
    """A file while it is written: addresses are offsets after the user block."""

    user: bytes = b""
    body: bytearray = field(default_factory=lambda: bytearray(96))

    def add(self, part: bytes) -> int:
        """Append bytes; return their address."""
        self.body += bytes(-len(self.body) % 8)
        at = len(self.body)
        self.body += part
        return at

    def header(self, *messages: bytes) -> int:
        """Append an object header of version 1."""
        body = b"".join(messages)
        return self.add(struct.pack("<BxHII4x", 1, len(messages), 1, len(body)) + body)

    def header2(self, *parts: tuple[int, bytes]) -> int:
        """Append an object header of version 2, in two blocks."""
        rows = [struct.pack("<BHB", kind, len(body), 0) + body for kind, body in parts]
        rest = self.add(b"OCHK" + b"".join(rows[1:]) + bytes(4))
        size = 8 + sum(map(len, rows[1:]))
        more = rows[0] + struct.pack("<BHB", 16, 16, 0) + q(rest, size)
        return self.add(b"OHDR" + struct.pack("<BBH", 2, 1, len(more)) + more + bytes(4))

    def local_heap(self, *names: str) -> tuple[int, list[int]]:
        """Append a local heap; return its address and the offsets of the names."""
        data, places = bytearray(8), []
        for name in names:
            places.append(len(data))
            data += padded(name.encode() + b"\0")
        at = self.add(bytes(data))
        return self.add(b"HEAP" + bytes(4) + q(len(data), 1, at)), places

    def symbols(self, *links: tuple[str, int]) -> bytes:
        """Append a group of the first sort; return its message."""
        rows = sorted(links)
        heap, places = self.local_heap(*(name for name, _ in rows))
        table = b"".join(
            q(place, address) + bytes(24) for place, (_, address) in zip(places, rows, strict=True)
        )
        node = self.add(
            (b"SNOD" + struct.pack("<BxH", 1, len(rows)) + table).ljust(8 + 8 * 40, b"\0")
        )
        tree = b"TREE" + struct.pack("<BBH", 0, 0, 1) + NONE * 2 + q(0, node, places[-1])
        return message(17, q(self.add(tree.ljust(24 + 16 * 8 + 17 * 8 + 16 * 8, b"\0")), heap))

    def global_heap(self, *texts: bytes) -> int:
        """Append a global heap whose objects are numbered from 1."""
        rows = b"".join(
            struct.pack("<HHI", number, 1, 0) + q(len(text)) + padded(text)
            for number, text in enumerate(texts, 1)
        )
        size = max(4096, 16 + len(rows) + 16)
        free = struct.pack("<HHI", 0, 0, 0) + q(size - 16 - len(rows))
        return self.add(
            (b"GCOL" + struct.pack("<B3x", 1) + q(size) + rows + free).ljust(size, b"\0")
        )

    def long_attribute(self, name: str, text: str) -> bytes:
        """Append a text to a global heap; return the attribute that points there."""
        heap = self.global_heap(text.encode())
        return attribute(name, TEXT, space(), struct.pack("<IQI", len(text.encode()), heap, 1))

    def dataset(self, body: bytes, shape: Sequence[int], kind: bytes = F32, *more: bytes) -> int:
        """Append a dataset in one run."""
        layout = struct.pack("<BB", 3, 1) + q(self.add(body), len(body))
        return self.header(message(1, space(*shape)), message(3, kind), message(8, layout), *more)

    def empty(self, shape: Sequence[int], kind: bytes = F32) -> int:
        """Append a dataset of which nothing is stored."""
        layout = struct.pack("<BB", 3, 2) + struct.pack("<B", len(shape) + 1) + NONE
        layout += struct.pack(f"<{len(shape) + 1}I", *([16] * len(shape)), 4)
        return self.header(message(1, space(*shape)), message(3, kind), message(8, layout))

    def packed(self, body: bytes, shape: Sequence[int], kind: bytes = U8) -> int:
        """Append a dataset of one deflated chunk, found by a tree of version 1."""
        packed = zlib.compress(body)
        chunk, rank = self.add(packed), len(shape)
        key = struct.pack("<II", len(packed), 0) + bytes(8 * (rank + 1))
        tree = b"TREE" + struct.pack("<BBH", 1, 0, 1) + NONE * 2 + key + q(chunk) + key
        wide = 24 + 65 * (8 + 8 * (rank + 1)) + 64 * 8
        layout = struct.pack("<BBB", 3, 2, rank + 1) + q(self.add(tree.ljust(wide, b"\0")))
        layout += struct.pack(f"<{rank + 1}I", *shape, len(body) // _count(shape))
        pipeline = struct.pack("<BB6xHHHHI4x", 1, 1, 1, 0, 0, 1, 9)
        return self.header(
            message(1, space(*shape)), message(3, kind), message(8, layout), message(11, pipeline)
        )

    def indexed(self, index: int, parts: bytes, address: int, count: int) -> int:
        """Append a dataset of chunks of four bytes with a newer index."""
        layout = struct.pack("<BBBBBIIB", 4, 2, 0, 2, 4, 4, 1, index) + parts + q(address)
        return self.header(message(1, space(4 * count)), message(3, U8), message(8, layout))

    def fixed_array(self, *addresses: int) -> int:
        """Append a fixed array of chunk addresses."""
        head = len(self.body) + (-len(self.body) % 8)
        self.add(bytes(28))
        data = b"FADB" + bytes(2) + q(head) + q(*addresses) + bytes(4)
        block = self.add(data)
        self.body[head : head + 28] = (
            b"FAHD" + struct.pack("<BBBB", 0, 0, 8, 10) + q(len(addresses), block) + bytes(4)
        )
        return head

    def extensible_array(self, *addresses: int) -> int:
        """Append an extensible array whose first two entries stand in its index block."""
        head = self.add(bytes(72))
        rest = list(addresses[2:])
        data = self.add(
            b"EADB" + bytes(2) + q(head) + bytes(4) + q(*rest) + NONE * (16 - len(rest)) + bytes(4)
        )
        index = self.add(
            b"EAIB"
            + bytes(2)
            + q(head)
            + q(*addresses[:2])
            + q(data)
            + NONE * 5
            + NONE * 25
            + bytes(4)
        )
        self.body[head : head + 72] = (
            b"EAHD"
            + struct.pack("<BBBBBBBB", 0, 0, 8, 32, 2, 16, 4, 10)
            + bytes(48)
            + q(index)
            + bytes(4)
        )
        return head

    def tree2(self, kind: int, *records: bytes) -> int:
        """Append a tree of version 2 that is one leaf."""
        leaf = self.add((b"BTLF" + bytes([0, kind]) + b"".join(records)).ljust(512, b"\0"))
        head = struct.pack("<BBIHHBBQHQI", 0, kind, 512, len(records[0]), 0, 100, 40, leaf,
                           len(records), len(records), 0)  # fmt: skip
        return self.add(b"BTHD" + head)

    def fractal_heap(self, *objects: bytes) -> tuple[int, list[bytes]]:
        """Append a fractal heap of one block; return its address and the ids of its objects."""
        head = self.add(bytes(142 + 4))
        start, ids, data = 4 + 1 + 8 + 4, [], b""
        for part in objects:
            ids.append(b"\0" + struct.pack("<IH", start + len(data), len(part)))
            data += part
        block = b"FHDB" + bytes(1) + q(head) + bytes(4) + data
        root = self.add(block.ljust(512, b"\0"))
        told = struct.pack("<BHHBI", 0, 7, 0, 0, 512) + q(0) + NONE + q(0) + NONE
        told += q(512, 512, 0, len(objects), 0, 0, 0, 0) + struct.pack("<H", 4) + q(512, 65536)
        told += struct.pack("<HH", 32, 1) + q(root) + struct.pack("<H", 0) + bytes(4)
        self.body[head : head + 4 + len(told)] = b"FRHP" + told
        return head, ids

    def dense_group(self, *links: bytes) -> int:
        """Append a group whose links stand in a heap."""
        heap, ids = self.fractal_heap(*links)
        tree = self.tree2(5, *(bytes(4) + number for number in ids))
        return self.header2((2, bytes(2) + q(heap, tree)), (10, bytes(2)))

    def done(self, root: int, *, end: int = 0, tail: bytes = b"") -> bytes:
        """Return the file; `end` is added to the end that it names."""
        base = len(self.user)
        head = (
            b"\x89HDF\r\n\x1a\n" + bytes([0, 0, 0, 0, 0, 8, 8, 0]) + struct.pack("<HHI", 4, 16, 0)
        )
        head += q(base) + NONE + q(base + len(self.body) + end) + NONE + q(0, root) + bytes(24)
        self.body[: len(head)] = head
        return self.user + bytes(self.body) + tail


def _count(shape: Sequence[int]) -> int:
    count = 1
    for dim in shape:
        count *= dim
    return count


def group(file: File, *links: bytes, more: Sequence[bytes] = ()) -> int:
    """Append a group of the second sort, its links in its header."""
    told = message(2, bytes(2) + NONE * 2)
    return file.header(told, *(message(6, part) for part in links), *more)


def keras(config: str, training: str = "", user: bytes = b"") -> bytes:
    """Return a model of Keras with one tensor: what `save` wrote to `.h5`."""
    file = File(user)
    weights = file.header(file.symbols(("kernel:0", file.dataset(bytes(range(24)), (2, 3)))))
    attributes = [text_attribute("keras_version", "2.9.0"), text_attribute("backend", "tensorflow"),
                  file.long_attribute("model_config", config)]  # fmt: skip
    if training:
        attributes.append(file.long_attribute("training_config", training))
    return file.done(file.header(file.symbols(("model_weights", weights)), *attributes))


def weights(*links: bytes, file: File | None = None) -> bytes:
    """Return a file of weights of Keras 3 with further links in its group of layers."""
    file = file or File()
    layers = group(file, link("kernel", file.dataset(bytes(range(24)), (2, 3))), *links)
    return file.done(group(file, link("layers", layers)))


def code(*names: str) -> str:
    """Return what Keras stores for a function that has these names: marshalled, in base64."""
    told = b"".join(b"\xda" + bytes([len(name)]) + name.encode() for name in names)
    body = (
        b"\xe3"
        + struct.pack("<5i", 1, 0, 0, 2, 67)
        + b"\xf3\x04\0\0\0\x97\0|\0)"
        + bytes([len(names)])
        + told
    )
    return base64.b64encode(body + b"\xfa\x08<lambda>").decode()


def sequential(*layers: dict[str, object]) -> str:
    return json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": layers}})


def old_lambda(function: str) -> dict[str, object]:
    told = {"name": "f", "function": [function, None, None], "function_type": "lambda"}
    return {"class_name": "Lambda", "config": told}


def new_lambda(function: str) -> dict[str, object]:
    told = {"class_name": "__lambda__", "config": {"code": function, "defaults": None}}
    config = {"name": "f", "function": told}
    return {"module": "keras.layers", "class_name": "Lambda", "config": config}


def layer(module: str, name: str, config: object = None) -> dict[str, object]:
    return {"module": module, "class_name": name, "config": {} if config is None else config}


def function(module: str, name: str) -> dict[str, object]:
    return {
        "module": module,
        "class_name": "function",
        "config": name,
        "registered_name": "function",
    }


def outside(file: File, path: str) -> int:
    """Append a dataset whose elements lie in another file."""
    heap, places = file.local_heap(path)
    told = struct.pack("<B3xHH", 1, 1, 1) + q(heap, places[0], 0, 40)
    layout = struct.pack("<BB", 3, 1) + NONE + q(40)
    return file.header(message(1, space(10)), message(3, F32), message(8, layout), message(7, told))


def virtual(file: File, other: str) -> int:
    """Append a dataset that is put together from another file."""
    told = b"\0" + q(1) + other.encode() + b"\0data\0" + bytes(16)
    layout = struct.pack("<BBQI", 4, 3, file.global_heap(told), 1)
    return file.header(message(1, space(10)), message(3, F32), message(8, layout))


def newer() -> bytes:
    """Return a file with what newer libraries write: heaps, trees and arrays of chunks."""
    file = File(bytes(1024))
    first, second = ([file.add(bytes([n] * 4)) for n in range(at, at + 3)] for at in (1, 5))
    three = [file.add(bytes([n] * 4)) for n in (9, 10, 11)]
    tree = file.tree2(10, *(q(at, n) for n, at in enumerate(three)))
    links = [
        link("packed", file.packed(bytes(range(64)), (8, 8))),
        link("fixed", file.indexed(3, b"\x0a", file.fixed_array(*first), 3)),
        link("grown", file.indexed(4, b"\x20\2\x10\4\x0a", file.extensible_array(*second), 3)),
        link("tree", file.indexed(5, struct.pack("<IBB", 512, 100, 40), tree, 3)),
        link("one", file.indexed(1, b"", file.add(b"abcd"), 1)),
        link("run", file.indexed(2, b"", file.add(b"abcdefgh"), 2)),
    ]  # fmt: skip
    return file.done(group(file, link("dense", file.dense_group(*links))))
