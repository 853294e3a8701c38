"""A folder of the Hugging Face shape, through transformers with `trust_remote_code`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import Any

from pratique.sandbox.guest.loaders import inputs

NAME = "transformers"
PACKAGES = ("transformers", "torch", "tokenizers", "huggingface-hub")
_TOKENS = 3
_OTHERS = {
    "AutoProcessor": "processor_config.json",
    "AutoImageProcessor": "preprocessor_config.json",
    "AutoFeatureExtractor": "preprocessor_config.json",
}
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.txt", "vocab.json", "spiece.model")
_MOST_CONFIG = 4 << 20
_MOST_SIDE = 1024


class Hub:
    """What a folder gave: a model, a tokenizer, other parts, pipelines of its own, what failed."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.model: Any = None
        self.tokenizer: Any = None
        self.pipelines: list[Any] = []
        self.left: list[tuple[str, str]] = []


def prepare() -> None:
    """Import transformers and torch, with the parts that every model goes through."""
    import torch  # noqa: F401
    import transformers
    from transformers import dynamic_module_utils  # noqa: F401

    for name in ("AutoConfig", "AutoTokenizer", "AutoModelForCausalLM", "AutoModel", "pipeline"):
        getattr(transformers, name)


def load(path: str, root: str) -> Hub:
    """Load all that `from_pretrained` finds in the folder, with the code that comes with it.

    Raises:
        Exception: what `from_pretrained` raised of the configuration or the model.

    """
    del root
    import transformers

    hub = Hub(path)
    told = _config(path)
    trust = {"trust_remote_code": True, "local_files_only": True}
    config = transformers.AutoConfig.from_pretrained(path, **trust)
    classes = {**(told.get("auto_map") or {}), **_tokenizer_map(path)}
    if "AutoTokenizer" in classes or any(_has(path, name) for name in _TOKENIZERS):
        hub.tokenizer = _part(hub, transformers.AutoTokenizer, trust)
    for name, file in _OTHERS.items():
        if name in classes or _has(path, file):
            _part(hub, getattr(transformers, name), trust)
    wanted = _model_class(transformers, told, classes)
    hub.model = _model(wanted, path, config, trust)
    for task in told.get("custom_pipelines") or {}:
        hub.pipelines.append(transformers.pipeline(task, model=path, trust_remote_code=True))
    return hub


def forget() -> None:
    """Drop the copies of a folder's code, in memory and in the home folder."""
    from transformers.utils.hub import HF_MODULES_CACHE

    for name in [name for name in sys.modules if name.startswith("transformers_modules")]:
        del sys.modules[name]
    shutil.rmtree(HF_MODULES_CACHE, ignore_errors=True)
    if HF_MODULES_CACHE in sys.path:
        sys.path.remove(HF_MODULES_CACHE)


def skipped(hub: Hub) -> list[tuple[str, str]]:
    """Return the parts that could not be loaded, and why."""
    return hub.left


def infer(hub: Hub, seed: int) -> bool:
    """Render the chat template, generate a few tokens or run the model forward, run pipelines."""
    import torch

    texts = inputs.texts(seed)
    for text in texts:
        given = _tokens(hub, text, seed)
        with torch.no_grad():
            if hasattr(hub.model, "generate") and hub.model.can_generate():
                hub.model.generate(given, max_new_tokens=_TOKENS, do_sample=False)
            else:
                _forward(hub.model, given, seed)
    if _has(hub.path, "custom_generate/generate.py"):
        given = _tokens(hub, texts[0], seed)
        hub.model.generate(given, custom_generate=hub.path, trust_remote_code=True)
    for pipeline in hub.pipelines:
        pipeline(texts[0])
    return True


def reference(folder: str) -> str:
    """Make a tiny Llama with a tokenizer, a chat template and a configuration in Python."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    torch.manual_seed(0)
    path = f"{folder}/reference"
    letters = {chr(code): code for code in range(256)}
    bare = Tokenizer(models.BPE(vocab=letters, merges=[], unk_token=chr(0)))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=bare, unk_token=chr(0))
    fast.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    fast.save_pretrained(path)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    sizes |= {"num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": 256}
    config = transformers.LlamaConfig(**sizes, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    transformers.LlamaForCausalLM(config).save_pretrained(path)
    _with_code(path)
    return "reference"


_CODE = """from transformers import LlamaConfig, LlamaForCausalLM


