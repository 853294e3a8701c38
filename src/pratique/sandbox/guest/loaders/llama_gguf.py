"""A GGUF file through llama.cpp (xllamacpp): its chat template is rendered, a few tokens follow."""

from __future__ import annotations

import struct
from typing import Any

from pratique.sandbox.guest.loaders import inputs

NAME = "llama.cpp"
PACKAGES = ("xllamacpp",)
_TOKENS = 4
_WIDTH = 32
_TYPES = {bool: 7, int: 4, float: 6, str: 8, list: 9}


def prepare() -> None:
    """Import the bindings."""
    import xllamacpp  # noqa: F401


def load(path: str, root: str) -> Any:
    """Return a server object, which answers calls and listens nowhere a model could reach."""
    del root
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.offline = True
    params.n_ctx = 256
    params.n_batch = params.n_ubatch = 128
    params.n_parallel = 1
    params.n_predict = _TOKENS
    params.n_gpu_layers = 0
    params.warmup = False
    params.fit_params = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
    return xllamacpp.Server(params)


def infer(model: Any, seed: int) -> bool:
    """Complete a text and answer a chat, for which the file's own template is rendered."""
    import json

    for text in inputs.texts(seed):
        _ask(model.handle_completions, json, {"prompt": text, "max_tokens": _TOKENS})
    said = [{"role": "user", "content": inputs.texts(seed)[0]}]
    _ask(model.handle_chat_completions, json, {"messages": said, "max_tokens": _TOKENS})
    return True


def reference(folder: str) -> str:
    """Make a Llama of one block with random-looking weights and a vocabulary of bytes."""
    with open(f"{folder}/reference.gguf", "wb") as file:
        file.write(_gguf(_metadata(), _tensors()))
    return "reference.gguf"


def _ask(call: Any, json: Any, request: dict[str, Any]) -> None:
    answer = call({**request, "seed": 1, "temperature": 0})
    told = json.loads(answer) if isinstance(answer, (str, bytes)) else answer
    if isinstance(told, dict) and "error" in told:
        raise RuntimeError(str(told["error"])[:500])


def _metadata() -> dict[str, Any]:
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{code:02X}>" for code in range(256))]
    kinds = [2, 3, 3, *([6] * 256)]
    return {
        "general.architecture": "llama",
        "general.name": "reference",
        "llama.context_length": 256,
        "llama.embedding_length": _WIDTH,
        "llama.block_count": 1,
        "llama.feed_forward_length": 2 * _WIDTH,
        "llama.attention.head_count": 2,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": _WIDTH // 2,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.scores": [0.0] * len(tokens),
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.chat_template": "{% for m in messages %}{{ m['content'] }}{% endfor %}",
    }


def _tensors() -> dict[str, tuple[int, ...]]:
    wide, inner, words = _WIDTH, 2 * _WIDTH, 259
    block: dict[str, tuple[int, ...]] = {
        f"attn_{one}.weight": (wide, wide) for one in ("q", "k", "v", "output")
    }
    block |= {"attn_norm.weight": (wide,), "ffn_norm.weight": (wide,)}
    block |= {"ffn_gate.weight": (wide, inner), "ffn_up.weight": (wide, inner)}
    block |= {"ffn_down.weight": (inner, wide)}
    named = {f"blk.0.{name}": shape for name, shape in block.items()}
    ends = {"token_embd.weight": (wide, words), "output.weight": (wide, words)}
    return {**ends, "output_norm.weight": (wide,), **named}


def _gguf(metadata: dict[str, Any], tensors: dict[str, tuple[int, ...]]) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for name, value in metadata.items():
        head += _string(name) + struct.pack("<I", _TYPES[type(value)]) + _value(value)
    data = b""
    for name, shape in tensors.items():
        count = 1
        for side in shape:
            count *= side
        head += _string(name) + struct.pack("<I", len(shape))
        head += struct.pack(f"<{len(shape)}Q", *shape) + struct.pack("<IQ", 0, len(data))
        numbers = [((at * 37) % 101 - 50) / 500 for at in range(count)]
        data += struct.pack(f"<{count}f", *numbers)
        data += bytes(-len(data) % 32)
    return head + bytes(-len(head) % 32) + data


def _value(value: Any) -> bytes:
    if isinstance(value, list):
        kind = type(value[0])
        number = 5 if kind is int else _TYPES[kind]  # arrays of token types are signed
        start = struct.pack("<IQ", number, len(value))
        return start + b"".join(
            struct.pack("<i", one) if kind is int else _value(one) for one in value
        )
    if isinstance(value, str):
        return _string(value)
    return struct.pack("<f" if isinstance(value, float) else "<I", value)


def _string(text: str) -> bytes:
    body = text.encode()
    return struct.pack("<Q", len(body)) + body
