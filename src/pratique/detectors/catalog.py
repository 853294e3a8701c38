"""The one list of rules. Adding a rule means adding one line here."""

from typing import Any

from pratique.core.finding import Rule, RuleId
from pratique.detectors.base import Detector
from pratique.detectors.integrity.gguf_duplicate_key import GgufDuplicateKey
from pratique.detectors.integrity.gguf_header_lie import GgufHeaderLie
from pratique.detectors.integrity.gguf_hidden_data import GgufHiddenData
from pratique.detectors.integrity.gguf_overlapping_tensors import GgufOverlappingTensors
from pratique.detectors.integrity.gguf_stray_bytes import GgufStrayBytes
from pratique.detectors.integrity.npy_duplicate_key import NpyDuplicateKey
from pratique.detectors.integrity.npy_header_lie import NpyHeaderLie
from pratique.detectors.integrity.safetensors_duplicate_key import SafetensorsDuplicateKey
from pratique.detectors.integrity.safetensors_header_lie import SafetensorsHeaderLie
from pratique.detectors.integrity.safetensors_hidden_header_data import SafetensorsHiddenHeaderData
from pratique.detectors.integrity.safetensors_overlapping_tensors import (
    SafetensorsOverlappingTensors,
)
from pratique.detectors.integrity.safetensors_shard_mismatch import SafetensorsShardMismatch
from pratique.detectors.integrity.safetensors_stray_bytes import SafetensorsStrayBytes
from pratique.detectors.integrity.shard_path_escape import ShardPathEscape
from pratique.detectors.malware.embedded_archive import EmbeddedArchive
from pratique.detectors.malware.embedded_executable import EmbeddedExecutable
from pratique.detectors.malware.embedded_script import EmbeddedScript
from pratique.detectors.malware.native_program_file import NativeProgramFile
from pratique.detectors.tensors.dtype_contradicts_config import DtypeContradictsConfig
from pratique.detectors.tensors.shape_contradicts_config import ShapeContradictsConfig
from pratique.detectors.tensors.tensor_all_zero import TensorAllZero
from pratique.detectors.tensors.tensor_constant import TensorConstant
from pratique.detectors.tensors.tensor_infinity import TensorInfinity
from pratique.detectors.tensors.tensor_nan import TensorNan

CATALOG: tuple[type[Detector[Any]], ...] = (
    # one rule a line, by id
    SafetensorsHeaderLie,
    SafetensorsDuplicateKey,
    SafetensorsOverlappingTensors,
    SafetensorsStrayBytes,
    SafetensorsHiddenHeaderData,
    SafetensorsShardMismatch,
    ShardPathEscape,
    GgufHeaderLie,
    GgufDuplicateKey,
    GgufOverlappingTensors,
    GgufStrayBytes,
    GgufHiddenData,
    NpyHeaderLie,
    NpyDuplicateKey,
    NativeProgramFile,
    EmbeddedExecutable,
    EmbeddedArchive,
    EmbeddedScript,
    TensorNan,
    TensorInfinity,
    TensorAllZero,
    TensorConstant,
    ShapeContradictsConfig,
    DtypeContradictsConfig,
)


def rules() -> dict[RuleId, Rule]:
    """Return every rule's card by its id."""
    return {make.rule.id: make.rule for make in CATALOG}


def find(word: str) -> type[Detector[Any]] | None:
    """Return the rule with this id or slug, or None."""
    word = word.lower()
    return next((m for m in CATALOG if word in {m.rule.id.lower(), m.rule.slug}), None)
