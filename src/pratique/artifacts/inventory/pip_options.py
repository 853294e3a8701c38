"""Options of pip as its own parser takes them: joined, apart, and shortened while unambiguous.

https://pip.pypa.io/en/stable/reference/requirements-file-format/#supported-options
"""

import shlex
from collections.abc import Iterator, Sequence

INCLUDES = frozenset(["--requirement", "--constraint"])
EDITABLE = "--editable"
INDEXES = frozenset(["--index-url", "--extra-index-url", "--find-links"])

_SHORT = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "-f": "--find-links",
    "-t": "--target",
    "-C": "--config-settings",
}
_FILE = (
    *("--requirement", "--constraint", "--editable", "--index-url", "--extra-index-url"),
    *("--find-links", "--no-binary", "--only-binary", "--trusted-host", "--use-feature"),
    *("--hash", "--global-option", "--install-option", "--config-settings"),
)
_COMMAND = (
    *("--target", "--platform", "--python-version", "--implementation", "--abi", "--root"),
    *("--prefix", "--src", "--upgrade-strategy", "--progress-bar", "--root-user-action"),
    *("--report", "--cache-dir", "--timeout", "--retries", "--proxy", "--cert", "--client-cert"),
    *("--log", "--python", "--exists-action", "--group", "--index", "--default-index", "--only"),
)
_FLAGS = (
    *("--no-index", "--prefer-binary", "--require-hashes", "--pre", "--upgrade", "--user"),
    *("--no-deps", "--no-cache-dir", "--quiet", "--system", "--force-reinstall", "--no-clean"),
    *("--pypi-url", "--ignore-installed", "--no-build-isolation", "--break-system-packages"),
    *("--no-compile", "--compile", "--verbose", "--disable-pip-version-check", "--no-input"),
)
_VALUED = frozenset([*_FILE, *_COMMAND, "--pypi-url"])
_KNOWN = (*sorted(_VALUED), *_FLAGS)

Told = tuple[str, str]
"""An option by its full name with its value, or an empty name with a word that is none."""


def words_of(text: str) -> list[str]:
    """Return a command line's words.

    Raises:
        ValueError: a quotation does not end.

    """
    return shlex.split(text)


def options(words: Sequence[str]) -> Iterator[Told]:
    """Yield options and other words, in their order."""
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            yield "", word
        elif word == "--":
            yield from (("", w) for w in rest)
        elif word.startswith("--"):
            name, mark, value = word.partition("=")
            name = _whole(name)
            yield name, value if mark else next(rest, "") if name in _VALUED else ""
        elif (name := _SHORT.get(word[:2], "")) != "":
            yield name, word[2:].removeprefix("=") or next(rest, "")
        else:
            yield word, ""


def _whole(name: str) -> str:
    """Return the one known option that begins so, or the name itself."""
    if name in _KNOWN:
        return name
    found = [known for known in _KNOWN if known.startswith(name)]
    return found[0] if len(found) == 1 else name
