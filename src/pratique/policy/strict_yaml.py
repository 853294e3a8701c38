"""YAML without surprises: every scalar is a text, no aliases, no tags, no duplicate keys."""

from typing import Final, TypeAlias

import yaml

from pratique.core.errors import UsageError
from pratique.core.limits import KiB

MAX_BYTES: Final = 256 * KiB
MAX_DEPTH: Final = 12

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"


def read(body: bytes, where: str) -> Tree:
    """Return the one document in `body`, all scalars as they are written.

    Raises:
        UsageError: too large or too deep, not YAML, or YAML that a reader could misread.

    """
    if len(body) > MAX_BYTES:
        raise UsageError(f"{where}: {len(body)} bytes; a policy file has at most {MAX_BYTES}")
    try:
        text = body.decode("utf-8")
        _refuse_surprises(text, where)
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except (UnicodeDecodeError, yaml.YAMLError) as e:
        says = " ".join(str(e).split())
        raise UsageError(f"{where}: not YAML: {says}"[:500]) from e
    if node is None:
        raise UsageError(f"{where}: empty")
    return _plain(node, where)


def _refuse_surprises(text: str, where: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        line = _at(event, where)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise UsageError(f"{line}: nested deeper than {MAX_DEPTH}")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UsageError(f"{line}: anchors and aliases are not read; write it out")
        tag = getattr(event, "tag", None)
        if tag:
            raise UsageError(f"{line}: tags are not read; leave {tag!r} out")


def _at(thing: yaml.Event | yaml.Node, where: str) -> str:
    mark = thing.start_mark
    return f"{where}:{mark.line + 1}" if mark else where


def _plain(node: yaml.Node, where: str) -> Tree:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, where) for item in node.value]
    if not isinstance(node, yaml.MappingNode):
        return str(node.value)
    told: dict[str, Tree] = {}
    for key, value in node.value:
        line = _at(key, where)
        if not isinstance(key, yaml.ScalarNode):
            raise UsageError(f"{line}: a key is one word")
        if key.value in told:
            raise UsageError(f"{line}: {key.value!r} is there twice")
        told[str(key.value)] = _plain(value, where)
    return told


def mapping(tree: Tree, keys: frozenset[str], where: str) -> dict[str, Tree]:
    """Return `tree` as a mapping that has no other keys than `keys`.

    Raises:
        UsageError: it is none, or a key is unknown.

    """
    if not isinstance(tree, dict):
        raise UsageError(f"{where}: expected keys and values")
    unknown = sorted(set(tree) - keys)
    if unknown:
        known = ", ".join(sorted(keys))
        raise UsageError(f"{where}: unknown key {unknown[0]!r}; known are {known}")
    return tree


def sequence(tree: Tree, most: int, where: str) -> list[Tree]:
    """Return `tree` as a list of at most `most` items; an empty text is an empty list.

    Raises:
        UsageError: it is none, or has too many.

    """
    if tree == "":
        return []
    if not isinstance(tree, list):
        raise UsageError(f"{where}: expected a list")
    if len(tree) > most:
        raise UsageError(f"{where}: {len(tree)} items; {most} is the most")
    return tree


def text(tree: Tree, where: str, most: int = 1_000) -> str:
    """Return `tree` as one line of text.

    Raises:
        UsageError: it is none, is too long or holds control characters.

    """
    if not isinstance(tree, str):
        raise UsageError(f"{where}: expected a text")
    line = " ".join(tree.split())
    if len(line) > most or not line.isprintable():
        raise UsageError(f"{where}: expected a printable text of at most {most} characters")
    return line
