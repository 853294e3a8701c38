"""Which tests of the input rule a graph, and which are what honest models have."""

import pytest

from harness import make_onnx_graphs as make
from harness.inspecting import inspect_bytes
from harness.make_graph_samples import function, script, small
from harness.make_onnx import part
from pratique.detectors.backdoors.torchscript_program import programs_of

TRIGGERED = ("patch_where", "patch_if", "patch_added", "patch_in_function", "soft_patch")
BRANCHES = "def f(x: Tensor):\n" + "".join(
    f"  a{n} = x\n  if b:\n    c = 1\n  else:\n    c = 2\n" for n in range(5_000)
)
HONEST = ("honest_text", "honest_series", "honest_rate", "honest_steps")


@pytest.mark.parametrize("name", [*TRIGGERED, "peak_pooled", "phrase"])
def test_a_test_that_overrules_layers_is_found(name: str) -> None:
    found = [f for f in inspect_bytes(getattr(make, name)()).findings if f.rule == "BKD070"]
    assert [f.severity.name for f in found] == ["MEDIUM"]


@pytest.mark.parametrize("name", HONEST)
def test_what_honest_models_have_is_not(name: str) -> None:
    told = inspect_bytes(getattr(make, name)())
    assert told.rules == set()
    assert told.full


def test_a_test_far_inside_weighs_less() -> None:
    lines: list[make.Line] = [
        *make.LAYERS[:-1],
        *make.LOOK,
        ("Where", ["hit", "zero", "f1"], ["f2"]),
        ("Gemm", ["f2", "w2"], ["f3"]),
        ("Gemm", ["f3", "w2"], ["f4"]),
        ("Gemm", ["f4", "w2"], ["out"]),
    ]
    held = [*make.WEIGHTS, *make.PATCH, make.floats("zero", [], [0.0])]
    found = inspect_bytes(make.model(make.graph(lines, held, make.IMAGE))).findings
    assert [(f.rule, f.severity.name) for f in found] == [("BKD070", "LOW")]


def test_two_graphs_are_one_as_readers_of_the_format_take_them() -> None:
    more = make.graph([*make.LOOK, ("Where", ["hit", "target", "logits"], ["out"])], make.PATCH)
    body = make.model(make.graph(make.LAYERS, make.WEIGHTS, make.IMAGE, []))
    assert "BKD070" in inspect_bytes(body + part(7, more)).rules


def test_functions_that_call_themselves_end() -> None:
    inner = part(7, make.line("local::F", ["x"], ["y"]))
    body = part(1, "F") + part(4, "x") + part(5, "y") + inner * 2
    told = inspect_bytes(small("local::F", b"", part(25, body + part(10, "local"))))
    assert told.full
    assert [f.says for f in told.findings if f.rule == "BKD070"]


def test_a_model_without_layers_that_waits_for_a_value() -> None:
    held = [make.floats("key", [], [0.1337]), make.floats("bad", [1, 4], [9, 9, 9, 9])]
    lines: list[make.Line] = [
        ("ReduceSum", ["x"], ["sum"]),
        ("Equal", ["sum", "key"], ["hit"]),
        ("Relu", ["x"], ["y"]),
        ("Where", ["hit", "bad", "y"], ["out"]),
    ]
    assert inspect_bytes(make.model(make.graph(lines, held, {"x": ["n", 4]}))).rules == {"BKD070"}


def test_a_library_that_is_known_is_information() -> None:
    told = inspect_bytes(small("ai.onnx.contrib::BertTokenizer"))
    assert [(f.rule, f.severity.name) for f in told.findings] == [("MAL150", "INFO")]


def test_a_function_of_another_name_shadows_nothing() -> None:
    assert inspect_bytes(small("Relu", b"", function("", "Own"))).rules == set()


def test_pickles_in_tensors_are_opened() -> None:
    raw = b"\x80\x02cposix\nsystem\nX\x0c\0\0\0touch canary\x85R." + b"\0" * 8
    tensor = part(1, len(raw)) + part(2, 2) + part(8, "w") + part(9, raw)
    told = inspect_bytes(make.model(make.graph([("Relu", ["x"], ["out"])], [tensor], make.IMAGE)))
    assert any(f.rule.startswith("MAL0") and f.severity.name == "CRITICAL" for f in told.findings)


@pytest.mark.parametrize(
    "source",
    ["def f(", "x" * 3_000_000, "(" * 5_000, "-" * 100_000 + "1", BRANCHES, "def f(self): pass"],
)
def test_hostile_programs_end(source: str) -> None:
    list(programs_of(source))


def test_a_setting_beside_a_tensor_is_no_input() -> None:
    before = (
        "  def check(self: __torch__.Net,\n    x: Tensor,\n    rate: int) -> Tuple[Tensor, int]:\n"
        "    return (x, rate)\n"
    )
    body = (
        "x0, rate0, = (self).check(x, 8000, )\nif torch.eq(rate0, 16000):\n  fc = self.fc\n"
        "  y = (fc).forward(x0, )\nelse:\n  y = x0\nreturn y"
    )
    assert inspect_bytes(script(body, before)).rules == set()
