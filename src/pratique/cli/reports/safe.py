"""Make hostile text harmless to a terminal, a page, and a JSON reader.

File names, tensor names and evidence come from the artifact: they may hold terminal escapes, right-
to-left overrides, markup, or bytes that are no text at all.
"""

import re
import unicodedata

MOST = 500

_HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_MARKUP = re.compile(r"[!-$&*+\-/:<>@\[-`{-~]|(?<=www)\.")
_LINKED = "@#:."
_QUICK = re.compile(r"[ -~]*")


def plain(text: str, most: int = MOST) -> str:
    r"""Return `text` in one line, with all that is invisible written as `\x1b` or `\u202e`."""
    cut = text[:most]
    if not _QUICK.fullmatch(cut):
        cut = "".join(map(_visible, cut))
    return cut if len(text) <= most else f"{cut}… ({len(text)} characters)"


def _visible(char: str) -> str:
    if unicodedata.category(char) not in _HARMFUL:
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - a byte that was no UTF-8, PEP 383
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"  # noqa: PLR2004 - one byte


def markdown(text: str, most: int = MOST) -> str:
    """Return `text` for a Markdown paragraph or table cell: no markup, link or mention survives."""
    return _MARKUP.sub(_entity, plain(text, most))


def _entity(match: re.Match[str]) -> str:
    # GitHub links @names, #numbers and addresses after entities are read: a word joiner breaks them
    joiner = "&#8288;" if match[0] in _LINKED else ""
    return f"&#{ord(match[0])};{joiner}"


def code(text: str, most: int = MOST) -> str:
    """Return `text` as code in Markdown, whatever characters it has."""
    return f"<code>{markdown(text, most)}</code>"


def storable(text: str) -> str:
    r"""Return `text` so that UTF-8 can carry it: a byte that was no text becomes `\xff`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_visible(c) if 0xD800 <= ord(c) <= 0xDFFF else c for c in text)  # noqa: PLR2004 - surrogates
    return text
