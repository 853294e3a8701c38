"""Core ML, fastText, ggml, MXNet, PaddlePaddle, PMML: claimed whole, and what they ask is told."""

import pytest

from harness import make_weights as make
from harness.inspecting import inspect_bytes, inspect_tree, subject_of
from harness.make_onnx import part
from pratique.artifacts.reader import Reader
from pratique.artifacts.readers import coreml, paddle
from pratique.artifacts.readers.coreml import CoremlReader
from pratique.artifacts.readers.coreml_weights import CoremlWeightsReader
from pratique.artifacts.readers.fasttext import FasttextReader
from pratique.artifacts.readers.ggml_legacy import GgmlLegacyReader
from pratique.artifacts.readers.mxnet import MxnetParamsReader
from pratique.artifacts.readers.paddle import PaddleParamsReader, PaddleReader
from pratique.artifacts.readers.word2vec import Word2vecReader
from pratique.artifacts.readers.xml_text import XmlReader
from pratique.artifacts.views import TensorTable
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.finding import Severity
from pratique.core.limits import Limits

COMMAND = "__import__('os').system('touch canary')"
NODE = {"op": "Custom", "name": "c", "attrs": {"op_type": "Own"}, "inputs": [[0, 0, 0]]}
HONEST = {
    "coreml": make.coreml(),
    "coreml weights": make.coreml_weights(bytes(16), b"\0\0\x80\x3f" * 30),
    "fasttext": make.fasttext(),
    "ggml": make.ggml(b"lmgg"),
    "ggmf": make.ggml(b"fmgg"),
    "ggjt": make.ggml(b"tjgg"),
    "whisper": make.whisper(),
    "gpt-2": make.ggml(b"lmgg", sizes=6, repeated=True),
    "other sizes": make.ggml(b"lmgg", sizes=9),
    "mxnet": make.mxnet(("arg:w", "aux:v")),
    "mxnet graph": make.symbol({"op": "relu", "name": "r", "inputs": [[0, 0, 0]]}),
    "paddle": make.paddle(),
    "paddle trace": make.paddle(make.operator("relu", op_callstack="import os, exec(code)")),
    "paddle parameters": make.paddle_params(count=3),
    "pmml": make.pmml("<Extension name='x' value='y'/>"),
    "word2vec": make.word2vec(),
    "word2vec of gensim": make.word2vec("cat", "dog", line=b""),
}
ASKS = {
    "coreml layer": (make.coreml(make.custom_layer("Own")), Severity.MEDIUM),
    "coreml model": (make.coreml_model(555, part(10, "Own")), Severity.MEDIUM),
    "mxnet": (make.symbol(NODE), Severity.MEDIUM),
    "paddle": (make.paddle(make.operator("py_func")), Severity.HIGH),
    "pmml": (make.pmml("<Apply function='com.example.Own'/>"), Severity.MEDIUM),
}
ARMED = {
    "coreml": make.coreml(words=COMMAND),
    "mxnet": make.mxnet((COMMAND,)),
    "mxnet graph": make.symbol({**NODE, "op": "relu", "attrs": {"x": COMMAND}}),
    "paddle": make.paddle(make.operator("relu", note=COMMAND)),
    "pmml": make.pmml(f"<Extension name='x'>{COMMAND}</Extension>"),
    "fasttext": make.fasttext(("</s>", COMMAND + "#" * 99)),
    "word2vec": make.word2vec("a", COMMAND.replace(" ", "\t") + "#" * 99, "c", "d"),
    "ggml": make.ggml(words=("a", COMMAND + "#" * 99)),
}


@pytest.mark.parametrize("body", HONEST.values(), ids=HONEST)
def test_honest_models_are_read_whole_and_left_in_peace(body: bytes) -> None:
    told = inspect_tree({"model": body})
    assert told.full, told.not_full[:3]
    assert told.findings == []


@pytest.mark.parametrize(("body", "severity"), ASKS.values(), ids=ASKS)
def test_code_of_the_host_is_told(body: bytes, severity: Severity) -> None:
    told = inspect_bytes(body)
    assert [f.severity for f in told.findings if f.rule == "MAL103"] == [severity]


@pytest.mark.parametrize("body", ARMED.values(), ids=ARMED)
def test_commands_in_words_are_found(body: bytes) -> None:
    assert "MAL100" in inspect_bytes(body).rules


