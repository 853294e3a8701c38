"""pip's requirement files: https://pip.pypa.io/en/stable/reference/requirements-file-format/."""

import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement

from pratique.artifacts.inventory.found import MAX_TEXT, Found, Place
from pratique.artifacts.inventory.pip_options import EDITABLE, INCLUDES, INDEXES, options, words_of
from pratique.artifacts.inventory.texts import MOST_INCLUDES, Texts
from pratique.core.component import Relation

MOST_LINES = 100_000
MOST_LINE = 16_000
_COMMENT = re.compile(r"(?:^|\s+)#.*$")
_CODING = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_UNICODE = frozenset(["utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii"])
_HASH = re.compile(r"\s--hash[= ](sha256|sha384|sha512):([0-9a-fA-F]+)")
_OPTION = re.compile(r"\s--?(?=[A-Za-z])")
_URL = re.compile(r"(?:(?:git|hg|svn|bzr)\+)?[a-z][a-z0-9+.-]*://\S+|(?:git|hg|svn|bzr)\+\S+")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_WHEEL = re.compile(r"/([A-Za-z0-9._]+)-([0-9][A-Za-z0-9._!+]*)-[^/]*\.whl(?:[#?]|$)")
_SOURCE = re.compile(
    r"/([A-Za-z0-9._-]+?)-([0-9][A-Za-z0-9._!+]*?)\.(?:tar\.(?:gz|bz2|xz)|tgz|zip)(?:[#?]|$)"
)
_PATH = re.compile(
    r"(?:\.{0,2}/|~|[A-Za-z]:\\)\S*|\.{1,2}(?:\[[\w., -]*\])?|\S+\.(?:whl|tar\.gz|zip|tgz)$"
)


def read(path: str, found: Found, texts: Texts) -> None:
    """Take every requirement of a file and of those that it includes, each file once."""
    waiting: list[str] = [] if path in texts.read else [path]
    while waiting:
        at = waiting.pop()
        body = None if at in texts.read else texts.begin(at)
        if body is None:
            continue
        found.read(at)
        if (coding := _coding(body)) not in _UNICODE:
            found.trouble(Place(at, "requirements", 1), f"says that it is written in {coding!r}")
        for line, words in _lines(body, Place(at, "requirements"), found):
            place = Place(at, "requirements", line)
            waiting += entry(words, place, found, texts)


def entry(
    words: str,
    at: Place,
    found: Found,
    texts: Texts | None = None,
    relation: Relation = Relation.NEEDS,
) -> list[str]:
    """Take one line of a requirements file; return the paths of lists that it includes.

    Without `texts` an include is trouble: nothing can be followed.
    """
    if not words.startswith("-"):
        _requirement(words, at, found, relation)
        return []
    try:
        told = list(options(words_of(words)))
    except ValueError as e:
        found.trouble(at, f"{words[:120]!r} is no line of options: {e}")
        return []
    includes = []
    for name, value in told:
        if name in INCLUDES:
            includes += _include(value, at, found, texts)
        elif name == EDITABLE:
            _requirement(value, at, found, relation)
        elif name in INDEXES:
            found.other(at, f"package index {value.strip()[:300]}", None, relation=relation)
        elif not name:
            _requirement(value, at, found, relation)
    return includes


def _include(name: str, at: Place, found: Found, texts: Texts | None) -> list[str]:
    aim = texts.aim(at.path, name) if texts is not None else None
    if texts is None or aim is None:
        found.trouble(at, f"includes {name[:200]!r}, which is not in the package")
        return []
    if aim in texts.read:
        return []
    if aim not in texts.bodies:
        found.trouble(at, f"includes {name[:200]!r}, which is not there")
        return []
    texts.followed += 1
    if texts.followed > MOST_INCLUDES:
        found.trouble(at, f"includes {name[:200]!r}, after {MOST_INCLUDES} others")
        return []
    return [aim]


def _requirement(words: str, at: Place, found: Found, relation: Relation) -> None:
    words = " ".join(words.split("\n"))
    digests = tuple(f"{kind}:{value.lower()}" for kind, value in _HASH.findall(words))
    words = words[: cut.start()].strip() if (cut := _OPTION.search(words)) else words.strip()
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
    if len(spec) > MAX_TEXT:
        found.trouble(at, f"{told.name[:80]!r} has a version specifier of {len(spec)} characters")
        return
    found.python(at, told.name, spec, relation=relation, marker=marker, digests=digests)


def _named_url(told: Requirement, at: Place, found: Found, digests: tuple[str, ...]) -> None:
    marker = str(told.marker) if told.marker else ""
    url = told.url or ""
    match = _WHEEL.search(url) or _SOURCE.search(url)
    spec = f"=={match[2]}" if match else ""
    found.python(at, told.name, spec, marker=marker, url=url, digests=digests)


def _direct(words: str, at: Place, found: Found, digests: tuple[str, ...]) -> None:
    match, egg = _WHEEL.search("/" + words) or _SOURCE.search("/" + words), _EGG.search(words)
    if match:
        found.python(at, match[1], f"=={match[2]}", url=words, digests=digests)
    elif egg:
        found.python(at, egg[1], "", url=words, digests=digests)
    else:
        found.other(at, words, None, relation=Relation.NEEDS)


def _coding(body: str) -> str:
    """Return the encoding that a comment in the first two lines declares, as pip obeys it."""
    for line in body.split("\n", 2)[:2]:
        if match := _CODING.match(line):
            return match[1].lower().replace("_", "-")
    return "utf-8"


def _lines(body: str, at: Place, found: Found) -> Iterator[tuple[int, str]]:
    """Yield (line, words) with continuations joined and comments taken off, in pip's order.

    A line that is a comment ends a continuation, whatever stands at its own end.
    """
    kept: list[str] = []
    began = 0
    for number, raw in enumerate(body.splitlines(), 1):
        if number > MOST_LINES:
            found.trouble(Place(at.path, at.via, number), f"more than {MOST_LINES} lines")
            break
        began = began or number
        comment = _COMMENT.match(raw) is not None
        if raw.endswith("\\") and not comment:
            kept.append(raw.strip("\\"))
            continue
        words = "".join([*kept, " " + raw if comment else raw])
        yield from _words(words, Place(at.path, at.via, began), found)
        kept, began = [], 0
    if kept:
        yield from _words("".join(kept), Place(at.path, at.via, began), found)


def _words(joined: str, at: Place, found: Found) -> Iterator[tuple[int, str]]:
    if len(joined) > MOST_LINE:
        found.trouble(at, f"a line of {len(joined)} characters")
    elif words := _COMMENT.sub("", joined).strip():
        yield at.line, words
