"""What shapes and counts a `config.json` promises, for the families whose layouts are settled.

Sources: the modelling code of the families in huggingface/transformers. Everything that is not
certain here stays silent: quantised checkpoints, adapters, models of several parts.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pratique.artifacts.views import Repository, RepositoryFile

Config = Mapping[str, object]

LLAMA = frozenset({"llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "mixtral"})
BERT = frozenset({"bert", "roberta", "xlm-roberta", "camembert", "electra"})
GPT2 = frozenset({"gpt2"})
MANY_PARTS = ("text_config", "vision_config", "quantization_config", "quantization", "decoder")
PADDING_MOST = 4_096
"""Rows that an embedding may have beyond the vocabulary, to be a round number."""

_SHAPES: tuple[tuple[frozenset[str], str, tuple[str, ...]], ...] = (
    (LLAMA, r"(model\.)?embed_tokens\.weight", ("vocab_size+", "hidden_size")),
    (LLAMA, r"lm_head\.weight", ("vocab_size+", "hidden_size")),
    (LLAMA, r"(model\.)?norm\.weight", ("hidden_size",)),
    (LLAMA, r"(model\.)?layers\.\d+\.input_layernorm\.weight", ("hidden_size",)),
    (
        LLAMA,
        r"(model\.)?layers\.\d+\.mlp\.(gate|up)_proj\.weight",
        ("intermediate_size", "hidden_size"),
    ),
    (LLAMA, r"(model\.)?layers\.\d+\.mlp\.down_proj\.weight", ("hidden_size", "intermediate_size")),
    (LLAMA, r"(model\.)?layers\.\d+\.self_attn\.q_proj\.weight", ("queries", "hidden_size")),
    (LLAMA, r"(model\.)?layers\.\d+\.self_attn\.[kv]_proj\.weight", ("keys", "hidden_size")),
    (LLAMA, r"(model\.)?layers\.\d+\.self_attn\.o_proj\.weight", ("hidden_size", "queries")),
    (
        BERT,
        r"(\w+\.)?encoder\.layer\.\d+\.intermediate\.dense\.weight",
        ("intermediate_size", "hidden_size"),
    ),
    (
        BERT,
        r"(\w+\.)?encoder\.layer\.\d+\.output\.dense\.weight",
        ("hidden_size", "intermediate_size"),
    ),
    (
        BERT,
        r"(\w+\.)?encoder\.layer\.\d+\.attention\.self\.query\.weight",
        ("hidden_size", "hidden_size"),
    ),
    (GPT2, r"(transformer\.)?wte\.weight", ("vocab_size+", "n_embd")),
    (GPT2, r"(transformer\.)?wpe\.weight", ("n_positions", "n_embd")),
    (GPT2, r"(transformer\.)?h\.\d+\.ln_1\.weight", ("n_embd",)),
)
_RULES = tuple((family, re.compile(pattern), dims) for family, pattern, dims in _SHAPES)
_LAYERS = (
    (LLAMA, re.compile(r"(?:model\.)?layers\.(\d{1,6})\."), "num_hidden_layers"),
    (BERT, re.compile(r"(?:\w+\.)?encoder\.layer\.(\d{1,6})\."), "num_hidden_layers"),
    (GPT2, re.compile(r"(?:transformer\.)?h\.(\d{1,6})\."), "n_layer"),
)
_FLOATS = frozenset({"f64", "f32", "f16", "bf16"})


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A config and every tensor that the files beside it name: (file, name, dtype, shape)."""

    path: str
    config: Config
    tensors: tuple[tuple[str, str, str, tuple[int, ...]], ...]
    whole: bool


def checkpoints(view: Repository) -> Iterator[Checkpoint]:
    """Yield each folder that has a config of a known family and plain weights beside it."""
    for file in view.files:
        config = file.fact("json")
        if posixpath.basename(file.path) != "config.json" or not isinstance(config, Mapping):
            continue
        folder = posixpath.dirname(file.path)
        beside = [f for f in view.files if posixpath.dirname(f.path) == folder]
        if _settled(config) and not any(f.path.endswith("adapter_config.json") for f in beside):
            tensors, whole = _tensors(beside)
            if tensors:
                yield Checkpoint(file.path, config, tensors, whole)


def expected(config: Config, name: str) -> tuple[tuple[int, int], ...] | None:
    """Return (least, most) of each dimension that the config promises; None when it does not."""
    for family, pattern, words in _RULES:
        if _family(config) in family and pattern.fullmatch(name):
            dims = [_dimension(config, word) for word in words]
            told = [dim for dim in dims if dim is not None]
            return tuple(told) if len(told) == len(dims) else None
    return None


def layers(checkpoint: Checkpoint) -> tuple[int, int] | None:
    """Return how many layers the config promises and how many are there, None when unsure."""
    for family, pattern, word in _LAYERS:
        told = _number(checkpoint.config, word)
        if _family(checkpoint.config) in family and told and checkpoint.whole:
            numbers = {m[1] for _, name, _, _ in checkpoint.tensors if (m := pattern.match(name))}
            return (told, len(numbers)) if numbers else None
    return None


def is_float(dtype: str) -> bool:
    """Tell whether elements are plain real numbers."""
    return dtype in _FLOATS


def _family(config: Config) -> str:
    told = config.get("model_type")
    return told if isinstance(told, str) else ""


def _settled(config: Config) -> bool:
    return _family(config) in LLAMA | BERT | GPT2 and not any(
        config.get(word) for word in MANY_PARTS
    )


def _number(config: Config, word: str) -> int:
    value = config.get(word)
    return value if type(value) is int and 0 < value < 1 << 40 else 0


def _dimension(config: Config, word: str) -> tuple[int, int] | None:
    if word in {"queries", "keys"}:
        heads = _number(config, "num_attention_heads")
        head = _number(config, "head_dim") or (
            _number(config, "hidden_size") // heads if heads else 0
        )
        if word == "keys":
            heads = _number(config, "num_key_value_heads") or heads
        size = heads * head
    else:
        size = _number(config, word.removesuffix("+"))
    return (size, size + PADDING_MOST * word.endswith("+")) if size else None


def _tensors(
    files: Sequence[RepositoryFile],
) -> tuple[tuple[tuple[str, str, str, tuple[int, ...]], ...], bool]:
    """Return the tensors of every file, and whether none was cut; nothing when adapters mix in."""
    rows: list[tuple[str, str, str, tuple[int, ...]]] = []
    whole = True
    for file in files:
        told = file.fact("tensors")
        if not isinstance(told, Mapping) or told.get("source") == "gguf":
            continue
        whole &= not told.get("cut")
        listed = told.get("tensors")
        for name, dtype, shape in listed if isinstance(listed, list) else ():
            if ".lora_" in name or name.startswith("base_model."):
                return (), False
            rows.append((file.path, name, dtype, tuple(shape)))
    return tuple(rows), whole
