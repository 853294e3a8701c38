"""What a file is by its first and last bytes, which loaders take it, and why none does.

Nothing is parsed: only fixed bytes are compared and searched for within the two samples.
"""

import re

from pratique.sandbox.detonate.files import ModelFile

_NAMED_GLOBAL = re.compile(rb"c[\w.]{1,200}\n[\w.]{1,200}\n")
"""How a pickle of protocol 0 names what it calls."""
_PIECE = re.compile(rb"\x0a[\x02-\x7f]\x0a", re.DOTALL)
_CUT = 4
"""Bytes at either end of a sample in which a letter of UTF-8 may have been cut."""

_TORCH_LEGACY = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_PICKLE_STARTS = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_PICKLE_TEXT = (b"(", b"c", b"]", b"}", b"I", b"S", b"V", b"F", b"L", b"N", b"\x8c", b"X")
_ZLIB = tuple(b"\x78" + level for level in (b"\x01", b"\x5e", b"\x9c", b"\xda"))
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x04\x22\x4d\x18", b"]\0\0", b"ZF0x", *_ZLIB)
_HDF5 = b"\x89HDF\r\n\x1a\n"
_PICKLED = (".pkl", ".pickle", ".p", ".dat", ".dump", ".obj", ".data")
_TORCH = (".pt", ".pth", ".bin", ".ckpt", ".th", ".t7", ".tar", ".model", ".weights")
_ONNX = (".onnx", ".ort")
_INSIDE = {
    "torch-script": (b"/constants.pkl", b"/code/__torch__"),
    "torch-export": (b"archive_format", b"/models/model.json", b"serialized_exported_program"),
    "torch": (b"data.pkl",),
    "keras": (b"model.weights.h5",),
    "numpy": (b".npy",),
}
"""Names in an archive that speak for a loader."""
_NAMED_FOR = {"torch": _TORCH, "keras": (".keras",), "numpy": (".npz",)}
_INERT = """
.txt .md .rst .json .jsonl .yaml .yml .toml .ini .cfg .csv .tsv .xml .html .css .png .jpg .jpeg
.gif .webp .svg .bmp .ico .pdf .wav .mp3 .flac .ogg .mp4 .jinja .jinja2 .license .lock .tex .bib
.sha256 .sig .asc .ipynb .vocab .merges .bpe .sh
"""
_INERT_NAMES = """
license licence notice readme authors copying changelog merges.txt vocab.txt dockerfile makefile
.gitattributes .gitignore version
"""
_NO_LOADER = {
    b"TFL3": "TensorFlow Lite, which has no loader here",
    b"RKNN": "RKNN, which has no loader here",
    b"lmgg": "GGML of before GGUF, which no current llama.cpp loads",
    b"tjgg": "GGML of before GGUF, which no current llama.cpp loads",
    b"\x7fELF": "a native program, which no loader of models runs",
    b"MZ": "a native program, which no loader of models runs",
}
_SUFFIXES_WITHOUT_LOADER = {
    ".tflite": "TensorFlow Lite",
    ".mlmodel": "Core ML",
    ".mar": "TorchServe",
    ".nemo": "NeMo",
    ".msgpack": "Flax",
    ".engine": "TensorRT",
    ".plan": "TensorRT",
    ".pdmodel": "PaddlePaddle",
    ".pdparams": "PaddlePaddle",
    ".ubj": "XGBoost",
    ".cbm": "CatBoost",
    ".rds": "R",
    ".mlir": "MLIR",
    ".llamafile": "llamafile",
    ".whl": "pip",
    ".jar": "Java",
    ".pmml": "PMML",
}


def loaders(file: ModelFile) -> tuple[str, ...]:
    """Return the names of the loaders that users give a file to, the most usual first."""
    head = file.head
    if head.startswith(b"GGUF"):
        return ("llama.cpp",)
    if head.startswith(b"\x93NUMPY"):
        return ("numpy",)
    if head.startswith(_HDF5):
        return ("keras",)
    if head.startswith(b"PK\x03\x04"):
        return _in_zip(file)
    if _is_safetensors(file):
        return ("safetensors",)
    if pickled := _pickled(file):
        return pickled
    if _is_sentencepiece(file):
        return ("sentencepiece",)
    return ("onnxruntime",) if _is_onnx(file) else ()


