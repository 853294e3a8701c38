"""What the ONNX reader tells, and what it does not believe."""

from harness import make_onnx as make
from harness.inspecting import inspect_bytes, subject_of
from pratique.artifacts.readers.onnx_model import OnnxReader


def fact(body: bytes) -> dict[str, object]:
    found = [f.data for f in inspect_bytes(body).facts if f.kind == "onnx"]
    assert len(found) == 1
    assert isinstance(found[0], dict)
    return dict(found[0])


def test_a_sound_model_is_accounted_for() -> None:
    told = inspect_bytes(make.model())
    assert told.rules == set()
    assert told.full


def test_producer_operator_sets_and_operators_are_told() -> None:
    told = fact(make.model(make.graph([make.node("Relu"), make.node("Relu")])))
    assert (told["producer_name"], told["producer_version"]) == ("pytorch", "2.5.0")
    assert told["opset_import"] == [["", 13]]
    assert told["ops"] == [["", "Relu", 2, 0]]


def test_tensors_in_graphs_inside_are_found() -> None:
    inner = make.graph(tensors=[make.tensor("w", [("location", "w.bin"), ("offset", "8")])])
    body = make.model(make.graph([make.node("If", ("c",), make.branch("then", inner))]))
    assert fact(body)["external_data"] == [["w", "w.bin", [], 1, 8]]


def test_a_field_that_onnx_lacks_hides_nothing() -> None:
    body = make.part(99, b"\x7fELF hidden") + make.model()
    told = inspect_bytes(body)
    assert fact(body)["producer_name"] == "pytorch"
    assert {"INT001", "INT004"} <= told.rules


def test_a_model_that_breaks_off_tells_what_it_has() -> None:
    outside = make.tensor("w", [("location", "../x")])
    body = make.model(make.graph(tensors=[outside]))
    cut = body[: body.index(b"../x") + 2]
    reader = OnnxReader()
    assert not reader.recognises(subject_of(cut))  # its graph would end past the file
    broken = body.replace(make.part(14, 1), b"\xff\xff")
    assert fact(broken)["external_data"]


def test_depth_is_bounded() -> None:
    body = make.graph()
    for _ in range(60):
        body = make.graph([make.node("If", ("c",), make.branch("then", body))])
    assert (
        "INT004" in inspect_bytes(make.model(body)).rules
        or not inspect_bytes(make.model(body)).full
    )


def test_texts_and_small_messages_are_no_models() -> None:
    reader = OnnxReader()
    for body in (b"", b"{}", b"\x08\x08", b"GGUF", b"# a text\n", b"\x08\x08\x3a\x00"[:2]):
        assert not reader.recognises(subject_of(body))
