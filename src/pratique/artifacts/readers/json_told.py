"""What some JSON documents say beyond their text: skops schemas, exported programs, manifests.

Such documents are often too large to be a fact; what rules need of them is small.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pratique.artifacts.readers import named_code
from pratique.core.fact import Json

MAX_ROWS = 5_000
MAX_TEXT = 300
MAX_EXPRESSION = 1_000
SKOPS = ("__loader__", "__module__", "__class__")
MAR = ("handler", "serializedFile", "modelFile", "requirementsFile", "configFile", "modelName")
MAX_NESTED = 4
"""A tree of containers is JSON in a text of a program, and its contexts are texts of that."""


@dataclass(slots=True)
class Rows:
    """Distinct rows in the order they are met; `cut` when there were more than are kept."""

    kept: dict[tuple[str, ...], None] = field(default_factory=dict)
    cut: bool = False

    def add(self, *row: str) -> None:
        """Keep a row that is new."""
        short = tuple(text[:MAX_EXPRESSION] for text in row)
        if short in self.kept:
            return
        if len(self.kept) >= MAX_ROWS:
            self.cut = True
        else:
            self.kept[short] = None

    def lists(self) -> list[Json]:
        """Return the rows as JSON."""
        return [list(row) for row in self.kept]


def parts(document: object) -> Iterator[Mapping[str, Any]]:
    """Yield every object in a document that a parser has already bounded."""
    stack = [document]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            yield part
            stack.extend(v for v in part.values() if isinstance(v, dict | list))
        elif isinstance(part, list):
            stack.extend(v for v in part if isinstance(v, dict | list))


def told(document: Mapping[str, Any], text: str) -> Iterator[tuple[str, Json, bool]]:
    """Yield (kind of fact, its data, whether it was cut) of what a document says."""
    if not named_code.MARKS.search(text):
        return
    for kind, make in _KINDS.items():
        rows = Rows()
        data = make(document, rows)
        if data is not None:
            yield kind, data, rows.cut


def _named(document: Mapping[str, Any], rows: Rows) -> Json:
    for part in parts(document):
        both = named_code.joined(part)
        if both:
            rows.add(*both)
        for key, value in part.items():
            texts = value if isinstance(value, list) else [value]
            for text in texts:
                if isinstance(text, str) and named_code.tells(key, text):
                    rows.add(key[:MAX_TEXT], named_code.shortened(text, MAX_EXPRESSION))
    return [[*row, 0] for row in rows.kept] or None


def _skops(document: Mapping[str, Any], rows: Rows) -> Json:
    """Return the distinct types that a skops schema asks for, and what it calls of them."""
    if not all(isinstance(document.get(key), str) for key in SKOPS):
        return None
    for part in parts(document):
        if any(key in part for key in SKOPS):
            loader, module, name = (str(part.get(key, ""))[:MAX_TEXT] for key in SKOPS)
            rows.add(loader, module, name, _asks(loader, part))
    return {
        "version": str(document.get("_skops_version", ""))[:40],
        "protocol": str(document.get("protocol", ""))[:40],
        "nodes": rows.lists(),
    }


def _asks(loader: str, part: Mapping[str, Any]) -> str:
    """Return what a node names in its content: a method and its owner's type, or a function."""
    content = part.get("content")
    if not isinstance(content, dict):
        return ""
    if loader == "MethodNode":
        owner = content.get("obj")
        kind = [str(owner.get(k, "")) for k in SKOPS[1:]] if isinstance(owner, dict) else []
        return f"{content.get('func', '')}|{'|'.join(kind)}"[:MAX_TEXT]
    if loader == "FunctionNode":
        return f"{content.get('module_path', '')}.{content.get('function', '')}"[:MAX_TEXT]
    if loader == "RandomGeneratorNode":
        return _generator(content)
    return ""


def _generator(content: Mapping[str, Any]) -> str:
    part: object = content.get("bit_generator")
    for key in ("content", "bit_generator", "content"):
        part = part.get(key) if isinstance(part, dict) else None
    return str(part)[:MAX_TEXT] if part is not None else ""


def _exported(document: Mapping[str, Any], rows: Rows) -> Json:
    """Return what an exported program calls, and the expressions and containers it describes."""
    if not isinstance(document.get("graph_module"), dict):
        return None
    for part in parts(document):
        for key, value in part.items():
            for row in _of_entry(key, value, part) if isinstance(value, str) else ():
                rows.add(*row)
    return {"rows": rows.lists()}


def _of_entry(key: str, value: str, part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if key == "as_operator" or (key == "target" and "inputs" in part):
        yield "target", value
    elif key == "expr_str":
        yield "expression", value
    elif value.startswith(("[", "{")):
        yield from _makers(value)


def _makers(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a tree of containers imports to make them (torch/utils/_pytree.py)."""
    texts = [text]
    for _ in range(MAX_NESTED):
        inner: list[str] = []
        for part in (found for held in texts for found in parts(_parsed(held))):
            if "default_factory_module" in part:
                yield "factory", str(part["default_factory_module"])
            if "__enum__" in part:
                yield "enum", str(part.get("fqn", ""))
            inner += [v for v in part.values() if isinstance(v, str) and v[:1] in {"[", "{"}]
        texts = inner


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _manifest(document: Mapping[str, Any], _: Rows) -> Json:
    """Return what the manifest of a TorchServe archive names."""
    model = document.get("model")
    if not isinstance(model, dict) or not isinstance(model.get("handler"), str):
        return None
    if not ("modelName" in model and {"runtime", "archiverVersion"} & document.keys()):
        return None
    return {key: str(model[key])[:MAX_TEXT] for key in MAR if key in model}


_KINDS: dict[str, Callable[[Mapping[str, Any], Rows], Json]] = {
    "named": _named,
    "skops": _skops,
    "exported": _exported,
    "mar": _manifest,
}
