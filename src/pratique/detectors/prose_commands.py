"""Command lines that prose shows to its reader: blocks, prompts, code and words in a sentence."""

import html
import re
from collections.abc import Iterator

MOST_LINES = 20_000
MOST_JOINED = 2_000
_FENCE = re.compile(r"[ \t>*\d.-]{0,12}(?:```|~~~)")
_PROMPT = re.compile(r"[ \t]{0,12}(?:\$|>|#|%)[ \t]+(\S[^\n]{3,2000})")
_INLINE = re.compile(r"(?<!`)(`{1,2})(?!`)([^\n]{8,1000}?)(?<!`)\1(?!`)")
_INDENTED = re.compile(r"(?:\t| {4})(\S[^\n]{3,2000})")
_TYPED = re.compile(
    r"(?<![\w/.-])(?:curl|wget|iwr|irm|invoke-\w{1,20}|powershell|pwsh|(?:ba|z)?sh|nc|ncat|mshta"
    r"|certutil|bitsadmin|pip3?\s+install\s+(?:-\S+\s+)*(?:git\+)?https?:|echo|python3?|sudo|\{curl"
    r"|eval)[\s/][^\n]{3,2000}",
    re.IGNORECASE,
)
_TELLING = re.compile(
    r"://|/dev/(?:tcp|udp)|base64|\s-e(?:nc|c)\b|\s-EncodedCommand", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>")
_LINK = re.compile(r"\]\([^()\s]{0,500}\)")
_OTHER = re.compile(r"\A\ufeff?(?:#!|\s*[{\[]|\s*<\?xml)")
_MARKDOWN = re.compile(r"\A\ufeff?---[ \t]*\n|^[ \t>*\d.-]{0,12}(?:```|~~~)", re.MULTILINE)
_MARKED = re.compile(
    r"^(?:#{1,6} \S|[=~^-]{3,}[ \t]*$|\d{1,2}[.)] \S|[*-] [A-Z])|^[A-Z][^\n]{19,}[.:!?][ \t]*$"
    r"|::[ \t]*$|<(?:p|div|pre|code|h\d|br|center|li)\b",
    re.MULTILINE,
)
_SOURCE = re.compile(
    r"^[ \t]*(?:import \w|from \w\S* import|def |class \w|function |const |let |var |#include"
    r"|return\b|(?:if|for|while|with|try|else)\b[^\n]*[:{][ \t]*$|[}\])]|[\w.]+ ?=[^=]|[\w.]+\("
    r"|@\w|using \w[\w.]*;)",
    re.MULTILINE,
)
_LINES = re.compile(r"^[ \t]*[^\s#]", re.MULTILINE)
_SHARE, _MOSTLY = 4, 0.45
"""A text with a quarter of lines that are source is source; with blocks of Markdown, with this
share of them outside of blocks: more than any of 1,309 cards has."""
_BLOCK = re.compile(r"^[ \t>]*(```|~~~)(?:(?!^[ \t>]*\1)[\s\S])*+(?:^[ \t>]*\1|\Z)", re.MULTILINE)
_HEAD = 64_000


def is_prose(text: str) -> bool:
    """Tell a text for people from source, scripts and settings."""
    head = text[:_HEAD]
    if _OTHER.match(head):
        return False
    shown = _BLOCK.sub("", head)
    lines = sum(1 for _ in _LINES.finditer(shown))
    source = sum(1 for _ in _SOURCE.finditer(shown))
    if _MARKDOWN.search(head):
        return source <= _MOSTLY * lines
    return source * _SHARE < lines and _MARKED.search(head) is not None


def commands(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, command) of whatever a reader is shown as something to type."""
    for lines in blocks(text):
        yield from ((number, command) for command, number in lines)


def blocks(text: str) -> Iterator[list[tuple[str, int]]]:
    """Yield the commands of each block, and of each line outside of one, as (command, line)."""
    block: list[tuple[str, int]] | None = None
    joined, start = "", 0
    for number, line in enumerate(text.splitlines()[:MOST_LINES], 1):
        if _FENCE.match(line):
            yield from ([block] if block else [])
            block, joined, start = (None if block is not None else []), "", 0
            continue
        if block is None:
            yield [(command, number) for command in _told(line)]
            continue
        start = start or number
        joined += line.strip().lstrip("> ")
        if joined.endswith(("\\", "`", "^")) and len(joined) < MOST_JOINED:
            joined = joined[:-1] + " "
            continue
        if joined:
            block.append((joined.removeprefix("$ "), start))
        joined, start = "", 0
    if joined and block is not None:
        block.append((joined, start))
    yield from ([block] if block else [])


def _told(line: str) -> Iterator[str]:
    """Yield what one line of prose tells to type."""
    line = line[: 2 * MOST_JOINED]
    if "<" in line or "&" in line:
        line = html.unescape(_TAG.sub("", line))
    line = line.replace("\\|", "|")
    for found in (_PROMPT.match(line), _INDENTED.match(line)):
        if found:
            yield found[1]
            return
    yield from (one[2].strip() for one in _INLINE.finditer(line))
    rest = _LINK.sub("]", _INLINE.sub("`", line))
    typed = _TYPED.search(rest) if _TELLING.search(rest) else None
    if typed is not None:
        yield typed[0]
