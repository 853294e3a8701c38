"""Shell text in its plain spelling: what hides a command from a reader and not from a shell."""

import re
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice

from pratique.patterns.shell_pipes import decoded, pipelines

MOST = 8_000
"""Longer texts are looked at up to here, and grow no longer than twice this."""
MOST_VALUE = 1_000
MOST_NAMES = 1_000
ROUNDS = 4
MOST_RUN = 20
DEEP = 3

_SIGNS = re.compile(r"[\"'\\`$^{<%?*\[=|]")
_TEXT = r"'[^']{0,1000}'|\"(?:[^\"\\]|\\.){0,1000}\""
_NAMES = re.compile(
    rf"(?P<made>(?:^|(?<=[\s;&|(]))\$?(?P<name>[A-Za-z_]\w{{0,60}})[ ]?[:?]?=[ ]?"
    rf"(?P<value>(?:{_TEXT}|\\.|\$\([^()\n]{{0,1000}}\)|`[^`\n]{{0,1000}}`|[^\s;|&'\"\\`])*))"
    r"|\$\{(?P<asked>\w{1,60})(?P<how>[:/%#^,][^{}\n]{0,80})?\}|\$(?P<bare>[A-Za-z_]\w{0,60})"
    r"|\$\((?P<make>[A-Za-z_]\w{0,60})\)|%(?P<batch>[A-Za-z_]\w{0,60})%",
    re.MULTILINE,
)
_DOUBLED = re.compile(r"\$\$(?=[({A-Za-z@])")
"""Makefiles write a shell's sign twice."""
_IFS = re.compile(r"\$\{IFS[^{}\n]{0,20}\}|\$IFS(?![A-Za-z_])(?:\$\d)?")
_NOTHING = re.compile(
    r"(?<=[A-Za-z])(?:\$[@*!\d]|\$\{[@*\d]\})|(?<=[a-z])\$\{[A-Za-z_]\w{0,60}\}(?=[a-z])"
    r"|(?<=[A-Za-z])(?:\$\(\s*\)|``)(?=[A-Za-z])"
)
_MADE = re.compile(r"\$\(|`")
_ROOT = re.compile(r"\$\{(?:PATH|HOME|PWD|SHELL):0:1\}|\$\{HOME%%?[^{}\n]{1,10}\}(?=\w{3})")
_ANSI = re.compile(r"\$'((?:[^'\\]|\\.){0,2000})'", re.DOTALL)
_ASKED = re.compile(r"\$\(([^()`\n]{1,6000})\)|`([^`\n]{1,6000})`|<\(([^()`\n]{1,6000})\)")
_QUOTED = re.compile(r"'([\w./:@%+,~-]{0,200})'|\"([\w./:@%+,~-]{0,200})\"")
_ADDED = re.compile(r"(?<=[\w./:-])([\"'])\s{0,3}[+&]\s{0,3}\1(?=[\w./:-])")
_BROKEN = re.compile(
    r"(?<=[A-Za-z])[\\^`](?=[A-Za-z])|(?<![\\\w.:%\"'])\\(?=[a-z]{2})|(?<=\w)(?:''|\"\")(?=\w)"
)
_BRACES = re.compile(
    r"(?:(?<=[;&|(`\n])|\A)(\s{0,9})\{([^{}\s,]{0,400}(?:,[^{}\s,]{0,400}){1,40})\}"
)
_WILD = re.compile(
    r"(?:(?<=[\s;&|(\"'])|\A)/([\w?*\[\]-]{1,12}/){1,2}([\w?*\[\]-]{2,12})(?=[\s;&|<]|\Z)"
)
_PLACES = ("bin", "sbin")
_TOOLS = ("curl", "wget", "bash", "sh", "dash", "zsh", "nc", "ncat", "base64", "python3", "python",
          "perl", "xxd", "rev", "eval", "socat", "openssl")  # fmt: skip
_LIST = re.compile(
    r"\A\s*(?:ONBUILD\s+)?(ENTRYPOINT|CMD|RUN|SHELL)\s*\[(.{1,4000})\]\s*\Z", re.DOTALL
)
_ITEM = re.compile(r"\"((?:[^\"\\]|\\.)*)\"")
_CHANGE = re.compile(r":(-?\d+)(?::(\d+))?\Z")
_REPLACE = re.compile(r"(//?)([^/]{1,40})(?:/([^/]{0,40}))?\Z")


@dataclass(slots=True)
class _Room:
    """How many more characters the values of variables may add to one text."""

    left: int


def unfolded(text: str, known: MutableMapping[str, str] | None = None) -> str:
    """Return `text` in its plain spelling: itself where nothing is hidden.

    What a command decodes and hands to a shell follows on lines of its own. `known` are variables
    with their values; what the text assigns is added to them. Nothing is ever run.
    """
    return _plainly(text, {} if known is None else known, DEEP)