def unloadable(file: ModelFile) -> str:
    """Return why a file that no loader takes should have been run; empty where it need not."""
    if file.name == "setup.py":
        return "an installer, which is not run"
    for magic, why in _NO_LOADER.items():
        if magic in (file.head[: len(magic)], file.head[4 : 4 + len(magic)]):
            return why
    if file.suffix in _SUFFIXES_WITHOUT_LOADER:
        return f"made for {_SUFFIXES_WITHOUT_LOADER[file.suffix]}, which has no loader here"
    if file.head.startswith(b"PK\x03\x04") or file.head[257:262] == b"ustar":
        return "an archive that no loader opens as it is; give its unpacked content"
    named = file.suffix in _INERT.split() or file.name in _INERT_NAMES.split()
    if named or not file.size or _is_text(file):
        return ""
    return "no loader is known for this content"


def _in_zip(file: ModelFile) -> tuple[str, ...]:
    """Return every loader that some name inside speaks for: one name must not hide another."""
    names = file.head + file.tail
    found = [
        loader
        for loader, marks in _INSIDE.items()
        if any(mark in names for mark in marks) or file.suffix in _NAMED_FOR.get(loader, ())
    ]
    return tuple(found)


def _pickled(file: ModelFile) -> tuple[str, ...]:
    head = file.head
    if _TORCH_LEGACY in head[:32]:
        return ("torch",)
    if file.suffix in (".joblib", ".gz", ".z", ".bz2", ".xz", ".lzma", ".lz4"):
        return ("joblib",) if _like_pickle(head) or head.startswith(_COMPRESSED) else ()
    if head.startswith(_COMPRESSED) and file.suffix in _PICKLED:
        return ("joblib",)
    textual = _like_pickle(head) and (
        file.suffix in (*_PICKLED, *_TORCH) or _NAMED_GLOBAL.search(head[:4096]) is not None
    )
    if head.startswith(_PICKLE_STARTS) or textual or file.suffix in (".pkl", ".pickle"):
        return _who_unpickles(file)
    return ()


def _who_unpickles(file: ModelFile) -> tuple[str, ...]:
    if b"joblib.numpy_pickle" in file.head:
        return ("joblib",)
    if file.suffix in _TORCH or b"torch" in file.head[:4096]:
        return ("torch", "pickle")
    if file.suffix == ".npy":
        return ("numpy", "pickle")
    return ("pickle", "joblib")


def _like_pickle(head: bytes) -> bool:
    return head.startswith((*_PICKLE_STARTS, *_PICKLE_TEXT))


def _is_safetensors(file: ModelFile) -> bool:
    header = int.from_bytes(file.head[:8], "little")
    return file.head[8:9] == b"{" and 0 < header <= file.size - 8


def _is_sentencepiece(file: ModelFile) -> bool:
    """Tell whether it starts as a ModelProto does: a piece (field 1) whose text is its field 1."""
    named = file.suffix in (".model", ".spm", ".vocab", ".spiece", ".bin")
    return named and _PIECE.match(file.head) is not None


def _is_onnx(file: ModelFile) -> bool:
    """Tell whether it starts as ONNX does, a version and a string or graph, or is so named."""
    if file.suffix in _ONNX:
        return True
    head = file.head
    return head[:1] == b"\x08" and head[1:2] < b"\x20" and head[2:3] in {b"\x12", b":", b"B"}


def _is_text(file: ModelFile) -> bool:
    for sample in (file.head, file.tail):
        if b"\0" in sample:
            return False
        try:
            sample.decode()
        except UnicodeDecodeError as e:
            if _CUT < e.start < len(sample) - _CUT:
                return False
    return True
