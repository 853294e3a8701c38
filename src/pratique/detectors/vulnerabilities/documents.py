"""Configurations as JSON, walked within bounds: shared by the rules about what loaders read."""

from collections.abc import Iterator, Mapping

from pratique.artifacts.readers.keras_config import is_keras
from pratique.artifacts.views import Repository
from pratique.core.finding import Span

MOST_NODES = 400_000
"""More than any reader keeps of a document: a walk ends with the document."""
Node = Mapping[str, object]


def documents(view: Repository) -> Iterator[tuple[Span, object]]:
    """Yield every JSON document with its place."""
    for file in view.files:
        for kind, chain, data in file.facts:
            if kind == "json":
                yield Span(chain=(file.path, *chain)), data


def nodes(document: object) -> Iterator[tuple[int, Node]]:
    """Yield (depth, mapping) of every mapping in a document, the outermost first."""
    level, depth, seen = [document], 0, 0
    while level:
        below: list[object] = []
        for part in level:
            seen += 1
            if seen > MOST_NODES:
                return
            if isinstance(part, dict):
                yield depth, part
                below.extend(part.values())
            elif isinstance(part, list):
                below.extend(part)
        level, depth = below, depth + 1


def keras_nodes(view: Repository) -> Iterator[tuple[Span, Node]]:
    """Yield every mapping of the documents that Keras would make a model of."""
    for at, document in documents(view):
        if is_keras(document):
            for _, node in nodes(document):
                yield at, node
