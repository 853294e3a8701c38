"""Names in Python source that look like others: letters of other scripts, and forms of letters.

Python reads identifiers in normal form KC (PEP 3131), so that `eval` in other letters is `eval`; a
Cyrillic letter stays one, and makes another name that looks the same.
"""

import re
import unicodedata
from collections.abc import Iterator

_NAME = re.compile(r"[^\W\d]\w{1,60}")
_ALIKE = str.maketrans(
    "аеорсухіјѕһԁԛԝқмтвнкАВЕКМНОРСТХІЈЅοаνρτυικΑΒΕΖΗΙΚΜΝΟΡΤΥΧℓ",
    "aeopcyxijshdqwkmtbhkABEKMHOPCTXIJSoavptuikABEZHIKMNOPTYXl",
)
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
    ]
)
MOST = 200


def disguised(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield (as written, what it looks like, line) of names that look like a telling one."""
    if text.isascii():
        return
    seen: set[str] = set()
    for number, line in enumerate(text.split("\n"), 1):
        for found in () if line.isascii() else _NAME.finditer(line):
            name = found[0]
            if name.isascii() or name in seen or len(seen) >= MOST:
                continue
            seen.add(name)
            meant = unicodedata.normalize("NFKC", name).translate(_ALIKE)
            if meant in WATCHED:
                yield name, meant, number
