"""The files that a model names for its tensors are told to those who read them."""

import pytest

from harness import make_onnx as make
from harness.inspecting import inspect_bytes
from pratique.artifacts.laid import LAID, MAX_ROWS, first, told
from pratique.core.fact import Json


def laid(*tensors: bytes) -> list[Json]:
    body = make.model(make.graph(tensors=tensors))
    return [f.data for f in inspect_bytes(body).facts if f.kind == LAID]


def tensor(*pairs: tuple[str, str], name: str = "w") -> bytes:
    return make.tensor(name, pairs)


def test_a_tensor_outside_is_told_with_type_shape_and_place() -> None:
    row = tensor(("location", "model.onnx_data"), ("offset", "64"), ("length", "4"))
    assert laid(row) == [{"ending": "", "files": {"model.onnx_data": [["w", "f32", [1], 64, 4]]}}]


def test_a_length_that_does_not_fit_the_shape_is_bytes() -> None:
    row = tensor(("location", "w"), ("length", "12"))
    assert laid(row) == [{"ending": "", "files": {"w": [["w", "u8", [12], 0, 12]]}}]


def test_a_length_left_out_follows_from_the_shape() -> None:
    assert laid(tensor(("location", "w"))) == [
        {"ending": "", "files": {"w": [["w", "f32", [1], 0, 4]]}}
    ]


@pytest.mark.parametrize("number", ["-1", "9" * 30, "0x10", "\u0661", "1e3"])
def test_odd_numbers_are_none(number: str) -> None:
    row = tensor(("location", "w"), ("offset", number), ("length", number))
    assert laid(row) == [{"ending": "", "files": {"w": [["w", "f32", [1], 0, 4]]}}]


def test_no_file_is_told_of_out_of_the_folder() -> None:
    names = ("../w", "/etc/passwd", "a/../../w", "")
    (data,) = laid(*(tensor(("location", name)) for name in (*names, "sub/w")))
    assert [path for path, _ in told("m/model.onnx", data)] == ["w", "w", "m/sub/w"]
    assert [path for path, _ in told("model.onnx", data)] == ["sub/w"]


def test_a_file_of_more_tensors_than_are_kept_is_not_told_of() -> None:
    many = [tensor(("location", "w"), name=str(n)) for n in range(MAX_ROWS + 1)]
    assert laid(*many, tensor(("location", "v"))) == [
        {"ending": "", "files": {"v": [["w", "f32", [1], 0, 4]]}}
    ]


def test_models_are_read_before_what_they_name() -> None:
    assert first("a/model.onnx")
    assert not first("a/model.onnx_data")
    assert laid(make.tensor("w", raw=b"\0\0\0\0")) == []
