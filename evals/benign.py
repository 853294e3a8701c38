"""Harmless files in the shapes that publishers ship: every tool should be silent on them."""

import bz2
import collections
import datetime as dt
import gzip
import json
import pickle
import random
import struct
import tarfile
import zipfile
import zlib

from evals.assemble import text
from evals.hostile_models import Cases, tar_of
from evals.models import gguf, npy_header, safetensors, torch_state, torch_zip, zip_of

NAMES = [f"model.layers.{n}.{part}.weight" for n in range(4) for part in ("attn", "mlp", "norm")]
CHATS = {
    "chatml": (
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n'"
        " + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    ),
    "bracket": (
        "{{ bos_token }}{% for message in messages %}"
        "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('roles must alternate') }}{% endif %}"
        "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] | trim + ' [/INST]' }}"
        "{% else %}{{ message['content'] + eos_token }}{% endif %}{% endfor %}"
    ),
    "tools": (
        "{%- set ns = namespace(found=false) -%}{%- if tools %}{{- 'Tools:\\n' -}}"
        "{%- for tool in tools %}{{- tool | tojson(indent=2) }}{%- endfor %}{%- endif %}"
        "{%- macro show(m) %}{{ m.role }}: {{ m['content'] if m['content'] is string else '' }}"
        "{%- endmacro %}{%- for m in messages if m.role not in ['tool'] %}{{ show(m) }}"
        "{%- if loop.last and m.get('tool_calls') %}{%- set ns.found = true %}{%- endif %}"
        "{%- endfor %}{{- strftime_now('%d %b %Y') if strftime_now is defined else '' }}"
    ),
}


def floats(seed: int, count: int) -> bytes:
    """Return values that look trained."""
    pick = random.Random(seed)
    return struct.pack(f"<{count}f", *(pick.gauss(0, 0.02) for _ in range(count)))


def halves(seed: int, count: int) -> bytes:
    """Return bf16 values that look trained."""
    raw = floats(seed, count)
    return b"".join(raw[at + 2 : at + 4] for at in range(0, len(raw), 4))


def plain_pickles() -> Cases:
    """Pickles of plain data, in every protocol."""
    value = {
        "vocab": {f"token{n}": n for n in range(300)},
        "scores": [n / 7 for n in range(100)],
        "labels": ("a", "b", None, True),
        "bytes": b"\x00\x01" * 20,
        "set": {1, 2, 3},
        "when": dt.date(2026, 1, 2),
        "ordered": collections.OrderedDict(a=1),
        "counts": collections.Counter("abca"),
        "lists": collections.defaultdict(list, {"a": [1]}),
        "complex": 1 + 2j,
        "range": range(3),
    }
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield "pickle", f"plain-{protocol}.pkl", pickle.dumps(value, protocol)
    several = b"".join(pickle.dumps(n, 4) for n in range(5))
    yield "pickle", "several.pkl", several
    mentions = {"readme": "call os.system('x') at your peril", "module": "os\nsystem\n"}
    yield "pickle", "mentions.pkl", pickle.dumps(mentions, 4)
    yield "pickle", "memo.pkl", b"\x80\x02]q\x00h\x00a" + text("a") + b"a."


def numpy_pickles() -> Cases:
    """Numpy arrays in pickles, as libraries write them."""
    import numpy as np  # noqa: PLC0415 - the other generators run without it

    rng = np.random.default_rng(9)
    told = {
        "array": rng.standard_normal((8, 8)),
        "ints": np.arange(9, dtype=np.int64),
        "scalar": np.float32(1.5),
        "strings": np.array(["a", "bc"]),
        "dtype": np.dtype("<f4"),
        "structured": np.zeros(2, dtype=[("a", "<i4"), ("b", "<f8")]),
        "rng": np.random.RandomState(0),
    }
    for name, value in told.items():
        for protocol in (2, 4, 5):
            yield "numpy-pickle", f"{name}-{protocol}.pkl", pickle.dumps(value, protocol)
    whole = pickle.dumps(told["array"], 4)
    yield "numpy-pickle", "array.joblib.z", zlib.compress(whole)
    yield "numpy-pickle", "array.pkl.gz", gzip.compress(whole, mtime=0)
    yield "numpy-pickle", "array.pkl.bz2", bz2.compress(whole)


def torch() -> Cases:
    """Torch state dicts."""
    for count in (1, 5, 12):
        yield "torch", f"state-{count}.pt", torch_zip(torch_state(NAMES[:count]))
    yield "torch", "deflated.pth", torch_zip(torch_state(NAMES), zipfile.ZIP_DEFLATED)
    body = torch_state(NAMES[:2])
    order = b"\x80\x02]q\x00" + text("0") + b"a."
    numbers = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
    system = b"\x80\x02}(" + text("protocol_version") + b"M\xe9\x03" + text("little_endian")
    system += b"\x88" + text("type_sizes") + b"}(" + text("int") + b"K\x04uu."
    storage = struct.pack("<Q", 16) + floats(1, 16)
    yield "torch", "legacy.pt", numbers + system + body + order + storage


def tensors() -> Cases:
    """Safetensors in several types, alone and in shards."""
    for kind, size, make in (("F32", 4, floats), ("BF16", 2, halves)):
        told = {n: (kind, [32, 32], make(i, 1024)) for i, n in enumerate(NAMES)}
        body = safetensors(told, {"format": "pt"})
        yield "safetensors", f"model-{kind}.safetensors", body
        assert len(body) > size * 1024  # noqa: S101 - a generator that makes nothing would flatter everyone
    shards = {
        f"model-0000{n}-of-00002.safetensors": safetensors(
            {name: ("F32", [32, 32], floats(i, 1024)) for i, name in enumerate(NAMES[n - 1 :: 2])}
        )
        for n in (1, 2)
    }
    where = {name: f"model-0000{1 + i % 2}-of-00002.safetensors" for i, name in enumerate(NAMES)}
    index = {"metadata": {"total_size": 4096 * len(NAMES)}, "weight_map": where}
    yield "safetensors", "shards/model.safetensors.index.json", json.dumps(index).encode()
    for name, body in shards.items():
        yield "safetensors", f"shards/{name}", body
    for name, chat in CHATS.items():
        told_of = {"general.architecture": "llama", "general.name": name}
        yield "gguf", f"{name}.gguf", gguf(told_of | {"tokenizer.chat_template": chat}, 3)


def numpy_files() -> Cases:
    """Arrays of numbers."""
    array = npy_header("<f4", (32, 32)) + floats(3, 1024)
    yield "numpy", "weights.npy", array
    yield "numpy", "weights.npz", zip_of({"a.npy": array, "b.npy": array})
    deflated = zip_of({"a.npy": array}, zipfile.ZIP_DEFLATED)
    yield "numpy", "compressed.npz", deflated


CODE = '''"""A model."""

import json
import os
from pathlib import Path

import torch
from torch import nn


class Model(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.line = nn.Linear(width, width)
        self.cache = os.environ.get("MODEL_CACHE", "~/.cache")

    def forward(self, x):
        return torch.nn.functional.gelu(self.line(x.eval() if hasattr(x, "eval") else x))


def load(folder: Path) -> Model:
    config = json.loads((folder / "config.json").read_text())
    model = Model(config["width"])
    return model.eval()
'''


def repositories() -> Cases:
    """Folders as a hub shows them: configuration, tokenizer, card, weights."""
    config = {"architectures": ["LlamaForCausalLM"], "hidden_size": 32, "torch_dtype": "float32"}
    card = "---\nlicense: apache-2.0\n---\n# A model\n\nRun `pip install x`, then see https://example.com.\n"
    for name, chat in CHATS.items():
        folder = f"repo-{name}"
        tokens = {"chat_template": chat, "eos_token": "</s>", "model_max_length": 4096}
        vocab = {f"t{n}": n for n in range(200)}
        yield "repository", f"{folder}/config.json", json.dumps(config).encode()
        yield "repository", f"{folder}/tokenizer_config.json", json.dumps(tokens).encode()
        yield (
            "repository",
            f"{folder}/tokenizer.json",
            json.dumps({"model": {"vocab": vocab}}).encode(),
        )
        yield "repository", f"{folder}/README.md", card.encode()
        weights = safetensors({"model.embed": ("F32", [32, 32], floats(5, 1024))}, {"format": "pt"})
        yield "repository", f"{folder}/model.safetensors", weights
        yield "repository", f"{folder}/generation_config.json", b'{"do_sample": true, "top_p": 0.9}'
    yield "code", "modeling/modeling.py", CODE.encode()
    yield "code", "requirements/requirements.txt", b"torch==2.13.0\nnumpy>=2\n"
    yield "text", "merges.txt", b"#version: 0.2\nt h\nth e\ni n\n"
    yield "text", "train.yaml", b"lr: 0.001\nlayers: [1, 2]\nname: 'x'\n"
    yield "text", "pyproject.toml", b"[project]\nname = 'x'\nversion = '1'\n"
    info = tarfile.TarInfo("model/config.json")
    yield "archive", "model.tar.gz", gzip.compress(tar_of([(info, b"{}")]), mtime=0)
    yield (
        "archive",
        "model.zip",
        zip_of({"model/config.json": b"{}", "a.npy": npy_header("<f4", (0,))}),
    )


def benign() -> Cases:
    """Yield every case: (family, path, bytes)."""
    for make in (plain_pickles, numpy_pickles, torch, tensors, numpy_files, repositories):
        yield from make()
