"""What an XGBoost model in JSON or UBJSON says, and whether its trees hold together.

Format: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pratique.artifacts.blob import Blob
from pratique.artifacts.reader import Item, Subject
from pratique.artifacts.readers.tensor_layout import Problems
from pratique.artifacts.readers.tree_checks import (
    check_children,
    check_features,
    check_lengths,
    texts_of,
)
from pratique.artifacts.readers.values import Values
from pratique.artifacts.views import TreeProblems
from pratique.core.fact import Fact, Json

MAX_TREES = 300_000
MAX_WORD = 100


def is_xgboost(document: Mapping[str, Any]) -> bool:
    """Tell a saved model by its two parts."""
    learner = document.get("learner")
    return isinstance(learner, dict) and "gradient_booster" in learner and "version" in document


def read_xgboost(document: Mapping[str, Any], subject: Subject, source: str) -> Iterator[Item]:
    """Yield the texts of a model, how its trees fare, and a fact of what it is."""
    yield from shown_texts(document, subject.blob, source)
    learner = document["learner"]
    booster = _map(learner.get("gradient_booster"))
    problems = Problems()
    trees = 0
    for model in _models(booster):
        trees += _trees(model, _features(learner), problems)
    yield TreeProblems(
        source=source,
        trees=trees,
        problems=tuple(problems.kept),
        covered=subject.size,
        partial=problems.partial,
    )
    version = document.get("version")
    data: Json = {
        "booster": str(booster.get("name"))[:MAX_WORD],
        "objective": str(_map(learner.get("objective")).get("name"))[:MAX_WORD],
        "version": [int(v) for v in version if isinstance(v, int)][:3]
        if isinstance(version, list)
        else [],
        "trees": trees,
    }
    yield Fact("xgboost", subject.chain, data)


def shown_texts(document: object, blob: Blob, source: str) -> Iterator[Item]:
    """Yield what the texts of a document show."""
    values = Values(blob, source)
    for path, text in texts_of(document):
        yield from values.say(text, 0, path)
    yield from values.rest()


def _map(told: object) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else {}


def _models(booster: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the tree models of a booster: its own, and that inside of `dart`."""
    for part in (booster, _map(booster.get("gbtree"))):
        model = _map(part.get("model"))
        if "trees" in model:
            yield model


def _features(learner: Mapping[str, Any]) -> int:
    return _whole(_map(learner.get("learner_model_param")).get("num_feature"))


def _trees(model: Mapping[str, Any], features: int, problems: Problems) -> int:
    trees = model["trees"]
    if not isinstance(trees, list):
        problems.add("length", "the model's trees are no list")
        return 0
    told = _whole(_map(model.get("gbtree_model_param")).get("num_trees"))
    if told != len(trees):
        problems.add("length", f"the model tells of {told} trees and has {len(trees)}")
    for number, tree in enumerate(trees[:MAX_TREES]):
        _tree(_map(tree), number, features, problems)
    return len(trees)


def _tree(tree: Mapping[str, Any], number: int, features: int, problems: Problems) -> None:
    param = _map(tree.get("tree_param"))
    nodes = _whole(param.get("num_nodes"))
    names = ("left_children", "right_children", "parents", "split_indices", "split_conditions")
    arrays = {name: _numbers(tree.get(name)) for name in names}
    check_lengths(problems, number, nodes, {n: len(a) for n, a in arrays.items()}, 0)
    sides = (arrays["left_children"], arrays["right_children"])
    check_children(problems, number, sides, (-1, max(0, nodes - 1)), 0)
    if features > 0:
        check_features(problems, number, arrays["split_indices"], features, 0)


def _numbers(told: object) -> Sequence[int]:
    """Return an array of numbers; anything else in it makes it an empty one."""
    if not isinstance(told, list):
        return ()
    return told if all(isinstance(x, int | float) for x in told) else ()


def _whole(told: object) -> int:
    """Return a number, which these models write as a text; -1 for all else."""
    if isinstance(told, int):
        return told
    plain = isinstance(told, str) and told.isascii() and told.isdigit() and len(told) <= 18  # noqa: PLR2004 - below 2**63
    return int(told) if isinstance(told, str) and plain else -1
