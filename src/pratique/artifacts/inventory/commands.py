"""Commands of images and jobs that install packages: pip in all its spellings, uv, conda, apt."""

import re
import shlex
from collections.abc import Iterator, Sequence

from pratique.artifacts.inventory import requirements
from pratique.artifacts.inventory.aliases import CONDA, NOT_PYTHON
from pratique.artifacts.inventory.found import Found, Place
from pratique.artifacts.inventory.pip_options import EDITABLE, INCLUDES, INDEXES, options
from pratique.artifacts.inventory.texts import Texts
from pratique.core.component import DEBIAN, Relation

MOST_DEEP = 4
_PIP = re.compile(r"(?:.*/)?pip[0-9.]*")
_PYTHON = re.compile(r"(?:.*/)?python[0-9.]*")
_CONDA = re.compile(r"(?:.*/)?(?:conda|mamba|micromamba)")
_APT = re.compile(r"(?:.*/)?apt(?:-get)?")
_SHELL = re.compile(r"(?:.*/)?(?:ba|da|a|z|k)?sh")
_DEBIAN = re.compile(r"([a-z0-9][a-z0-9+.-]+)(?:=(\S+))?")
_MODULE = re.compile(r"-[A-Za-z]*mpip")
_PAIRED = re.compile(r"-[A-Za-z]*m")
_RUNS = re.compile(r"-[a-z]*c[a-z]*")
_REMARK = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_PACKAGE = re.compile(r"(?:[\w-]+::)?([A-Za-z0-9_][\w.-]*)\s*(.*)", re.DOTALL)


def script(text: str, at: Place, found: Found, texts: Texts) -> None:
    """Take what a shell's text installs."""
    waiting = [(text, 0)]
    while waiting:
        body, depth = waiting.pop()
        for words in _split(body, at, found):
            inner = argv(words, at, found, texts)
            if inner and depth < MOST_DEEP:
                waiting.append((inner, depth + 1))
            elif inner:
                found.trouble(at, "a shell in a shell in a shell: what it installs was not read")


def argv(words: Sequence[str], at: Place, found: Found, texts: Texts) -> str:
    """Take what one command installs; return the text that a shell would run, empty for none."""
    for index, word in enumerate(words):
        rest = words[index + 1 :]
        if _SHELL.fullmatch(word):
            ran = [n for n, w in enumerate(rest[:-1]) if _RUNS.fullmatch(w)]
            return rest[ran[0] + 1] if ran else ""
        if _is_pip(words, index):
            _pip(_after(rest, "install", "add"), at, found, texts)
            return ""
        if _CONDA.fullmatch(word):
            _conda(_after(rest, "install", "create"), at, found)
            return ""
        if _APT.fullmatch(word):
            _apt(_after(rest, "install"), at, found)
            return ""
    return ""


def _is_pip(words: Sequence[str], index: int) -> bool:
    """Tell whether the word at `index` is pip, uv or pipx, or ends `python -m pip`."""
    word, before = words[index], words[index - 1] if index else ""
    if word in {"uv", "pipx", "poetry"} or word.endswith(("/uv", "/pipx", "/poetry")):
        return True
    if _MODULE.fullmatch(word):
        return any(_PYTHON.fullmatch(w) for w in words[:index])
    return _PIP.fullmatch(word) is not None and (not index or before[:1] != "-" or _paired(before))


def _paired(before: str) -> bool:
    return _PAIRED.fullmatch(before) is not None


def _after(words: Sequence[str], *verbs: str) -> Sequence[str]:
    """Return the words after the first of the verbs, none where it is not there."""
    for index, word in enumerate(words):
        if word in verbs:
            return words[index + 1 :]
    return ()


def _split(text: str, at: Place, found: Found) -> Iterator[list[str]]:
    """Yield the commands of a shell's text, each as words."""
    lexer = shlex.shlex(_REMARK.sub("", text), posix=True, punctuation_chars="();&|\n")
    lexer.whitespace, lexer.whitespace_split = " \t\r", True
    lexer.commenters = ""  # in the middle of a word it is none for a shell
    words: list[str] = []
    remark = False
    try:
        for word in lexer:
            remark = (remark or word.startswith("#")) and "\n" not in word
            if word.strip(";&|()\n{}") == "":
                if words:
                    yield words
                words = []
            elif not remark:
                words.append(word)
    except ValueError:
        found.trouble(at, f"{text[:120]!r} is no command line")
        return
    if words:
        yield words


def _pip(words: Sequence[str], at: Place, found: Found, texts: Texts) -> None:
    for name, value in options(words):
        if "$" in value:
            found.trouble(at, f"{value[:120]!r} is known only when it runs")
        elif name in INCLUDES:
            aim = texts.near(at.path, value)
            if aim is None:
                found.trouble(at, f"installs what {value[:200]!r} lists, which is not there")
            else:
                requirements.read(aim, found, texts)
        elif name in INDEXES:
            found.other(at, f"package index {value[:300]}", None, relation=Relation.NEEDS)
        elif value and (not name or name == EDITABLE):
            requirements.entry(value, at, found)


def _conda(words: Sequence[str], at: Place, found: Found) -> None:
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = not skip and word in {"-c", "-n", "-p", "--channel", "--name", "--prefix"}
        elif "$" in word:
            found.trouble(at, f"{word[:120]!r} is known only when it runs")
        else:
            entry_of_conda(word, at, found)


def _apt(words: Sequence[str], at: Place, found: Found) -> None:
    for word in words:
        match = _DEBIAN.fullmatch(word)
        if "$" in word:
            found.trouble(at, f"{word[:120]!r} is known only when it runs")
        elif match:
            found.other(at, match[1], match[2], DEBIAN, Relation.NEEDS)


def entry_of_conda(row: str, at: Place, found: Found) -> None:
    """Take one package as conda writes it: `channel::name=version=build`."""
    match = _PACKAGE.fullmatch(row.strip())
    if match is None:
        found.trouble(at, f"{row[:120]!r} is no conda package")
        return
    name, spec = match[1], match[2].strip()
    version, _, _ = spec.lstrip("=").strip().partition("=")  # the build comes after it
    if name.lower() in NOT_PYTHON:
        found.other(at, name, version or None, relation=Relation.NEEDS)
        return
    exact = spec.startswith("=") and re.fullmatch(r"[\w.!+]+", version)
    named = CONDA.get(name.lower(), name)
    if spec.startswith("=") and not spec.startswith("==") and version.count(".") < 2:  # noqa: PLR2004
        found.python(at, named, f"=={version}.*" if exact else spec)  # `=1.2` is any 1.2
    else:
        found.python(at, named, f"=={version}" if exact else spec)
