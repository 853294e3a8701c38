"""Write the samples of the rules on tensor files: `python tests/harness/make_tensor_samples.py`.

Nothing here runs or could: programs are headers without code, scripts name a canary only.
"""

import json
import random
import struct
import sys
import textwrap
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from harness import make_tensors as make  # noqa: E402 - the path is set above

Sample = bytes | Mapping[str, bytes]

F32 = struct.pack("<4f", 0.5, -1.5, 2.0, 0.25)
WEIGHT = ("w", "F32", [4], F32)
GOOD = make.safetensors([WEIGHT, ("b", "BF16", [2], b"\0\x3f\0\xbf")], {"format": "pt"})
ARCHITECTURE = [("general.architecture", "llama"), ("general.name", "sample")]
TENSOR = ("token_embd.weight", 0, [4], F32)
GOOD_GGUF = make.gguf([*ARCHITECTURE, ("tokenizer.ggml.tokens", ["a", "b"])], [TENSOR])
GOOD_NPY = make.npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", F32)


def raw(header: str, body: bytes = F32, length: int | None = None) -> bytes:
    return make.safetensors_raw(header, body, length)


def entry(shape: str = "[4]", offsets: str = "[0,16]", more: str = "") -> str:
    return f'{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}{more}}}'


def npy(header: str) -> bytes:
    return make.npy(header, F32)


def in_tensor(payload: bytes, lead: int = 37) -> bytes:
    """Hide a payload among bytes that look like small weights."""
    body = (b"\x3c\x9a" * 40)[:lead] + payload
    return make.safetensors([("layer.weight", "U8", [len(body)], body)])


def a_zip() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(zipfile.ZipInfo("canary.txt"), "harmless")
    return out.getvalue()


def words(count: int, seed: int = 7) -> bytes:
    """Return letters in no order, as an encoded payload would look."""
    pick = random.Random(seed)  # noqa: S311 - a sample, no secret
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return bytes(pick.choice(letters) for _ in range(count))


