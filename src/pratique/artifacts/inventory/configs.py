"""What configurations and headers of model files say they were made with and come from."""

import re
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32

from pratique.artifacts.inventory import requirements
from pratique.artifacts.inventory.aliases import LIBRARIES, PRODUCERS, SETTINGS
from pratique.artifacts.inventory.found import Found, Place, is_name
from pratique.artifacts.inventory.plain_yaml import front_matter
from pratique.core.component import Relation

_AUTO_MAP = re.compile(r"([\w.-]+/[\w.-]+)--[\w.]+")
_GENERAL = re.compile(r"general\.base_model\.\d+\.(?:name|repo_url)")


def document(path: str, told: object, found: Found) -> None:
    """Take versions, libraries and base models of a JSON configuration."""
    if not isinstance(told, dict):
        return
    at = Place(path, "configuration")
    for key, name in SETTINGS.items():
        found.made_with(at, name, told.get(key))
    versions = told.get("__version__")
    for key, version in versions.items() if isinstance(versions, dict) else []:
        found.made_with(at, LIBRARIES.get(str(key), str(key)), version)
    _library(told.get("library_name"), at, found)
    found.ancestor(told.get("base_model_name_or_path"))
    found.ancestor(told.get("_name_or_path") if _is_hub(told.get("_name_or_path")) else None)
    _auto_map(told.get("auto_map"), at, found)


def _library(name: object, at: Place, found: Found) -> None:
    """Take a library by the name that the hub has for it; words that are no name are described."""
    if not isinstance(name, str) or not name.strip():
        return
    known = LIBRARIES.get(name.strip().lower(), name.strip())
    if is_name(known):
        found.python(at, known, "", relation=Relation.MADE_WITH)
    else:
        found.other(at, known, None)


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
        if key in SETTINGS:
            found.made_with(at, SETTINGS[key], value)
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
        known = PRODUCERS.get(name.lower())
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
        if key in SETTINGS:
            found.made_with(Place(path, "hdf5"), SETTINGS[key], value)


def card(path: str, text: str, found: Found) -> None:
    """Take licence, base models, data sets and library of a model card's front matter."""
    told = front_matter(text)
    if not isinstance(told, dict):
        return
    found.licence(told.get("license") or told.get("license_name"))
    found.ancestor(told.get("base_model"))
    found.dataset(told.get("datasets"), path)
    _library(told.get("library_name"), Place(path, "model card"), found)


_SONAME = re.compile(r"(lib[\w+-]+?)(?:-[0-9a-f]{8})?\.so\.(\d+(?:\.\d+)*)")
_HASHED = re.compile(r"(lib[\w+-]+?)-([0-9]+(?:\.[0-9]+)+)(?:-[0-9a-f]{8})?\.so")


def shared_object(path: str, name: str, found: Found) -> None:
    """Take a shared object whose file name carries its version, or the one of its interface.

    `libssl.so.1.1` may be any release that keeps the interface 1.1; `libgomp-1.2.3.so` is 1.2.3.
    """
    at = Place(path, "shared object")
    if match := _HASHED.fullmatch(name):
        found.other(at, match[1], match[2], relation=Relation.CONTAINS)
    elif match := _SONAME.fullmatch(name):
        found.other(at, f"{match[1]}.so.{match[2]}", None, relation=Relation.CONTAINS)


def distribution(path: str, text: str, found: Found) -> None:
    """Take the metadata of a wheel or an installed distribution, with what it requires.

    The headers are read by the parser that `importlib.metadata` uses, folded lines and all.
    """
    found.read(path)
    at = Place(path, "wheel")
    fields = HeaderParser(policy=compat32).parsestr(text)
    name, version = _header(fields, "Name"), _header(fields, "Version")
    if name and version:
        found.python(at, name, f"=={version}", relation=Relation.CONTAINS)
    else:
        found.trouble(at, "the metadata names no distribution with a version")
    for line in fields.get_all("Requires-Dist", []):
        requirements.entry(" ".join(str(line).split()), at, found)


def _header(fields: Message, key: str) -> str:
    return " ".join(str(fields.get(key, "")).split())