@pytest.mark.parametrize(
    ("reader", "body", "says"),
    [
        (CoremlReader(), make.coreml()[:-2], "beyond|end"),
        (CoremlWeightsReader(), make.coreml_weights(mark=7), "does not begin with its mark"),
        (CoremlWeightsReader(), make.coreml_weights()[:-60], "names 16 bytes"),
        (FasttextReader(), make.fasttext(rows=10**9), "fewer are left"),
        (FasttextReader(), make.fasttext(rows=-1), "a matrix of -1"),
        (FasttextReader(), make.fasttext()[:70], "beyond the end|does not end"),
        (FasttextReader(), make.fasttext(("a" * 600_000,)), "does not end"),
        (MxnetParamsReader(), make.mxnet(dims=(10**6, 10**6)), "goes beyond the end"),
        (MxnetParamsReader(), make.mxnet(dims=(-1,)), "fewer elements than none"),
        (MxnetParamsReader(), make.mxnet(sort=77), "of type 77"),
        (MxnetParamsReader(), make.mxnet(dims=(1,) * 40), "40 dimensions"),
        (MxnetParamsReader(), make.MXNET_MANY, "arrays are announced"),
        (Word2vecReader(), make.word2vec(count=9), "beyond the end|does not end"),
        (Word2vecReader(), make.word2vec()[:-4], "go beyond the end"),
        (Word2vecReader(), make.word2vec("a", "b", "c", "d" * 20_000), "does not end"),
        (PaddleReader(), make.paddle() + part(9, b"x"), "field 9 is none of a program"),
        (PaddleParamsReader(), make.paddle_params()[:-1], "goes beyond the end"),
        (PaddleParamsReader(), make.paddle_params() + b"\1" * 40, "version 0"),
    ],
)
def test_files_that_lie_are_malformed(reader: Reader, body: bytes, says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        list(reader.read(subject_of(body)))


@pytest.mark.parametrize("body", [make.ggml(sort=99), make.ggml()[:-4], make.ggml() + b"more"])
def test_a_layout_of_ggml_that_is_not_known_is_a_limit(body: bytes) -> None:
    with pytest.raises(LimitExceededError, match="no layout that is known"):
        list(GgmlLegacyReader().read(subject_of(body)))


def test_models_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Limits(tensors=1)
    with pytest.raises(LimitExceededError, match="more than 1"):
        list(PaddleParamsReader().read(subject_of(make.paddle_params(count=2), few)))
    with pytest.raises(LimitExceededError, match="more than 1"):
        list(MxnetParamsReader().read(subject_of(make.mxnet(("a", "b")), few)))
    monkeypatch.setattr(coreml, "MAX_FIELDS", 2)
    with pytest.raises(LimitExceededError, match="more than 2 fields"):
        list(CoremlReader().read(subject_of(make.coreml())))
    monkeypatch.setattr(paddle, "MAX_FIELDS", 2)
    with pytest.raises(LimitExceededError, match="more than 2 fields"):
        list(PaddleReader().read(subject_of(make.paddle())))


def test_matrices_are_tensors() -> None:
    views = [
        v for v in FasttextReader().read(subject_of(make.fasttext())) if isinstance(v, TensorTable)
    ]
    assert [(t.name, t.dtype, t.shape) for t in views[0].tensors] == [
        ("input", "f32", (2, 2)),
        ("output", "f32", (2, 2)),
    ]


ENTITY = '<!DOCTYPE PMML [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]>\n'
OUTSIDE = '<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/hostname">]>\n'
PARAMETER = '<!DOCTYPE PMML [<!ENTITY % x SYSTEM "http://192.0.2.1/x.dtd"> %x;]>\n'


@pytest.mark.parametrize(
    ("before", "severity"),
    [(ENTITY, Severity.HIGH), (OUTSIDE, Severity.CRITICAL), (PARAMETER, Severity.CRITICAL)],
)
def test_entities_in_pmml_are_told(before: str, severity: Severity) -> None:
    body = make.pmml(before=before)
    assert XmlReader().recognises(subject_of(body))
    found = [f.severity for f in inspect_bytes(body).findings if f.rule == "MAL104"]
    assert max(found) == severity


def test_a_document_type_of_very_old_writers_is_low() -> None:
    body = make.pmml(before='<!DOCTYPE PMML SYSTEM "pmml20.dtd">\n')
    assert [f.severity for f in inspect_bytes(body).findings] == [Severity.LOW]


@pytest.mark.parametrize(
    "before",
    ["<!-- words -->\n" + OUTSIDE, "<!--" + "-" * 90_000 + "-->" + OUTSIDE, "\n" + OUTSIDE],
)
def test_entities_behind_anything_are_told(before: str) -> None:
    body = make.pmml(before=before).partition(b"?>")[2]
    assert "MAL104" in inspect_bytes(body).rules


def test_a_page_of_the_web_declares_what_it_likes() -> None:
    assert inspect_bytes(b"<!DOCTYPE html>\n<html><body>words</body></html>\n").rules == set()


def test_many_parts_of_pmml_are_bounded() -> None:
    told = inspect_bytes(make.pmml("<Extension>" * 20_000))
    assert any("not shown" in r.why for r in told.not_full)
