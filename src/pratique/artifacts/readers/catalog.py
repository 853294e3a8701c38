"""The one list of readers. Adding a format means adding one line here."""

from pratique.artifacts.reader import Reader
from pratique.artifacts.readers.arrow_ipc import ArrowReader
from pratique.artifacts.readers.catboost import CatboostReader
from pratique.artifacts.readers.compiled_python import CompiledPythonReader
from pratique.artifacts.readers.coreml import CoremlReader
from pratique.artifacts.readers.coreml_weights import CoremlWeightsReader
from pratique.artifacts.readers.fasttext import FasttextReader
from pratique.artifacts.readers.ggml_legacy import GgmlLegacyReader
from pratique.artifacts.readers.gguf import GgufReader
from pratique.artifacts.readers.hdf5.reader import Hdf5Reader
from pratique.artifacts.readers.jinja_template import JinjaReader
from pratique.artifacts.readers.jpeg import JpegReader
from pratique.artifacts.readers.json_text import JsonReader
from pratique.artifacts.readers.lightgbm_text import LightgbmReader
from pratique.artifacts.readers.msgpack import MsgpackReader
from pratique.artifacts.readers.mxnet import MxnetParamsReader
from pratique.artifacts.readers.native_program import NativeProgramReader
from pratique.artifacts.readers.npy import NpyReader
from pratique.artifacts.readers.onnx_model import OnnxReader
from pratique.artifacts.readers.onnx_text import OnnxTextReader
from pratique.artifacts.readers.openvino import OpenvinoReader
from pratique.artifacts.readers.paddle import PaddleParamsReader, PaddleReader
from pratique.artifacts.readers.parquet import ParquetReader
from pratique.artifacts.readers.pickle.reader import PickleReader
from pratique.artifacts.readers.plain_text import PlainTextReader
from pratique.artifacts.readers.png import PngReader
from pratique.artifacts.readers.python_source import PythonReader
from pratique.artifacts.readers.r_data import RDataReader
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
from pratique.artifacts.readers.ubjson import UbjsonReader
from pratique.artifacts.readers.unopened import UnopenedReader
from pratique.artifacts.readers.word2vec import Word2vecReader
from pratique.artifacts.readers.xgboost_legacy import XgboostLegacyReader
from pratique.artifacts.readers.xml_text import XmlReader
from pratique.artifacts.readers.yaml_text import YamlReader
from pratique.artifacts.readers.zip.reader import ZipReader
from pratique.artifacts.readers.zstd import ZstdReader

READERS: tuple[Reader, ...] = (
    # one reader a line; order means nothing
    ArrowReader(),
    Bzip2Reader(),
    CatboostReader(),
    CompiledPythonReader(),
    CoremlReader(),
    CoremlWeightsReader(),
    FasttextReader(),
    GgmlLegacyReader(),
    CheckpointIndexReader(),
    FingerprintReader(),
    GgufReader(),
    GzipReader(),
    Hdf5Reader(),
    JinjaReader(),
    JoblibZfileReader(),
    JpegReader(),
    JsonReader(),
    LightgbmReader(),
    KerasMetadataReader(),
    Lz4Reader(),
    LzmaReader(),
    MsgpackReader(),
    MxnetParamsReader(),
    NativeProgramReader(),
    NpyReader(),
    OnnxReader(),
    OnnxTextReader(),
    OpenvinoReader(),
    PaddleParamsReader(),
    PaddleReader(),
    ParquetReader(),
    PickleReader(),
    PlainTextReader(),
    PngReader(),
    PythonReader(),
    RawTensorReader(),
    RDataReader(),
    SafetensorsReader(),
    SentencePieceReader(),
    ShellScriptReader(),
    TarReader(),
    TensorflowReader(),
    TextFrontReader(),
    TextGraphReader(),
    TfliteReader(),
    TomlReader(),
    TorchLegacyReader(),
    UbjsonReader(),
    SevenZipReader(),
    ZstdReader(),
    UnopenedReader(),
    Word2vecReader(),
    XgboostLegacyReader(),
    XmlReader(),
    XzReader(),
    YamlReader(),
    ZipReader(),
    ZlibReader(),
)


def readers_key() -> str:
    """Return `name@version` of every reader: a part of each result's key."""
    return ",".join(f"{r.name}@{r.version}" for r in READERS)
