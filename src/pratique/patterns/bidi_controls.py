"""Where Unicode's controls of direction show a line in another order than it is read.

A control holds until its end or the end of the line (UAX 9, sections 3.1 and 3.3.2). It changes
nothing where what it holds runs its way already: Arabic in an embedding for Arabic, Latin in one
for Latin.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

MOST_CONTROLS = 50_000
"""Controls of a text that are looked at; what holds more is told for that."""
MOST_HELD = 300
_SHORT = 5
CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
RIGHT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u0370-\u052f\u3040-\u9fff\uac00-\ud7af]")
_CODE = re.compile(r"[{}<>=;()\[\]\"'|&]|\bif\b|\bfor\b|\breturn\b|#|//")
_OVERRIDES, _TO_RIGHT = "\u202d\u202e", "\u202b\u202e\u2067"
_EMBEDS, _ISOLATES = "\u202a\u202b\u202d\u202e", "\u2066\u2067\u2068"


@dataclass(frozen=True, slots=True)
class Reordered:
    """A stretch whose order is not its own: `how` is `forced`, `turned`, `open` or `many`.

    An open one leaves signs of code to a control that nothing ends; `code` tells such signs.
    """

    start: int
    end: int
    how: str
    code: bool


def reordered(text: str) -> Iterator[Reordered]:
    """Yield the stretches of a text that its controls show in another order."""
    found = [m.start() for m in islice(CONTROLS.finditer(text), MOST_CONTROLS + 1)]
    at = 0
    while at < min(len(found), MOST_CONTROLS):
        end = text.find("\n", found[at])
        end = len(text) if end < 0 else end
        after = bisect_left(found, end, at)
        yield from _of_line(text, found[at:after], end)
        at = after
    if len(found) > MOST_CONTROLS:
        yield Reordered(found[-1], found[-1], "many", code=False)


def _of_line(text: str, controls: list[int], end: int) -> Iterator[Reordered]:
    last = -1
    for begin, stop in sorted(_spans(text, controls, end)):
        if begin < last:
            continue  # what lies in a stretch that was told already
        if (told := _judged(text, begin, stop)) is not None:
            last = stop
            yield told


def _spans(text: str, controls: list[int], end: int) -> Iterator[tuple[int, int]]:
    """Yield (control, end of what it holds); an isolate's end closes the embeddings in it."""
    opened: list[int] = []
    isolates = 0
    for at in controls:
        char = text[at]
        if char in _EMBEDS or char in _ISOLATES:
            opened.append(at)
            isolates += char in _ISOLATES
        elif char == "\u202c":
            if opened and text[opened[-1]] in _EMBEDS:
                yield opened.pop(), at
        elif isolates:
            while text[opened[-1]] in _EMBEDS:
                yield opened.pop(), at
            isolates -= 1
            yield opened.pop(), at
    yield from ((at, end) for at in opened)


def _judged(text: str, begin: int, end: int) -> Reordered | None:
    held = CONTROLS.sub("", text[begin : min(end, begin + MOST_HELD)]).strip()
    right, latin = RIGHT.search(held) is not None, _LATIN.search(held) is not None
    code, char = _CODE.search(held) is not None, text[begin]
    if len(held) < 2:  # noqa: PLR2004 - one letter has one order
        return None
    if char in _OVERRIDES:
        changes = right if char == "\u202d" else latin or (code and not right)
        return Reordered(begin, end, "forced", code) if changes else None
    if right or not (latin and code):
        return None
    if char in _TO_RIGHT:
        return Reordered(begin, end, "turned", code)
    ended = CONTROLS.match(text, end) is not None
    return None if ended or len(held) < _SHORT else Reordered(begin, end, "open", code)
