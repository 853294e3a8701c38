"""JSON and JSON Lines: documents, duplicate keys, chat templates, notebook cells."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

from pratique.artifacts.graphs import GraphOperators
from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers import json_told
from pratique.artifacts.readers.decoding import Decoded, byte_at, opening, whole_text
from pratique.artifacts.readers.json_settings import settings, whole_settings
from pratique.artifacts.readers.keras_config import KEYS, LONGEST, is_keras, torch_modules
from pratique.artifacts.readers.mxnet import is_mxnet, read_mxnet
from pratique.artifacts.readers.notebook import notebook
from pratique.artifacts.readers.shell_script import ShellScript
from pratique.artifacts.readers.template_tree import is_template
from pratique.artifacts.readers.tensorflow.js import is_web_model, keras_model, web_model
from pratique.artifacts.readers.tokenizer_rules import rewriting
from pratique.artifacts.readers.values import together
from pratique.artifacts.readers.xgboost_model import is_xgboost, read_xgboost
from pratique.artifacts.views import HostCode, ModelText, TemplateView, TextView, TreeProblems
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.fact import Fact
from pratique.core.limits import MiB

MAX_VALUES = 8_000_000
LISTING = 1_000
MAX_DUPLICATES = 100
MAX_TEMPLATES = 1_000
TELLING_BYTES = 4 * MiB
LEAST = 9
"""No text that calls something is shorter."""
KNOWN = frozenset({"chat_template", "cells", "worksheets"})

MODEL_KEYS = frozenset(
    ["model_type", "architectures", "tokenizer_class", "_class_name", "processor_class",
     "image_processor_type", "feature_extractor_type", "peft_type", "transformers_version"]
)  # fmt: skip
"""A document with one of these is the configuration of a model and nothing else."""
_MARKS = re.compile(r"\{[%{]|\\u007[bB]")
"""What a template cannot do without, also where JSON spells it by number."""
_TELLING = re.compile(
    r'"(?:auto_map|lc|_type|custom_pipelines|trust_remote_code|scripts|mcpServers|tasks'
    r"|template_format|post(?:Create|Start|Attach)Command|onCreateCommand|updateContentCommand"
    r'|initializeCommand|conv_feature_layers|hooks|created_by|Entrypoint)"\s*:'
)
"""Keys that matter at any depth, whatever else the document is."""
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_FIRST = re.compile(
    rf"""\s*(?:\{{\s*(?:"|\}})|\[\s*(?:[\{{\[\]]|"(?:[^"\\\n]|\\.){{0,1000}}"\s*[,\]]"""
    rf"""|(?:{_NUMBER}|true|false|null|NaN|-?Infinity)\s*(?:,|\]\s*(?:$|[\n,\[]))))"""
)
CONFIG_KEYS = frozenset(
    [
        "model_type",
        "architectures",
        "auto_map",
        "weight_map",
        "torch_dtype",
        "dtype",
        "tokenizer_class",
        "chat_template",
        "_class_name",
        "custom_pipelines",
        "base_model_name_or_path",
        "peft_type",
        "hidden_size",
        "processor_class",
        "image_processor_type",
        "feature_extractor_type",
        "auto_mapping",
        "modules",
        "custom_generate",
        "transformers_version",
        "_target_",
        "quantization_config",
        "vocab_size",
        "py/object",
        "py/reduce",
        "class_name",
        "class_path",
        "function",
        "type",
        "keras_version",
        "optimizer_config",
        "compile_config",
        "library_name",
        "__version__",
        "_diffusers_version",
        "_meta",
        "dependencies",
        "devDependencies",
        "optionalDependencies",
        "peerDependencies",
        "lockfileVersion",
        "schemaVersion",
    ]
)
"""A document with one of these keys configures a model: rules over the repository read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonText(View):
    """What a JSON text looks like as a whole: its documents, and keys given twice in one object.

    RFC 8259 section 4 leaves duplicate keys to the parser: two loaders may read different models.
    `listed` are those that have the same value each time, and those in objects of more than
    `LISTING` keys that configure no model: lists of words more than settings.
    """

    documents: int
    duplicates: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()


class JsonReader(Reader):
    """Reads RFC 8259 JSON (with NaN, as Python writes it) and JSON Lines."""

    name: ClassVar[str] = "json"
    version: ClassVar[int] = 10
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = (
        JsonText,
        TemplateView,
        TextView,
        GraphOperators,
        ModelText,
        TreeProblems,
        HostCode,
        ShellScript,
    )

    def recognises(self, subject: Subject) -> bool:
        """Tell whether the text begins as an object or an array."""
        return _FIRST.match(opening(subject)) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim, one JsonText, templates, notebook cells, and a fact of a configuration."""
        most = subject.limits.text_bytes
        if subject.size > most:
            raise LimitExceededError(f"JSON of more than {most} bytes is not parsed")
        told = whole_text(subject, most)
        duplicates: list[str] = []
        listed: list[str] = []
        documents = _parse(told, duplicates, listed)
        yield Claim(0, subject.size, "json document")
        first = documents[0] if isinstance(documents[0], dict) else {"": documents[0]}
        cut = False
        for kind, data, short in json_told.told(first, told.text):
            yield Fact(kind, subject.chain, data)
            cut |= short
        yield JsonText(
            documents=len(documents),
            duplicates=tuple(duplicates),
            listed=tuple(listed),
            covered=subject.size,
            partial="it names more code than is listed" if cut else "",
        )
        for document in documents[:1]:
            yield from _of_document(document, subject, told.text)


def _of_document(document: object, subject: Subject, text: str) -> Iterator[Item]:
    yield from _of_web_model(document, subject)
    telling = len(text) <= TELLING_BYTES and _TELLING.search(text) is not None
    if isinstance(document, list) and (telling or _is_modules(document)):
        yield Fact("json", subject.chain, settings(document, CONFIG_KEYS))
    if not isinstance(document, dict):
        return
    others = _other_templates(document) if _MARKS.search(text) else ()
    for origin, source in chain(_templates(document.get("chat_template")), others):
        yield TemplateView(source=source, origin=origin, covered=subject.size)
    yield from _of_model(document, subject)
    if isinstance(document.get("model"), dict) and "added_tokens" in document:
        yield Fact("tokenizer", subject.chain, rewriting(document))
    if "nbformat" in document:
        yield from notebook(document)
    yield from _configuration(document, subject, telling=telling)


def _configuration(document: dict[str, Any], subject: Subject, *, telling: bool) -> Iterator[Item]:
    if not MODEL_KEYS.isdisjoint(document):
        yield from together(((text, 0) for text in _values(document)), "configuration")
    if is_keras(document):
        yield from _of_keras(document, subject)
    elif telling or not CONFIG_KEYS.isdisjoint(document):
        yield Fact("json", subject.chain, settings(document, CONFIG_KEYS))


def _values(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of a configuration, templates left out."""
    for part in json_told.parts(document):
        for value in (part[key] for key in part if key not in KNOWN):
            texts = value if isinstance(value, list) else (value,)
            yield from (one for one in texts if isinstance(one, str) and len(one) >= LEAST)


def _of_model(document: Mapping[str, Any], subject: Subject) -> Iterator[Item]:
    if is_xgboost(document):
        yield from read_xgboost(document, subject, "xgboost")
    if is_mxnet(document):
        yield from read_mxnet(document, subject)


def _of_keras(document: object, subject: Subject) -> Iterator[Item]:
    """Yield all that Keras would make of a document, and what stands in it packed."""
    yield from torch_modules(document)
    for part in whole_settings(document, CONFIG_KEYS | KEYS, LONGEST):
        yield Fact("json", subject.chain, part)


def _of_web_model(document: object, subject: Subject) -> Iterator[Item]:
    if is_web_model(document):
        yield from web_model(document, subject)
        layers = keras_model(document)
        if layers is not None:
            yield from _of_keras(layers, subject)


def _is_modules(rows: Sequence[object]) -> bool:
    """Tell a sentence-transformers `modules.json`: a list of objects with a type and a path."""
    return bool(rows) and all(isinstance(r, dict) and "type" in r for r in rows)


def _parse(told: Decoded, duplicates: list[str], listed: list[str]) -> list[Any]:
    text = told.text
    if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
        raise LimitExceededError(f"JSON with more than {MAX_VALUES} values is not parsed")

    def pairs(rows: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(rows)
        if len(made) != len(rows):
            times = Counter(k for k, _ in rows)
            twice = [k for k, count in times.items() if count > 1]
            long = len(rows) > LISTING and CONFIG_KEYS.isdisjoint(twice)
            same = long or all(made[k] == v for k, v in rows if times[k] > 1)
            into = listed if same else duplicates
            into.extend(k[:200] for k in twice[: MAX_DUPLICATES - len(into)])
        return made

    decoder = json.JSONDecoder(object_pairs_hook=pairs, strict=False)
    try:
        return _documents(decoder, text)
    except json.JSONDecodeError as e:
        at = told.skipped + byte_at(text, e.pos)
        raise MalformedError(f"JSON breaks at byte {at}: {e.msg}", at) from None
    except RecursionError:
        raise MalformedError("JSON is nested deeper than any loader reads") from None
    except ValueError as e:
        raise MalformedError(f"JSON holds a number that cannot be read: {e}"[:200]) from None
    except MemoryError:
        raise LimitExceededError("JSON needs more memory than a worker has") from None


def _documents(decoder: json.JSONDecoder, text: str) -> list[Any]:
    """Parse one document, or one per line when a second starts on a later line."""
    first, end = decoder.raw_decode(text, _skip(text, 0))
    found, at = [first], _skip(text, end)
    while at < len(text):
        if "\n" not in text[end:at]:
            raise json.JSONDecodeError("Extra data", text, at)
        _, end = decoder.raw_decode(text, at)
        found.append(None)  # only counted: lines are data, not configuration
        at = _skip(text, end)
    return found


_SPACE = re.compile(r"[ \t\n\r]*")


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _templates(told: object) -> Iterator[tuple[str, str]]:
    """Yield (origin, source) of the three shapes that `chat_template` has had."""
    match told:
        case str():
            yield "json:chat_template", told
        case dict():
            for name, source in list(told.items())[:MAX_TEMPLATES]:
                if isinstance(source, str):
                    yield f"json:chat_template.{name[:80]}", source
        case list():
            for row in told[:MAX_TEMPLATES]:
                if isinstance(row, dict) and isinstance(row.get("template"), str):
                    yield f"json:chat_template.{str(row.get('name'))[:80]}", row["template"]
        case _:
            return


def _other_templates(document: object) -> Iterator[tuple[str, str]]:
    """Yield valid Jinja under other keys and deeper down, where some loaders keep templates."""
    stack, left = [("", document)], MAX_TEMPLATES
    while stack:
        key, part = stack.pop()
        if isinstance(part, dict):
            stack += [
                (str(k), v) for k, v in part.items() if part is not document or k not in KNOWN
            ]
        elif isinstance(part, list):
            stack += [(key, v) for v in part]
        elif isinstance(part, str) and is_template(part):
            left -= 1
            if left < 0:
                raise LimitExceededError(f"more than {MAX_TEMPLATES} templates in one document")
            yield f"json:{key[:80]}", part
