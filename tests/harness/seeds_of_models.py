"""Sound files of tables, trees and small models: what fuzzing their readers starts from."""

from harness import make_r as r
from harness import make_tables as tables
from harness import make_trees as trees
from harness import make_weights as weights
from pratique.artifacts.reader import Reader
from pratique.artifacts.readers.arrow_ipc import ArrowReader
from pratique.artifacts.readers.catboost import CatboostReader
from pratique.artifacts.readers.coreml import CoremlReader
from pratique.artifacts.readers.coreml_weights import CoremlWeightsReader
from pratique.artifacts.readers.fasttext import FasttextReader
from pratique.artifacts.readers.ggml_legacy import GgmlLegacyReader
from pratique.artifacts.readers.json_text import JsonReader
from pratique.artifacts.readers.lightgbm_text import LightgbmReader
from pratique.artifacts.readers.msgpack import MsgpackReader
from pratique.artifacts.readers.mxnet import MxnetParamsReader
from pratique.artifacts.readers.paddle import PaddleParamsReader, PaddleReader
from pratique.artifacts.readers.parquet import ParquetReader
from pratique.artifacts.readers.r_data import RDataReader
from pratique.artifacts.readers.ubjson import UbjsonReader
from pratique.artifacts.readers.word2vec import Word2vecReader
from pratique.artifacts.readers.xgboost_legacy import XgboostLegacyReader
from pratique.artifacts.readers.xml_text import XmlReader

TYPED = tables.extension("t", "ray.data.arrow_tensor", b"\x80\4]." + bytes(9))
COMPILED = r.whole(21, 1) + r.whole(13, 1, 5) + r.whole(2, 6, 254) + r.symbol("f") + r.NOTHING
NODE = {"op": "Custom", "name": "c", "attrs": {"op_type": "Own"}, "inputs": [[0, 0, 0]]}
TYPE = '<!DOCTYPE PMML [<!ENTITY a SYSTEM "file:///x">]>\n<!-- words -->'
MODELS: list[tuple[Reader, bytes]] = [
    (ArrowReader(), tables.arrows(tables.schema(TYPED, tables.field("a", {"k": "v"})))),
    (ArrowReader(), tables.arrow()),
    (CatboostReader(), trees.catboost({"params": '{"a": 1}'})),
    (CoremlReader(), weights.coreml(weights.custom_layer("Own"))),
    (CoremlWeightsReader(), weights.coreml_weights(bytes(16), b"abcd" * 9)),
    (FasttextReader(), weights.fasttext()),
    (GgmlLegacyReader(), weights.ggml(b"tjgg")),
    (GgmlLegacyReader(), weights.whisper()),
    (JsonReader(), trees.xgboost_json(note="a")),
    (JsonReader(), weights.symbol(NODE)),
    (LightgbmReader(), trees.lightgbm(num_cat="1", cat_boundaries="0 1", cat_threshold="1")),
    (MsgpackReader(), tables.pack({"w": tables.array(2, 3), "b": [b"\x80\4].", {"c": "d" * 50}]})),
    (MxnetParamsReader(), weights.mxnet(("arg:w", "aux:v"))),
    (PaddleParamsReader(), weights.paddle_params(count=2)),
    (PaddleReader(), weights.paddle(weights.operator("py_func", note="words"))),
    (ParquetReader(), tables.parquet(tables.page() + tables.page(bytes(40)), pairs={"k": "v"})),
    (ParquetReader(), tables.with_schema(TYPED)),
    (XmlReader(), weights.pmml("<Extension name='x'>words</Extension>", TYPE)),
    (RDataReader(), r.rda(("a", r.promise(r.call("f", r.strings("b")))), ("c", r.numbers(1)))),
    (RDataReader(), r.rds(r.environment(("x", r.closure(COMPILED))))),
    (RDataReader(), r.ascii_rds("hello")),
    (UbjsonReader(), trees.xgboost_ubj(note="a")),
    (Word2vecReader(), weights.word2vec()),
    (XgboostLegacyReader(), trees.xgboost_legacy(note="a")),
    (XmlReader(), TYPE.encode()),
]
