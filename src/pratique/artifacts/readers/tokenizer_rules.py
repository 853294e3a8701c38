"""What a `tokenizer.json` does to text: rules that replace or add, and tokens with two names."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pratique.core.fact import Json

PARTS = ("normalizer", "pre_tokenizer", "decoder")
MOST_RULES = 500
MOST_TOKENS = 20_000
MOST_ALIASES = 50
MOST_WORDS = 300
_SENTENCE = re.compile(r"[^\W\d_]{2,}[ ]+[^\W\d_]{2,}[ ]+[^\W\d_]{2,}")
"""Three words in a row: no token, an instruction."""


def rewriting(document: Mapping[str, Any]) -> Json:
    """Return (part, type, pattern, content) of each rule, and (token, number, other) of aliases."""
    rules: list[Json] = []
    for part in PARTS:
        for node in _nodes(document.get(part)):
            row = _row(node)
            if row is not None and len(rules) < MOST_RULES:
                rules.append([part, *row])
    return {"rules": rules, "aliases": _aliases(document), "texts": _texts(document)}


def _texts(document: Mapping[str, Any]) -> list[Json]:
    """Return added tokens that are sentences or no plain letters, and those that are put in."""
    added = document.get("added_tokens")
    rows = added[:MOST_TOKENS] if isinstance(added, list) else []
    names = [row.get("content") for row in rows if isinstance(row, dict)]
    texts = [name for name in names if isinstance(name, str)]
    telling = [name for name in texts if _SENTENCE.search(name) or _tagged(name)]
    found: list[Json] = []
    for node in _nodes(document.get("post_processor")):
        special = node.get("special_tokens")
        for name, row in list(special.items())[:100] if isinstance(special, dict) else ():
            ids = row.get("ids") if isinstance(row, dict) else None
            if _SENTENCE.search(name) or (isinstance(ids, list) and len(ids) > 2):  # noqa: PLR2004 - two make a pair
                found.append(["put in", name[:MOST_WORDS]])
    found += [["added", name[:MOST_WORDS]] for name in telling]
    return found[:MOST_RULES]


def _tagged(name: str) -> bool:
    """Tell a mark that is written in letters of another script than Latin."""
    return not name.isascii() and name[:1] in "<[" and name[-1:] in ">]"


def _nodes(told: object) -> Iterator[Mapping[str, object]]:
    """Yield every rule of a part, those in sequences as well."""
    stack = [told]
    for _ in range(MOST_RULES * 10):
        if not stack:
            return
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(v for v in node.values() if isinstance(v, list))
        elif isinstance(node, list):
            stack.extend(reversed(node))


def _row(node: Mapping[str, object]) -> list[Json] | None:
    kind = str(node.get("type", ""))[:40]
    if kind == "Replace":
        told = node.get("pattern")
        values = list(told.values()) if isinstance(told, dict) else [told]
        pattern = next((v for v in values if isinstance(v, str)), "")
        return [kind, pattern[:MOST_WORDS], str(node.get("content", ""))[:MOST_WORDS]]
    if kind == "Prepend":
        return [kind, "", str(node.get("prepend", ""))[:MOST_WORDS]]
    return None


def _aliases(document: Mapping[str, Any]) -> list[Json]:
    """Return added tokens whose number the vocabulary, or another added token, gives otherwise."""
    added = document.get("added_tokens")
    numbers: dict[int, str] = {}
    found: list[Json] = []
    for row in added[:MOST_TOKENS] if isinstance(added, list) else []:
        at, name = (row.get("id"), row.get("content")) if isinstance(row, dict) else (None, None)
        if not (isinstance(at, int) and isinstance(name, str)):
            continue
        if numbers.setdefault(at, name) != name and len(found) < MOST_ALIASES:
            found.append([name[:200], at, numbers[at][:200]])
    for other, at in _vocabulary(document.get("model")):
        if at in numbers and numbers[at] != other and len(found) < MOST_ALIASES:
            found.append([numbers[at][:200], at, other[:200]])
    return found


def _vocabulary(model: object) -> Iterator[tuple[str, int]]:
    vocab = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocab, dict):
        for name, at in vocab.items():
            if isinstance(at, int):
                yield name, at
    elif isinstance(vocab, list):
        for at, row in enumerate(vocab):
            if isinstance(row, list) and row and isinstance(row[0], str):
                yield row[0], at
