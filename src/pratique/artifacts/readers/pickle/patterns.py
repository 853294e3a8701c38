"""Patterns of opcodes that neither import nor call, each compiled when it is first needed."""

import re
from functools import cache

WORD_LENGTH = 48
TEXT_LENGTH = 160
BYTES_LENGTH = 64
TIMES = 32


def _times(body: str, often: str = "*") -> str:
    """Return a group that is repeated and never given back.

    The last alternative never matches. Until Python 3.11.5 (gh-106052) such a group ended where its
    last, failed try had got to; trying one more alternative puts it back to where that try began.
    """
    return rf"(?:{body}|(?!)){often}+"


def _sized(op: str, most: int, zeros: str = "") -> str:
    rows = "|".join(rf"\x{n:02x}{zeros}.{{{n}}}" for n in range(1, most + 1))
    return rf"{op}(?:{rows}|\x00{zeros})"


_Z3 = r"\x00\x00\x00"
_ATOMS = (
    r"K.",
    _sized(r"\x8c", TEXT_LENGTH),
    r"h.",
    r"G.{8}",
    r"M..",
    r"J.{4}",
    _sized(r"X", TEXT_LENGTH, _Z3),
    r"j.{4}",
    r"I[-0-9]{1,20}\n",
    r"F[-+.0-9einfaN]{1,32}\n",
    r"L-?[0-9]{1,40}L?\n",
    r"g[0-9]{1,9}\n",
    r"V[^\n\\]{0,200}\n",
    r"S'[^\n\\']{0,200}'\n",
    _sized(r"U", BYTES_LENGTH),
    _sized(r"C", BYTES_LENGTH),
    _sized(r"\x8a", 16),
)
_FRAME = r"\x95..[\x00-\x0f]\x00{5}"
_PUTS = (r"q.", r"r.{4}", r"p[0-9]{1,9}\n")
_GETS = (_ATOMS[2], r"j.{4}", r"g[0-9]{1,9}\n")
_ONE = r"[\x94()\]}N\x88\x89t\x85\x86\x87ld\x8f\x91]"
CLOSE = b"euas\x90"
_CLOSE = r"[euas\x90]"
_OPEN_OPS_BUT_PUTS = "|".join((*_ATOMS[:1], _ONE, *_ATOMS[1:], _FRAME))
_OPEN_OPS = "|".join((_OPEN_OPS_BUT_PUTS, *_PUTS))
_PLAIN = r"(?:K.|M..|J.{4}|G.{8}|[N\x88\x89])"
_TWOS = _times(rf"{_times(_PLAIN * 2)}(?={_PLAIN}?[eut])", "?")
_STEP = rf"(?:K.|\({_TWOS}|{_OPEN_OPS}|{_CLOSE})"
_SHORT = _sized(r"\x8c", WORD_LENGTH)
_OLD_SHORT = _sized(r"X", WORD_LENGTH, _Z3)
GROUPS = (
    (b"A", 3, rf"{_SHORT}\x94{_PLAIN}"),
    (b"B", 2, rf"{_SHORT}\x94"),
    (b"D", 3, rf"{_OLD_SHORT}r.{{4}}{_PLAIN}"),
    (b"E", 2, rf"{_OLD_SHORT}r.{{4}}"),
    (b"H", 1, _PLAIN),
)
"""What fills vocabularies and tables, `TIMES` times in a row: its name, its opcodes, its pattern.

No opcode of a run has such a name. Each group leaves an even number of values on the stack.
"""
_OPEN = _times(_OPEN_OPS)
_SINGLES = _times(_STEP, "{1,64}") + _times(rf"(?![\x8cX]){_STEP}", "{0,64}")
_NO_PUTS = f"{_OPEN_OPS_BUT_PUTS}|{_CLOSE}"
_NO_GETS = "|".join((_ONE, *(a for a in _ATOMS if a not in _GETS), *_PUTS, _CLOSE, _FRAME))
_NO_FRAMES = "|".join((*_ATOMS[:1], _ONE, *_ATOMS[1:], *_PUTS, _CLOSE))

_COMMON = {
    # inert opcodes; group 1 are those up to the last one that closes a container
    "run": f"({_times(_OPEN + _CLOSE)}){_OPEN}",
    "numbers": _times(_PLAIN, "{64,}"),
    "number": f"(?=(.)){_PLAIN}",
    # One opcode; or a mark and the pairs of numbers up to where a container is closed over them:
    # they change neither the stack that is left nor whether keys and values come in pairs.
    "name": f"(?=(.)){_STEP}",
    # a group; or single opcodes up to a string, with which most groups start
    "piece": "|".join(f"((?:{u}){{{TIMES}}})" for _, _, u in GROUPS) + f"|({_SINGLES})",
    "telling": (
        r"__[a-z]{3}|\xc2\x80[\x02-\x05]|[CU].(?:\x80[\x02-\x05]|x[\x01^\x9c\xda]|\x1f\x8b)"
        r"|(?:[\x8cCU].|X..\x00\x00|V|S')"
        r"(?:gA[I-V]|800[2-5][0-9a-f]{2}|eJ[wyx]|H4sI|[(\]}]*[ci][\w.]+\n[\w.]+\n)"
    ),
    "telling line": r"\n(?=[\w.]{1,60}\n)",
}
_RARE = {
    "step": f"(?:{_OPEN_OPS}|{_CLOSE})",
    "put": f"{_times(_NO_PUTS)}({'|'.join(_PUTS)}|)",
    "get": f"{_times(_NO_GETS)}({'|'.join(_GETS)}|)",
    "frame": f"{_times(_NO_FRAMES)}({_FRAME}|)",
}
NAMES = (*_COMMON, *_RARE)


@cache
def pattern(name: str) -> re.Pattern[bytes]:
    """Return a pattern; compiling all of them takes longer than a small scan."""
    return compiled(_COMMON.get(name) or _RARE[name])


def compiled(text: str) -> re.Pattern[bytes]:
    """Return the pattern of bytes that `text` writes with one character for each byte."""
    return re.compile(text.encode("latin-1"), re.DOTALL)


def warm() -> None:
    """Compile what most pickles need."""
    for name in _COMMON:
        pattern(name)
