"""Undo what a shell undoes by itself before it runs a line: quotes, escapes, braces, variables."""

import re
from fnmatch import fnmatchcase

MOST = 8_000
_TIMES = 3
_SPACE = re.compile(r"\$(?:\{IFS(?:[:%#][^}]{0,20})?\}|IFS(?:\$\d)?)")
_EMPTY = re.compile(r"\$(?:@|\*|\{@\}|\{\*\}|\{[A-Za-z_]\w*:-\})(?=\w)|(?<=\w)\$(?:@|\{@\})")
_ANSI = re.compile(r"\$'((?:[^'\\]|\\.){0,500})'")
_PRINTF = re.compile(
    r"(?:\$\(|`)\s*(?:printf|echo\s+-\w*e\w*)\s+(?:%b\s+)?[\"']?((?:\\x?[0-9A-Fa-f]{2,3}){1,500})"
    r"[\"']?\s*(?:\)|`)"
)
_CODE = re.compile(r"\\x([0-9A-Fa-f]{1,2})|\\([0-7]{1,3})|\\u([0-9A-Fa-f]{4})|\\([abefnrtv\\'\"])")
_PLAIN = {"n": " ", "t": " ", "r": " ", "\\": "\\", "'": "'", '"': '"'}
_QUOTES = re.compile(r"(?<=[\w/.-])[\"']{1,4}(?=\w)|(?<![\w\"'=])[\"'](?=\w{1,12}[\"']\w)")
_SLASH = re.compile(r"(?<=[\w/])\\(?=[A-Za-z])|(?<![\w\\\"'])\\(?=[A-Za-z]{2,12}\b)")
_BRACES = re.compile(r"(?<![$\w])\{([\w./:@%+-]{1,200}(?:,[\w./:@%+?=&-]{1,300}){1,20})\}")
_REVERSED = re.compile(
    r"\brev\s*<<<\s*(?:\"([^\"]{1,500})\"|'([^']{1,500})')"
    r"|\becho\s+(?:\"([^\"]{1,500})\"|'([^']{1,500})')\s*\|\s*rev\b"
)
_ASSIGNED = re.compile(
    r"(?:^|[;&|\s])([A-Za-z_]\w{0,40})=([\"']?)([^\s;&|\"'$`()]{1,200})\2(?=[\s;&|]|$)"
)
_USED = re.compile(r"\$(?:\{(\w{1,40})\}|(\w{1,40}))")
_GLOB = re.compile(
    r"/[\w?*/]{0,12}[?*\[][\w?*\[\]/-]{0,30}|/(?:usr/)?bin/[\w?*\[\]-]{0,30}[?*\[][\w?*\[\]-]{0,20}"
)
_PROGRAMS = tuple(
    f"{folder}/{name}"
    for folder in ("/bin", "/usr/bin")
    for name in ("curl", "wget", "bash", "sh", "nc", "ncat", "python3", "python", "perl", "base64")
)


def unfolded(line: str) -> str:
    """Return a command line as the shell would read it, as far as that is plain; never longer work.

    What it cannot tell it leaves as it stands. It is for looking at, not for running.
    """
    text = line[:MOST]
    for _ in range(_TIMES):
        before = text
        text = _SPACE.sub(" ", text)
        text = _ANSI.sub(lambda m: _decoded(m[1]), text)
        text = _PRINTF.sub(lambda m: _decoded(m[1]), text)
        text = _REVERSED.sub(lambda m: next(filter(None, m.groups()))[::-1], text)
        text = _EMPTY.sub("", text)
        text = _QUOTES.sub("", text)
        text = _SLASH.sub("", text)
        text = _BRACES.sub(lambda m: m[1].replace(",", " "), text)
        text = _GLOB.sub(_program, text)
        text = _filled(text)
        if text == before:
            break
    return text


def _decoded(text: str) -> str:
    def plain(found: re.Match[str]) -> str:
        if found[4]:
            return _PLAIN.get(found[4], "")
        code = (
            int(found[1], 16) if found[1] else int(found[2], 8) if found[2] else int(found[3], 16)
        )
        return chr(code)

    return _CODE.sub(plain, text)


def _program(found: re.Match[str]) -> str:
    return next((name for name in _PROGRAMS if fnmatchcase(name, found[0])), found[0])


def _filled(text: str) -> str:
    """Put values of variables that the line itself sets in the place of their names."""
    known = {name: value for name, _, value in _ASSIGNED.findall(text)[:100]}
    if not known:
        return text
    return _USED.sub(lambda m: known.get(m[1] or m[2], m[0]), text)[:MOST]