def joined(text: str) -> str:
    """Return `text` with its broken words and added-up constants as one, line for line."""
    return _BROKEN.sub("", _ADDED.sub("", text))


def _plainly(text: str, names: MutableMapping[str, str], deep: int) -> str:
    if not _SIGNS.search(text):
        return text
    told, more = text[:MOST].replace("\\\n", ""), dict[str, None]()
    kept = ""
    for count in range(ROUNDS):
        before = told
        told = _listed(_valued(_DOUBLED.sub("$", told), names, first=count == 0))
        if count == 0 and told != before and _MADE.search(told):
            kept = told
        told = _IFS.sub(" ", _ROOT.sub("/", told))
        told = _ASKED.sub(_answered, _ANSI.sub(_ansi, told))
        more |= dict.fromkeys(islice(_run(told), MOST_RUN))
        told = _words(told)[: 2 * MOST]
        if told == before:
            break
    if deep:
        more = dict.fromkeys(_plainly(part, dict(names), deep - 1) for part in more)
    told = "\n".join((told, *more, *([kept] if kept else ())))
    return told + text[MOST:] if len(text) > MOST else told


def _words(text: str) -> str:
    text = joined(_QUOTED.sub(lambda m: m[1] or m[2] or "", _ADDED.sub("", _NOTHING.sub("", text))))
    text = _BRACES.sub(lambda m: m[1] + m[2].replace(",", " "), text)
    return _WILD.sub(_named, text)


def _valued(text: str, names: MutableMapping[str, str], *, first: bool) -> str:
    """Put in the values of variables, in the order in which the text assigns and uses them.

    A value that a command makes stays that command: that it is decoded or fetched counts.
    """
    if "=" not in text and not names and "${" not in text:
        return text
    room = _Room(MOST)

    def one(found: re.Match[str]) -> str:
        if found["name"] is not None:
            value = _NAMES.sub(one, _plain(found["value"])) if found["value"] else ""
            made = _MADE.search(names.get(found["name"], "")) is not None
            if (first or not made) and len(value) <= MOST_VALUE and len(names) < MOST_NAMES:
                names[found["name"]] = value
            return found[0]
        name = found["asked"] or found["bare"] or found["make"] or found["batch"]
        told = _changed(names.get(name), found["how"] or "")
        if told is None or len(told) > room.left:
            return found[0]
        room.left -= len(told)
        return told

    return _NAMES.sub(one, text)


def _plain(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return _QUOTED.sub(lambda m: m[1] or m[2] or "", value)


def _changed(value: str | None, how: str) -> str | None:
    """Return the value as `${name...}` writes it, None where that is not known."""
    if value is None:
        return how[2:] if how[:2] in {":-", ":="} else None
    if not how:
        return value
    cut, swap = _CHANGE.match(how), _REPLACE.match(how)
    if cut is not None:
        first = int(cut[1][:4])
        return value[first:][: int(cut[2][:4])] if cut[2] else value[first:]
    if swap is not None:
        return value.replace(swap[2], swap[3] or "", -1 if swap[1] == "//" else 1)
    kind, part = how.lstrip()[:1], how.lstrip("%#")
    change: dict[str, Callable[[str], str]] = {
        "^": str.upper,
        ",": str.lower,
        "%": lambda v: v.removesuffix(part),
        "#": lambda v: v.removeprefix(part),
    }
    return change[kind](value) if kind in change else value


def _ansi(found: re.Match[str]) -> str:
    made = decoded(found[1])
    return made if made.isprintable() else " ".join(made.split())


def _answered(found: re.Match[str]) -> str:
    """Return what a command in a command prints, and the text itself where that is not known."""
    for line in pipelines(found[1] or found[2] or found[3]):
        told = line.output()
        if told is not None and len(told) <= MOST:
            return ("\n" if found[3] else "") + told.strip()
    return found[0]


def _run(text: str) -> Iterator[str]:
    """Yield each text that a pipeline of `text` decodes and hands to a shell."""
    if "|" not in text and "<<<" not in text:
        return
    for line in pipelines(text):
        told = line.handed()
        if told is not None:
            yield told[:MOST]


def _named(found: re.Match[str]) -> str:
    """Return the tool that a path with wildcards finds."""
    if not any(sign in found[0] for sign in "?*["):
        return found[0]
    place = found[1].rstrip("/")
    if not any(fnmatchcase(name, place) for name in _PLACES):
        return found[0]
    return next((tool for tool in _TOOLS if fnmatchcase(tool, found[2])), found[0])


def _listed(text: str) -> str:
    """Write the list form of a container's command as a line."""
    found = _LIST.match(text)
    if found is None:
        return text
    return "RUN " + " ".join(decoded(item[1]) for item in _ITEM.finditer(found[2]))
