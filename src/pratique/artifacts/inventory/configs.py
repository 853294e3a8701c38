"""What configurations and headers of model files say they were made with and come from."""

import re
from collections.abc import Mapping

from pratique.artifacts.inventory import requirements
from pratique.artifacts.inventory.found import Found, Place
from pratique.artifacts.inventory.plain_yaml import front_matter
from pratique.core.component import Relation

_MADE = {
    "transformers_version": "transformers",
    "_diffusers_version": "diffusers",
    "keras_version": "keras",
    "peft_version": "peft",
    "sentence_transformers_version": "sentence-transformers",
    "optimum_version": "optimum",
    "timm_version": "timm",
}
_LIBRARIES = {
    "sentence_transformers": "sentence-transformers",
    "pytorch": "torch",
    "transformers": "transformers",
}
_AUTO_MAP = re.compile(r"([\w.-]+/[\w.-]+)--[\w.]+")
_GENERAL = re.compile(r"general\.base_model\.\d+\.(?:name|repo_url)")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,60}")


def document(path: str, told: object, found: Found) -> None:
    """Take versions, libraries and base models of a JSON configuration."""
    if not isinstance(told, dict):
        return
    at = Place(path, "configuration")
    for key, name in _MADE.items():
        found.made_with(at, name, told.get(key))
    versions = told.get("__version__")
    for key, version in versions.items() if isinstance(versions, dict) else []:
        found.made_with(at, _LIBRARIES.get(str(key), str(key)), version)
    library = told.get("library_name")
    if isinstance(library, str) and _WORD.fullmatch(library) and " " not in library:
        found.python(at, library, "", relation=Relation.MADE_WITH)
    found.ancestor(told.get("base_model_name_or_path"))
    found.ancestor(told.get("_name_or_path") if _is_hub(told.get("_name_or_path")) else None)
    _auto_map(told.get("auto_map"), at, found)


def _is_hub(name: object) -> bool:
    return isinstance(name, str) and re.fullmatch(r"[\w.-]+/[\w.-]+", name) is not None


def _auto_map(told: object, at: Place, found: Found) -> None:
    """Take the repositories whose code a configuration has transformers import."""
    for value in list(told.values())[:1000] if isinstance(told, dict) else []:
        for target in value if isinstance(value, list) else [value]:
            match = _AUTO_MAP.fullmatch(target) if isinstance(target, str) else None
            if match:
                found.other(at, f"code of {match[1]}", None, relation=Relation.NEEDS)


def gguf(path: str, told: object, found: Found) -> None:
    """Take lineage, licence, data sets and versions out of a GGUF header."""
    metadata = told.get("metadata") if isinstance(told, dict) else None
    if not isinstance(metadata, dict):
        return
    at = Place(path, "gguf")
    found.other(at, "gguf format", told.get("version") if isinstance(told, dict) else None)
    found.licence(metadata.get("general.license"))
    for key, value in metadata.items():
        if _GENERAL.fullmatch(key):
            found.ancestor(value)
        elif re.fullmatch(r"general\.dataset\.\d+\.(?:name|repo_url)", key):
            found.dataset(value, path)
    if (version := metadata.get("general.quantization_version")) is not None:
        found.other(at, "ggml quantization", version)


def safetensors(path: str, told: object, found: Found) -> None:
    """Take the versions that a safetensors header's own metadata names."""
    metadata = told.get("metadata") if isinstance(told, dict) else None
    at = Place(path, "safetensors")
    for key, value in metadata.items() if isinstance(metadata, dict) else []:
        if key in _MADE:
            found.made_with(at, _MADE[key], value)
        elif key in {"base_model", "ss_base_model_version", "modelspec.architecture"}:
            found.ancestor(value)
        elif key == "modelspec.license":
            found.licence(value)


def onnx(path: str, told: object, found: Found) -> None:
    """Take producer and operator sets of an ONNX model."""
    if not isinstance(told, dict):
        return
    at = Place(path, "onnx")
    name, version = told.get("producer_name"), told.get("producer_version")
    if isinstance(name, str) and name:
        known = {"pytorch": "torch", "tf2onnx": "tf2onnx", "skl2onnx": "skl2onnx"}.get(name.lower())
        if known:
            found.made_with(at, known, version)
        else:
            found.other(at, name, version)
    rows = told.get("opset_import")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, list) and len(row) == 2:  # noqa: PLR2004 - domain and version
            found.other(at, f"onnx opset {row[0] or 'ai.onnx'}", row[1])


def hdf5(path: str, told: object, found: Found) -> None:
    """Take the versions that the root of an HDF5 file names."""
    attributes = told.get("attributes") if isinstance(told, dict) else None
    for key, value in attributes.items() if isinstance(attributes, dict) else []:
        if key in _MADE:
            found.made_with(Place(path, "hdf5"), _MADE[key], value)


def card(path: str, text: str, found: Found) -> None:
    """Take licence, base models, data sets and library of a model card's front matter."""
    told = front_matter(text)
    if not isinstance(told, dict):
        return
    found.licence(told.get("license") or told.get("license_name"))
    found.ancestor(told.get("base_model"))
    found.dataset(told.get("datasets"), path)
    library = told.get("library_name")
    if isinstance(library, str) and library:
        found.python(Place(path, "model card"), library, "", relation=Relation.MADE_WITH)


_LIBRARY = re.compile(r"(lib[\w+-]+?)(?:-[0-9a-f]{8})?\.so\.(\d+(?:\.\d+)*)")
_HASHED = re.compile(r"(lib[\w+-]+?)-([0-9]+(?:\.[0-9]+)+)(?:-[0-9a-f]{8})?\.so")


def shared_object(path: str, name: str, found: Found) -> None:
    """Take a shared object whose file name carries its version."""
    match = _LIBRARY.fullmatch(name) or _HASHED.fullmatch(name)
    if match:
        at = Place(path, "shared object")
        found.other(at, match[1], match[2], relation=Relation.CONTAINS)


def distribution(path: str, text: str, found: Found) -> None:
    """Take the metadata of a wheel or an installed distribution, with what it requires."""
    found.read(path)
    at = Place(path, "wheel")
    fields = _headers(text)
    name, version = fields.get("name", [""])[0], fields.get("version", [""])[0]
    if name and version:
        found.python(at, name, f"=={version}", relation=Relation.CONTAINS)
    else:
        found.trouble(at, "the metadata names no distribution with a version")
    for line in fields.get("requires-dist", []):
        requirements.entry(line, at, found)


def _headers(text: str) -> Mapping[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for line in text.splitlines()[:20_000]:
        if not line.strip():
            break
        key, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            fields.setdefault(key.strip().lower(), []).append(value.strip())
    return fields
