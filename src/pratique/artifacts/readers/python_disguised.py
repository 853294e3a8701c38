"""Names in Python source that look like others: letters of other scripts, and forms of letters.

Python reads identifiers in normal form KC (PEP 3131), so that `eval` in other letters is `eval`; a
Cyrillic letter stays one, and makes another name that looks the same.
"""

import re
import unicodedata
from collections.abc import Iterator

from pratique.artifacts.look_alikes import ALIKE

_NAME = re.compile(r"[^\W\d]\w{1,60}")
WATCHED = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "open",
        "__import__",
        "getattr",
        "setattr",
        "globals",
        "locals",
        "vars",
        "input",
        "import",
        "os",
        "sys",
        "subprocess",
        "system",
        "popen",
        "Popen",
        "socket",
        "requests",
        "urllib",
        "urlopen",
        "pickle",
        "marshal",
        "loads",
        "load",
        "torch",
        "builtins",
        "__builtins__",
        "shutil",
        "ctypes",
        "importlib",
        "base64",
        "b64decode",
        "run",
        "call",
        "check_output",
        "numpy",
        "transformers",
        "safetensors",
        "pty",
        "spawn",
        "posix",
        "rmtree",
        "remove",
        "unlink",
        "urlretrieve",
        "get_ipython",
        "environ",
        "getoutput",
        "execfile",
        "connect",
        "print",
        "super",
    ]
)
_CYRILLIC = re.compile("[\u0400-\u052f]")
MOST = 200
LONG = 4
"""A name of so many letters in other forms is no symbol of a formula."""
_APART = re.compile(
    r"(?P<f>\b[rR]?[fF][rR]?)?(?P<text>\"\"\"(?:(?:[^\\]|\\.)*?\"\"\"|.*)"
    r"|'''(?:(?:[^\\]|\\.)*?'''|.*)|\"(?:(?:[^\"\\\n]|\\.)*+\"|[^\n]*)"
    r"|'(?:(?:[^'\\\n]|\\.)*+'|[^\n]*))|\#[^\n]*",
    re.DOTALL,
)
"""A text that nothing ends goes on to the end of its line, or of the source."""
_HELD = re.compile(r"\{([^{}\n]{1,500})\}")


def disguised(text: str) -> Iterator[tuple[str, str, int, str]]:
    """Yield (as written, what it looks like, line, how) of names that look like others.

    `how` is `telling` for a name of `WATCHED`, `twin` where the text has the plain name as well,
    `mixed` for one that mixes scripts, `form` for plain letters in other forms. Texts and remarks
    hold no names, but for what an f-string computes.
    """
    if text.isascii():
        return
    bare = _APART.sub(_blank, text)
    if bare.isascii():
        return
    plain = {found[0] for found in _NAME.finditer(bare) if found[0].isascii()}
    seen: set[str] = set()
    for number, line in enumerate(bare.split("\n"), 1):
        for found in () if line.isascii() else _NAME.finditer(line):
            name = found[0]
            if name.isascii() or name in seen or len(seen) >= MOST:
                continue
            seen.add(name)
            if (told := _told(name, plain)) is not None:
                yield name, told[0], number, told[1]


def _told(name: str, plain: set[str]) -> tuple[str, str] | None:
    """Return (what a name looks like, how), None for a name that looks like no plain one."""
    read = unicodedata.normalize("NFKC", name)
    meant = read.translate(ALIKE)
    if meant in WATCHED:
        return meant, "telling"
    if not meant.isascii():
        return None
    if read.isascii():
        return (meant, "form") if sum(not c.isascii() for c in name) >= LONG else None
    mixed = any(c.isascii() and c.isalpha() for c in read) and _CYRILLIC.search(read)
    return (meant, "twin" if meant in plain else "mixed") if mixed else None


def _blank(found: re.Match[str]) -> str:
    """Return as many lines, and what an f-string computes."""
    kept = " ".join(_HELD.findall(found["text"])) if found["f"] else ""
    return f" {kept} " + "\n" * found[0].count("\n")
