"""Command lines that prose shows to its reader: fenced blocks, prompts, code in a sentence."""

import re
from collections.abc import Iterator

MOST_LINES = 20_000
_FENCE = re.compile(r"[ \t>*-]{0,12}(?:```|~~~)")
_PROMPT = re.compile(r"[ \t]{0,12}(?:\$|>|#|%)[ \t]+(\S[^\n]{3,2000})")
_INLINE = re.compile(r"(?<!`)`([^`\n]{8,1000})`(?!`)")
_INDENTED = re.compile(r"(?:\t| {4})(\S[^\n]{3,2000})")


def commands(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, command) of whatever a reader is shown as something to type."""
    fenced, joined, start = False, "", 0
    for number, line in enumerate(text.splitlines()[:MOST_LINES], 1):
        if _FENCE.match(line):
            fenced = not fenced
            continue
        if not fenced:
            for found in (_PROMPT.match(line), _INDENTED.match(line)):
                if found:
                    yield number, found[1]
            yield from ((number, one[1]) for one in _INLINE.finditer(line[:4000]))
            continue
        start = start or number
        joined += line.strip()
        if joined.endswith("\\") and len(joined) < 2000:  # noqa: PLR2004 - a command's length
            joined = joined[:-1] + " "
            continue
        if joined:
            yield start, joined.removeprefix("$ ")
        joined, start = "", 0
