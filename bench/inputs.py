"""What the benchmark reads: weights that look trained, and a pickle that is all opcodes."""

import json
import pickle
import random
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

LAYER = 64 << 20
SHAPE = [4096, LAYER // 2 // 4096]


def weights(path: Path, size: int) -> int:
    """Write a bf16 safetensors file of about `size` bytes of fresh noise; return its real size."""
    layers = max(1, size // LAYER)
    header = {
        f"model.layers.{n}.mlp.up_proj.weight": {
            "dtype": "BF16",
            "shape": SHAPE,
            "data_offsets": [n * LAYER, (n + 1) * LAYER],
        }
        for n in range(layers)
    }
    raw = json.dumps(header).encode()
    raw += b" " * (-len(raw) % 8)
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        for _ in range(layers):
            values = rng.standard_normal(LAYER // 2, dtype=np.float32) * np.float32(0.02)
            file.write((values.view(np.uint32) >> 16).astype(np.uint16).tobytes())
    return path.stat().st_size


def table(path: Path, size: int) -> int:
    """Write a benign pickle of about `size` bytes in the shape of a vocabulary with its scores.

    Words, numbers and floats: about one opcode in eight bytes.
    """
    pick = random.Random(0)
    count = size // 35
    words = [f"token-{number}" for number in range(count)]
    vocabulary = {word: number for number, word in enumerate(words)}
    scores = [-pick.random() * 20 for _ in range(count)]
    merges = [f"{a} {b}" for a, b in zip(words[::4], words[1::4], strict=False)]
    value = {"vocab": vocabulary, "scores": scores, "merges": merges, "special": words[:10]}
    path.write_bytes(pickle.dumps(value, 4))
    return path.stat().st_size


def records(path: Path, size: int) -> int:
    """Write a benign pickle of about `size` bytes that is nearly all opcodes: one in 2.3 bytes."""
    pick = random.Random(0)
    rows = []
    for number in range(size // 71):
        name = f"token-{number}"
        row = {"id": number, "text": name, "score": pick.random(), "next": [number + 1, number + 2]}
        rows.append(row | {"span": (number, number + 5), "special": number % 50 == 0, "of": None})
    path.write_bytes(pickle.dumps(rows, 4))
    return path.stat().st_size


def small(folder: Path, count: int) -> int:
    """Write `count` small files as a repository holds them: settings, text, code, pickles, arrays.

    Returns their bytes.
    """
    pick = random.Random(0)
    folder.mkdir()
    makers: dict[str, Callable[[int], str | bytes]] = {
        "json": lambda at: json.dumps({"id": at, "scale": [pick.random() for _ in range(20)]}),
        "md": lambda at: f"# Part {at}\n\n" + "It was trained on examples, and measured.\n" * 20,
        "py": lambda at: f"import torch\n\n\ndef layer_{at}(x):\n    return torch.relu(x) + {at}\n",
        "pkl": lambda at: pickle.dumps({"layer": at, "scale": [pick.random()] * 50}, 4),
        "yaml": lambda at: f"layer: {at}\nsizes: [{at}, 64, 64]\nname: part-{at}\n",
    }
    for at in range(count):
        ending = list(makers)[at % len(makers)]
        told = makers[ending](at)
        path = folder / f"{at:05}.{ending}"
        path.write_bytes(told if isinstance(told, bytes) else told.encode())
    return sum(path.stat().st_size for path in folder.iterdir())
