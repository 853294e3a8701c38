"""pip's requirement files: https://pip.pypa.io/en/stable/reference/requirements-file-format/."""

import re
from collections.abc import Callable, Iterator

from packaging.requirements import InvalidRequirement, Requirement

from pratique.artifacts.inventory.found import Found, Place, beside
from pratique.core.component import Relation

Texts = Callable[[str], str | None]
"""Returns the text of a file of the package, None where there is none."""

MOST_LINES = 100_000
MOST_LINE = 16_000
MOST_INCLUDES = 200
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_HASH = re.compile(r"\s--hash=(sha256|sha384|sha512):([0-9a-fA-F]+)")
_OPTION = re.compile(r"\s--(?:hash|global-option|config-settings?|install-option)[= ].*$")
_INCLUDE = re.compile(r"(?:-r|-c|--requirement|--constraint)(?:[ \t=]+|(?=\S))(.+)")
_EDITABLE = re.compile(r"(?:-e|--editable)[ \t=]+(.+)")
_INDEX = re.compile(r"(?:-i|-f|--index-url|--extra-index-url|--find-links)(?:[ \t=]+|(?=\S))(.+)")
_URL = re.compile(r"(?:(?:git|hg|svn|bzr)\+)?[a-z][a-z0-9+.-]*://\S+|(?:git|hg|svn|bzr)\+\S+")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_WHEEL = re.compile(r"/([A-Za-z0-9._]+)-([0-9][A-Za-z0-9._!+]*)-[^/]*\.whl(?:[#?]|$)")
_PATH = re.compile(r"(?:\.{0,2}/|~|[A-Za-z]:\\|\.$)\S*|\S+\.(?:whl|tar\.gz|zip|tgz)$")


def read(path: str, text: str, found: Found, texts: Texts) -> None:
    """Take every requirement of a file and of those that it includes, each file once."""
    waiting, seen = [path], {path}
    while waiting:
        at = waiting.pop()
        body = text if at == path else texts(at)
        if body is None:
            found.trouble(Place(path, "requirements"), f"includes {at!r}, which is not there")
            continue
        found.read(at)
        for line, words in _lines(body, Place(at, "requirements"), found):
            include = _INCLUDE.fullmatch(words)
            if include is None:
                entry(words, Place(at, "requirements", line), found)
                continue
            aim = beside(at, include[1].strip().strip("'\""))
            if aim in seen:
                continue
            seen.add(aim)
            if len(seen) > MOST_INCLUDES or aim.startswith("../") or "://" in include[1]:
                found.trouble(Place(at, "requirements", line), f"includes {include[1][:200]!r}")
            else:
                waiting.append(aim)


def entry(words: str, at: Place, found: Found, relation: Relation = Relation.NEEDS) -> None:
    """Take one line of a requirements file that includes no other."""
    if index := _INDEX.fullmatch(words):
        found.other(at, f"package index {index[1].strip()[:300]}", None, relation=relation)
        return
    if editable := _EDITABLE.fullmatch(words):
        words = editable[1].strip()
    elif words.startswith("-"):
        return  # the remaining options name no component
    digests = tuple(f"{kind}:{value.lower()}" for kind, value in _HASH.findall(words))
    words = _OPTION.sub("", words).strip()
    if _URL.fullmatch(words) or _PATH.fullmatch(words):
        _direct(words, at, found, digests)
        return
    try:
        told = Requirement(words)
    except (InvalidRequirement, RecursionError) as e:
        why = str(e).partition("\n")[0]
        found.trouble(at, f"{words[:120]!r} is no requirement (PEP 508): {why}")
        return
    if told.url:
        _named_url(told, at, found, digests)
        return
    marker = str(told.marker) if told.marker else ""
    spec = str(told.specifier)
    found.python(at, told.name, spec, relation=relation, marker=marker, digests=digests)


def _named_url(told: Requirement, at: Place, found: Found, digests: tuple[str, ...]) -> None:
    marker = str(told.marker) if told.marker else ""
    url = told.url or ""
    wheel = _WHEEL.search(url)
    spec = f"=={wheel[2]}" if wheel else ""
    found.python(at, told.name, spec, marker=marker, url=url, digests=digests)


def _direct(words: str, at: Place, found: Found, digests: tuple[str, ...]) -> None:
    wheel, egg = _WHEEL.search("/" + words), _EGG.search(words)
    if wheel:
        found.python(at, wheel[1], f"=={wheel[2]}", url=words, digests=digests)
    elif egg:
        found.python(at, egg[1], "", url=words, digests=digests)
    else:
        found.other(at, words, None, relation=Relation.NEEDS)


def _lines(body: str, at: Place, found: Found) -> Iterator[tuple[int, str]]:
    """Yield (line, words) with continuations joined and comments taken off."""
    kept, began = "", 0
    for number, raw in enumerate(body.splitlines(), 1):
        if number > MOST_LINES:
            found.trouble(Place(at.path, at.via, number), f"more than {MOST_LINES} lines")
            return
        line = _COMMENT.sub("", raw) if not kept else raw
        began = began or number
        if line.endswith("\\"):
            kept += line[:-1]
            if len(kept) > MOST_LINE:
                found.trouble(Place(at.path, at.via, began), "a line that never ends")
                kept, began = "", 0
            continue
        words = _COMMENT.sub("", kept + line).strip()
        if len(words) > MOST_LINE:
            found.trouble(Place(at.path, at.via, began), f"a line of {len(words)} characters")
        elif words:
            yield began, words
        kept, began = "", 0
    if kept.strip():
        yield began, _COMMENT.sub("", kept).strip()
