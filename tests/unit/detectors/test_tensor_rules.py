"""Rules on tensors stay silent on what sound models do, and survive facts of any shape."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import make_tensors as make
from harness.inspecting import inspect_bytes
from pratique.artifacts.views import Repository, RepositoryFile, TensorSpan, TensorStats
from pratique.core.finding import Finding
from pratique.detectors.integrity.safetensors_shard_mismatch import SafetensorsShardMismatch
from pratique.detectors.integrity.shard_path_escape import ShardPathEscape
from pratique.detectors.tensors.dtype_contradicts_config import DtypeContradictsConfig
from pratique.detectors.tensors.shape_contradicts_config import ShapeContradictsConfig
from pratique.detectors.tensors.weight_kinds import must_vary

RULES = (
    SafetensorsShardMismatch(),
    ShardPathEscape(),
    DtypeContradictsConfig(),
    ShapeContradictsConfig(),
)
LLAMA = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 96,
    "vocab_size": 100,
    "num_hidden_layers": 2,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "torch_dtype": "bfloat16",
}
Row = tuple[str, str, list[int]]
SOUND: list[Row] = [
    ("model.embed_tokens.weight", "bf16", [128, 64]),  # padded
    ("model.norm.weight", "bf16", [64]),
    *(
        (f"model.layers.{n}.{name}.weight", "bf16", shape)
        for n in range(2)
        for name, shape in (
            ("self_attn.q_proj", [64, 64]),
            ("self_attn.k_proj", [16, 64]),
            ("mlp.down_proj", [64, 96]),
            ("input_layernorm", [64]),
        )
    ),
]


def repository(config: object, rows: Iterable[Row], *others: str) -> Repository:
    tensors = {"source": "safetensors", "tensors": [list(r) for r in rows], "cut": False}
    files = [
        RepositoryFile(path="m/config.json", digest="", size=1, facts=(("json", (), config),)),
        RepositoryFile(
            path="m/a.safetensors", digest="", size=1, facts=(("tensors", (), tensors),)
        ),
        *(RepositoryFile(path=path, digest="", size=1, facts=()) for path in others),
    ]
    return Repository(files=tuple(files))


def findings(view: Repository) -> list[Finding]:
    return [f for rule in RULES for f in rule.inspect(view)]


def test_sound_checkpoints_are_silent() -> None:
    assert findings(repository(LLAMA, SOUND)) == []


@pytest.mark.parametrize(
    ("config", "rows"),
    [
        ({**LLAMA, "quantization_config": {"bits": 4}}, [("lm_head.weight", "u8", [1, 2])]),
        ({**LLAMA, "text_config": {"a": 1}}, [("lm_head.weight", "f32", [1, 2])]),
        ({**LLAMA, "model_type": "mamba"}, [("lm_head.weight", "f32", [1, 2])]),
        (LLAMA, [("base_model.model.x.lora_A.weight", "f32", [8, 64])]),
        (
            {**LLAMA, "head_dim": 16},
            [("model.layers.0.self_attn.q_proj.weight", "bf16", [128, 64])],
        ),
    ],
)
def test_what_is_not_settled_is_silent(config: object, rows: list[Row]) -> None:
    told = findings(repository(config, rows))
    assert [f for f in told if "layers; the weights" not in f.says] == []


def test_adapters_beside_a_config_are_silent() -> None:
    rows: list[Row] = [("lm_head.weight", "f32", [1, 2])]
    assert findings(repository(LLAMA, rows, "m/adapter_config.json")) == []


@pytest.mark.parametrize(
    "row",
    [
        ("model.embed_tokens.weight", "bf16", [90, 64]),
        ("model.embed_tokens.weight", "bf16", [9_000, 64]),
        ("model.norm.weight", "bf16", [64, 1]),
        ("model.layers.0.self_attn.k_proj.weight", "bf16", [64, 64]),
        ("model.layers.7.input_layernorm.weight", "bf16", [64]),
    ],
)
def test_what_contradicts_is_told(row: Row) -> None:
    rows = [r for r in SOUND if r[0] != row[0]] + [row]
    assert {f.rule for f in findings(repository(LLAMA, rows))} == {"TEN005"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*LLAMA, "weight_map", "metadata", "total_size", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from([*LLAMA, "weight_map", "metadata"]), JSON, max_size=6))
def test_any_config_is_survived(config: dict[str, object]) -> None:
    for told in (config, {"model_type": "llama", **config}, {**LLAMA, **config}):
        view = repository(told, SOUND)
        index = RepositoryFile(
            path="m/x.index.json", digest="", size=1, facts=(("json", (), told),)
        )
        findings(Repository(files=(*view.files, index)))


@pytest.mark.parametrize(
    ("name", "dtype", "shape", "want"),
    [
        ("model.layers.0.mlp.up_proj.weight", "bf16", (64, 64), True),
        ("model.norm.weight", "bf16", (4096,), False),
        ("conv.bias", "f32", (64, 64), False),
        ("x.lora_B.weight", "f32", (64, 64), False),
        ("qweight", "i32", (64, 64), False),
        ("blk.0.ffn_up.weight", "iq2_xs", (64, 64), True),
        ("", "f64", (64, 64), False),
        ("tiny.weight", "f32", (4, 4), False),
        ("layer_scale", "f32", (1, 4096, 1), False),
    ],
)
def test_which_weights_must_vary(name: str, dtype: str, shape: tuple[int, ...], want: bool) -> None:  # noqa: FBT001 - a table's column
    count = 1
    for dim in shape:
        count *= dim
    span = TensorSpan(name, dtype, shape, 0, count)
    assert must_vary(TensorStats(span, count, 0, 0, count, True, 0, 0, True)) is want  # noqa: FBT003 - as declared


def test_a_program_that_carries_programs_is_one_finding() -> None:
    assert inspect_bytes(make.elf() + make.pe() + b"PK\3\4").rules == {"MAL050"}


def matrices(**zero: bool) -> bytes:
    """Return a file of matrices by name (`__` for a dot), zero or not."""
    rows = []
    for n, (name, flat) in enumerate(zero.items()):
        body = bytes(4096) if flat else bytes((i * 7 + n) % 120 for i in range(4096))
        rows.append((name.replace("__", "."), "F32", [32, 32], body))
    return make.safetensors(rows)


@pytest.mark.parametrize(
    ("zero", "severities"),
    [
        ({"layers__0__up": False, "layers__1__up": True}, [2]),
        ({"layers__0__up": True, "layers__1__up": True, "layers__0__down": False}, [1]),
        ({"blocks__0__adaLN": True, "blocks__0__attn": False}, [1]),
        ({"layers__0__up": True, "head": False}, [2]),
        ({"h__0__proj": True, "h__1__proj": True, "lm_head": True, "wte": False}, [1, 1]),
    ],
)
def test_zero_matrices_are_weighed_against_their_siblings(
    zero: dict[str, bool], severities: list[int]
) -> None:
    found = [f for f in inspect_bytes(matrices(**zero)).findings if f.rule == "TEN003"]
    assert [int(f.severity) for f in found] == severities
