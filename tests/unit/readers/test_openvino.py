"""What the reader of OpenVINO models claims, and what it does not believe."""

import pytest

from harness.inspecting import inspect_bytes, inspect_tree, subject_of
from harness.make_graph_samples import PLAIN_IR, WEIGHTS, held, layer, net
from pratique.artifacts.readers.openvino import OpenvinoReader


def test_a_sound_model_and_its_weights_are_accounted_for() -> None:
    told = inspect_tree({"m.xml": PLAIN_IR, "m.bin": WEIGHTS})
    assert told.rules == set()
    assert told.full


def test_weights_that_end_early_are_told() -> None:
    told = inspect_tree({"m.xml": PLAIN_IR, "m.bin": WEIGHTS[:20]})
    assert "INT004" in told.rules


def test_bytes_that_no_layer_takes_are_told() -> None:
    told = inspect_tree({"m.xml": PLAIN_IR, "m.bin": WEIGHTS + b"more than there should be"})
    assert "INT001" in told.rules


def test_a_document_type_ends_the_reading() -> None:
    body = net(layer(0, "Parameter"), '<!DOCTYPE net SYSTEM "http://192.0.2.1/a.dtd">\n')
    told = inspect_bytes(body)
    assert {"INT150", "INT004"} <= told.rules


def test_layers_of_its_own_tokenizers_are_information() -> None:
    told = inspect_bytes(net(layer(1, "BPETokenizer", "extension")))
    assert [(f.rule, f.severity.name) for f in told.findings] == [("MAL154", "INFO")]


@pytest.mark.parametrize(
    "body",
    [
        net(layer(0, "Parameter"))[:-4],
        net("<layer" * 3),
        net("<a>" * 300),
    ],
)
def test_broken_models_are_never_clean(body: bytes) -> None:
    told = inspect_bytes(body)
    assert "INT004" in told.rules or not told.full


@pytest.mark.parametrize("start", ["-1", "1e3", "9" * 30, ""])
def test_places_that_are_no_numbers(start: str) -> None:
    assert "INT151" in inspect_bytes(net(held(1, start, 16))).rules


def test_other_xml_is_left_alone() -> None:
    for body in (b"<opencv_storage/>", b"<net>", b"", b"\xff\xfe<", b"net layers"):
        assert not OpenvinoReader().recognises(subject_of(body))