class TinyConfig(LlamaConfig):
    model_type = "tiny-reference"


class TinyForCausalLM(LlamaForCausalLM):
    config_class = TinyConfig
"""


def _with_code(path: str) -> None:
    with open(f"{path}/modeling_tiny.py", "w", encoding="utf-8") as file:
        file.write(_CODE)
    told = _config(path)
    told["model_type"] = "tiny-reference"
    told["architectures"] = ["TinyForCausalLM"]
    names = {"AutoConfig": "TinyConfig", "AutoModelForCausalLM": "TinyForCausalLM"}
    told["auto_map"] = {auto: f"modeling_tiny.{name}" for auto, name in names.items()}
    with open(f"{path}/config.json", "w", encoding="utf-8") as file:
        json.dump(told, file)


def _part(hub: Hub, kind: Any, trust: dict[str, Any]) -> Any:
    """Load what a model can also be used without; keep why it failed."""
    try:
        return kind.from_pretrained(hub.path, **trust)
    except Exception as e:  # noqa: BLE001 - hostile code raises what it likes
        hub.left.append((kind.__name__, f"transformers: {type(e).__name__}: {e}"[:500]))
    return None


def _model_class(transformers: Any, told: dict[str, Any], classes: dict[str, Any]) -> Any:
    for name in classes:
        if name.startswith("AutoModel"):
            return getattr(transformers, name)
    for name in told.get("architectures") or []:
        if isinstance(name, str) and hasattr(transformers, name):
            return getattr(transformers, name)
    return transformers.AutoModel


def _model(kind: Any, path: str, config: Any, trust: dict[str, Any]) -> Any:
    """Load the model; one without weights in the folder is made of its configuration."""
    weights = (".safetensors", ".bin", ".h5", ".msgpack", ".gguf")
    if any(name.endswith(weights) for name in os.listdir(path)):
        return kind.from_pretrained(path, config=config, **trust)
    if hasattr(kind, "from_config"):
        return kind.from_config(config, trust_remote_code=True)
    return kind(config)


def _tokens(hub: Hub, text: str, seed: int) -> Any:
    import torch

    below = int(getattr(hub.model.config, "vocab_size", 0) or 64)
    if hub.tokenizer is None:
        return torch.from_numpy(inputs.whole_numbers((1, 8), seed, below))
    if getattr(hub.tokenizer, "chat_template", None):
        said = [{"role": "user", "content": text}]
        text = hub.tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
    given = hub.tokenizer(text, return_tensors="pt")["input_ids"]
    return given[:, :64].clamp(0, below - 1)


def _forward(model: Any, given: Any, seed: int) -> None:
    import torch

    name = getattr(model, "main_input_name", "input_ids")
    if name == "input_ids":
        model(given)
        return
    size = getattr(model.config, "image_size", 0)
    side = size if isinstance(size, int) and 0 < size <= _MOST_SIDE else 224
    channels = int(getattr(model.config, "num_channels", 3) or 3)
    shape = (1, channels, side, side) if name == "pixel_values" else (1, 16_000)
    model(**{name: torch.from_numpy(inputs.values(shape, seed))})


def _config(path: str) -> dict[str, Any]:
    return _json(f"{path}/config.json")


def _tokenizer_map(path: str) -> dict[str, Any]:
    if not _has(path, "tokenizer_config.json"):
        return {}
    return _json(f"{path}/tokenizer_config.json").get("auto_map") or {}


def _json(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        held = json.loads(file.read(_MOST_CONFIG))
    if not isinstance(held, dict):
        raise TypeError(f"{path}: is no JSON object")
    return held


def _has(path: str, name: str) -> bool:
    return os.path.isfile(f"{path}/{name}")
