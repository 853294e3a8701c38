"""The picture for a model card: two parts, one colour, words that a screen reader reads too.

It is never what trust rests on; the statement holds its digest.
"""

from html import escape
from typing import Final

from pratique.attest.statement import Headline

# Each with a contrast of at least 4.5 to white text (WCAG 2.2, 1.4.3).
_COLOURS: Final = {
    "PASSED": "#1a7f37",
    "WARNED": "#8a5a00",
    "FAILED": "#b3261e",
    "INCOMPLETE": "#57606a",
}
_WORDS: Final = {
    "PASSED": "statically scanned",
    "WARNED": "scanned, with warnings",
    "FAILED": "scan failed",
    "INCOMPLETE": "scan incomplete",
}
_LEFT: Final = "pratique"
_NARROW, _WIDE = frozenset("fijlrt.,:;|'!()[] ·-1"), frozenset("mwMWQOG@%")
_FLAG: Final = 22
"""Where the words of the left part begin: after the yellow flag that asks for pratique."""


def words(head: Headline) -> str:
    """Return the words of the right part."""
    level = f"{head.level} " if head.good else ""
    day = f"until {head.expires:%Y-%m-%d}" if head.good else f"{head.issued:%Y-%m-%d}"
    return f"{level}{_WORDS[head.result]} · {day}"


def svg(head: Headline) -> bytes:
    """Return the badge as a stand-alone SVG without scripts, styles or anything to fetch."""
    told = escape(words(head), quote=True)
    left, right = _FLAG + _width(_LEFT) + 8, _width(words(head)) + 18
    middle, whole = left + right / 2, left + right
    size = f'width="{whole}" height="22" viewBox="0 0 {whole} 22"'
    days = f"issued {head.issued:%Y-%m-%d}, expires {head.expires:%Y-%m-%d}"
    note = f"Result {escape(head.result)}, {days}. A picture proves nothing: run pratique verify."
    lines = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="t d">',
        f'<title id="t">pratique: {told}</title>',
        f'<desc id="d">{note}</desc>',
        f'<clipPath id="r"><rect width="{whole}" height="22" rx="4"/></clipPath>',
        '<g clip-path="url(#r)">',
        f'<rect width="{left}" height="22" fill="#24292f"/>',
        f'<rect x="{left}" width="{right}" height="22" fill="{_COLOURS[head.result]}"/>',
        "</g>",
        '<path d="M8.5 5v12.5" stroke="#d0d7de" stroke-width="1.5" stroke-linecap="round"/>',
        '<path d="M9.5 5.25h8v6.5h-8z" fill="#ffd33d"/>',
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">',
        f'<text x="{_FLAG}" y="15" textLength="{_width(_LEFT)}">{_LEFT}</text>',
        f'<text x="{middle}" y="15" text-anchor="middle" textLength="{right - 18}">{told}</text>',
        "</g>",
        "</svg>",
    )
    return ("\n".join(lines) + "\n").encode()


def _width(text: str) -> int:
    """Return about how wide a text is in 11 px Verdana; `textLength` makes it exact."""
    return round(sum(_advance(char) for char in text))


def _advance(char: str) -> float:
    if char in _NARROW:
        return 7.0 if char == "1" else 4.0
    return 9.4 if char in _WIDE else 6.7