def typed(word: str, width: int, body: bytes) -> bytes:
    return make.safetensors([("layer.weight", word, [len(body) // width], body)])


LOW_HALVES = [bytes([32 + n * 37 % 94]) for n in range(1024)]


def shards(weight_map: Mapping[str, str], files: Mapping[str, bytes], size: int) -> Sample:
    index = {"metadata": {"total_size": size}, "weight_map": dict(weight_map)}
    return {"model.safetensors.index.json": json.dumps(index).encode(), **files}


ONE = make.safetensors([("a", "F32", [4], F32)])
TWO = make.safetensors([("b", "F32", [4], F32)])
BOTH = make.safetensors([("a", "F32", [4], F32), ("b", "F32", [4], F32)])
MAP = {"a": "model-1.safetensors", "b": "model-2.safetensors"}


def flat(name: str, word: str, item: bytes, count: int, shape: list[int]) -> bytes:
    return make.safetensors([(name, word, shape, item * count)])


def blocks(scale: bytes, count: int = 32) -> bytes:
    body = (scale + bytes(range(16))) * count
    return make.gguf(ARCHITECTURE, [("blk.0.ffn_up.weight", 2, [32, count], body)])


CONFIG = {
    "model_type": "llama",
    "hidden_size": 4,
    "intermediate_size": 6,
    "vocab_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "torch_dtype": "float16",
}


def llama(
    layers: int = 1, inner: int = 6, word: str = "F16", config: Mapping[str, object] = CONFIG
) -> Sample:
    """Return a folder with a tiny llama, sound unless told otherwise."""
    size = {"F16": 2, "F32": 4, "I32": 4}[word]
    shapes: dict[str, list[int]] = {"model.embed_tokens.weight": [8, 4], "model.norm.weight": [4]}
    for n in range(layers):
        shapes[f"model.layers.{n}.mlp.up_proj.weight"] = [inner, 4]
        shapes[f"model.layers.{n}.self_attn.q_proj.weight"] = [4, 4]
    tensors = []
    for name, shape in shapes.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        tensors.append((name, word, shape, bytes(i % 50 + 1 for i in range(count * size))))
    return {
        "config.json": json.dumps(dict(config)).encode(),
        "model.safetensors": make.safetensors(tensors),
    }


SAMPLES: dict[str, dict[str, Sample]] = {
    "safetensors-header-lie": {
        "bad-past-the-end": raw(f'{{"w":{entry("[99]", "[0,396]")}}}'),
        "bad-cut-download": GOOD[:-6],
        "bad-shape": raw(f'{{"w":{entry("[5]")}}}'),
        "evasion-length-overflow": raw(f'{{"w":{entry()}}}', length=(1 << 64) - 1),
        "evasion-shape-overflow": raw(f'{{"w":{entry("[4294967296,4294967296,4]")}}}'),
        "good-small": GOOD,
    },
    "safetensors-duplicate-key": {
        "bad-tensor-twice": raw(f'{{"w":{entry()},"w":{entry()}}}'),
        "evasion-escaped-key": raw(f'{{"w":{entry()},"\\u0077":{entry()}}}'),
        "evasion-field-twice": raw('{"w":' + entry(more=',"dtype":"F32"') + "}"),
        "good-two-names": make.safetensors([WEIGHT, ("W", "F32", [4], F32)]),
    },
    "safetensors-overlapping-tensors": {
        "bad-same-bytes": raw(f'{{"w":{entry()},"v":{entry()}}}'),
        "evasion-nested": raw(f'{{"v":{entry("[1]", "[8,12]")},"w":{entry()}}}'),
        "good-neighbours": make.safetensors([WEIGHT, ("v", "F32", [4], F32)]),
    },
    "safetensors-stray-bytes": {
        "bad-tail": make.safetensors([WEIGHT], tail=b"not a tensor"),
        "evasion-short-zero-hole": raw(
            f'{{"w":{entry()},"v":{entry("[1]", "[24,28]")}}}', F32 + bytes(8) + F32[:4]
        ),
        "good-empty-tensor": make.safetensors([("z", "F32", [0, 3], b""), WEIGHT]),
    },
    "safetensors-hidden-header-data": {
        "bad-metadata-not-text": raw(f'{{"__metadata__":{{"run":["x"]}},"w":{entry()}}}'),
        "evasion-white-space": raw(f'{{"w":{entry()}}}' + " \t\t \t  \t" * 40),
        "evasion-field-in-entry": raw('{"w":' + entry(more=',"init":"touch canary"') + "}"),
        "good-metadata": GOOD,
    },
    "safetensors-shard-mismatch": {
        "bad-missing-shard": shards(MAP, {"model-1.safetensors": ONE}, 32),
        "bad-tensor-not-there": shards(
            MAP, {"model-1.safetensors": ONE, "model-2.safetensors": ONE}, 32
        ),
        "evasion-tensor-in-two-shards": shards(
            MAP, {"model-1.safetensors": BOTH, "model-2.safetensors": TWO}, 48
        ),
        "good-shards": shards(MAP, {"model-1.safetensors": ONE, "model-2.safetensors": TWO}, 32),
    },
    "shard-path-escape": {
        "bad-climbs": shards({"a": "../../other/model.safetensors"}, {}, 16),
        "bad-absolute": shards({"a": "/etc/hostname"}, {}, 16),
        "evasion-backslash": shards({"a": "weights\\..\\..\\other.safetensors"}, {}, 16),
        "good-sub-folder": shards(
            {"a": "weights/one.safetensors"}, {"weights/one.safetensors": ONE}, 16
        ),
    },
    "gguf-header-lie": {
        "bad-past-the-end": GOOD_GGUF[:-24],
        "bad-counts": b"GGUF\3\0\0\0" + struct.pack("<QQ", 1 << 60, 1 << 60) + bytes(64),
        "evasion-big-endian-overflow": make.gguf(
            ARCHITECTURE, [("t", 0, [1 << 62, 1 << 62], F32)], order=">"
        ),
        "evasion-version-1-unknown-type": make.gguf([], [("t", 77, [4], F32)], version=1),
        "good-small": GOOD_GGUF,
    },
    "gguf-duplicate-key": {
        "bad-key": make.gguf([*ARCHITECTURE, ("general.architecture", "bert")], [TENSOR]),
        "evasion-tensor": make.gguf(ARCHITECTURE, [TENSOR, TENSOR]),
        "good-small": GOOD_GGUF,
    },
    "gguf-overlapping-tensors": {
        "bad-same-bytes": make.gguf(ARCHITECTURE, [TENSOR, ("b", 0, [4], F32)], offsets={"b": 0}),
        "evasion-version-1": make.gguf(
            [], [("a", 0, [16], F32 * 4), ("b", 1, [4], F32)], version=1, offsets={"b": 32}
        ),
        "good-neighbours": make.gguf(ARCHITECTURE, [TENSOR, ("b", 0, [4], F32)]),
    },
    "gguf-stray-bytes": {
        "bad-gap": make.gguf(
            ARCHITECTURE, [TENSOR, ("b", 0, [4], b"hidden" * 20 + F32)], offsets={"b": 128}
        ),
        "evasion-short-zero-tail": GOOD_GGUF + bytes(64),
        "good-small": GOOD_GGUF,
    },
    "gguf-hidden-data": {
        "bad-padding": make.gguf(ARCHITECTURE, [("a", 0, [3], F32[:12]), TENSOR], pad=b"!"),
        "evasion-header-padding": make.gguf(ARCHITECTURE, [("a", 0, [8], F32 * 2)], pad=b"\1"),
        "good-small": GOOD_GGUF,
    },
    "npy-header-lie": {
        "bad-shape": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9, 9), }"),
        "evasion-expression": npy("__import__('pathlib').Path('canary').touch()"),
        "evasion-deep": npy("[" * 2000),
        "good-small": GOOD_NPY,
    },
    "npy-duplicate-key": {
        "bad-shape-twice": npy(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'shape': (1,), }"
        ),
        "evasion-other-quotes": npy(
            "{'descr': '<f4', \"descr\": '<i4', 'fortran_order': False, 'shape': (4,), }"
        ),
        "good-small": GOOD_NPY,
    },
    "native-program-file": {
        "bad-elf": make.elf(),
        "bad-pe": make.pe(),
        "evasion-mach-o": make.macho(),
        "evasion-fat-mach-o": struct.pack(
            ">IIIIIII", 0xCAFEBABE, 1, 0x01000007, 3, 4096, 9000, 12
        ).ljust(96, b"\0"),
        "good-magic-only": b"\x7fELF is how a text about programs may begin\n",
    },
    "embedded-executable": {
        "bad-elf-in-tensor": in_tensor(make.elf()),
        "bad-pe-in-gguf": make.gguf(ARCHITECTURE, [("t", 24, [512], make.pe())]),
        "evasion-odd-offset": in_tensor(make.macho(), lead=63),
        "evasion-behind-an-array": GOOD_NPY + make.elf(),
        "good-marks-only": in_tensor(b"\x7fELF\2\1\1MZPE\0\0\x64\x86" + bytes(range(200))),
    },
    "embedded-archive": {
        "bad-zip-in-tensor": in_tensor(a_zip()),
        "evasion-behind-an-array": GOOD_NPY + a_zip(),
        "good-marks-only": in_tensor(b"PK\3\4" + bytes(range(100, 200)) + b"\x1f\x8b\x08\xff"),
    },
    "embedded-script": {
        "bad-shell": in_tensor(b"#!/bin/sh\ntouch canary\n"),
        "evasion-pickle": in_tensor(b"\x80\4\x8c\5posix\x94\x8c\6system\x94\x93\x94."),
        "evasion-framed-stream": in_tensor(b"\x80\4\x95\x08" + bytes(7) + b"\x8c\4abcd\x94."),
        "good-text-outside": make.safetensors([WEIGHT], {"note": "#!/bin/sh starts a script\n"}),
    },
    "text-in-tensor": {
        "bad-base64-in-halves": typed("BF16", 2, b"\x3c\x9a" * 40 + words(1024)),
        "bad-code-in-bytes": typed("U8", 1, b"import socket, os\n" + words(1006)),
        "evasion-blocks": make.gguf(
            ARCHITECTURE, [("blk.0.ffn_up.weight", 2, [32, 72], words(72 * 18))]
        ),
        "evasion-wide-integers": typed("I64", 8, bytes(80) + words(1200)),
        "good-norm-of-one-range": typed("BF16", 2, b"".join(b + b"\x3f" for b in LOW_HALVES)),
        "good-packed-zero-points": typed("I32", 4, b"\x77" * 2048),
        "good-text-array": make.npy(
            "{'descr': '|S1024', 'fortran_order': False, 'shape': (1,), }", words(1024)
        ),
    },
    "tensor-nan": {
        "bad-f32": make.safetensors([("w", "F32", [2], struct.pack("<2f", 1, float("nan")))]),
        "evasion-negative-signalling": make.safetensors([("w", "BF16", [2], b"\x81\xff\0\x3f")]),
        "evasion-block-scale": blocks(b"\1\x7e"),
        "good-finite": GOOD,
    },
    "tensor-infinity": {
        "bad-f16": make.safetensors([("w", "F16", [2], b"\0\x7c\0\x3c")]),
        "evasion-float8": make.safetensors([("w", "F8_E5M2", [2], b"\xfc\x3c")]),
        "good-mask": make.safetensors(
            [("attn_mask", "F32", [2, 2], struct.pack("<4f", 0, -float("inf"), 0, 0))]
        ),
        "good-largest": make.safetensors([("w", "F16", [2], b"\xff\x7b\0\x3c")]),
    },
    "tensor-all-zero": {
        "bad-matrix": flat("mlp.up.weight", "F8_E5M2", b"\0", 1024, [32, 32]),
        "evasion-negative-zero": flat("mlp.up.weight", "F8_E4M3", b"\x80\0", 512, [32, 32]),
        "evasion-blocks": blocks(b"\0\x80"),
        "good-bias": flat("mlp.up.bias", "F8_E5M2", b"\0", 1024, [1024]),
        "good-fresh-adapter": flat("q_proj.lora_B.weight", "F8_E5M2", b"\0", 1024, [32, 32]),
    },
    "tensor-constant": {
        "bad-matrix": flat("mlp.up.weight", "F8_E5M2", b"\x3c", 1024, [32, 32]),
        "evasion-three-dimensions": flat("conv.weight", "F8_E4M3", b"\xb8", 1024, [16, 16, 4]),
        "good-norm": flat("norm.weight", "F8_E5M2", b"\x3c", 1024, [1024]),
        "good-integers": flat("qzeros", "U8", b"\x77", 1024, [32, 32]),
    },
    "shape-contradicts-config": {
        "bad-shape": llama(inner=7),
        "evasion-layer-too-many": llama(layers=2),
        "good-llama": llama(),
        "good-quantised": llama(inner=7, config={**CONFIG, "quantization_config": {"bits": 4}}),
    },
    "dtype-contradicts-config": {
        "bad-integers": llama(word="I32"),
        "evasion-wider": llama(word="F32", config={**CONFIG, "torch_dtype": "torch.bfloat16"}),
        "good-llama": llama(),
    },
}


def main() -> int:
    """Write every sample; snapshots are written by scripts/snapshot_samples.py."""
    for slug, cases in SAMPLES.items():
        folder = ROOT / "samples" / slug
        folder.mkdir(parents=True, exist_ok=True)
        for name, sample in cases.items():
            if isinstance(sample, bytes):
                text = "\n".join(textwrap.wrap(sample.hex(), 100)) + "\n"
                (folder / f"{name}.hex").write_text(text)
            else:
                tree = {path: body.hex() for path, body in sample.items()}
                (folder / f"{name}.tree.json").write_text(json.dumps(tree, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
