"""What a shell's pipeline of well-known filters prints, worked out and never run."""

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

MOST_MADE = 64 * 1024
MOST_STAGES = 40
MOST_TOKENS = 4_000
MOST_SET = 256

_TOKEN = re.compile(
    r"(?:'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|\$\([^()]*\)|[^\s;|&<>()'\"\\])+|<<<|\|\|?|&&?|[;\n<>()'\"\\]",
    re.DOTALL,
)
_QUOTES = re.compile(r"\$?'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)", re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|0?([0-7]{1,3})|([abefnrtv\\'\"/?]))"
)
_PLAIN = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ENDS = frozenset({";", "\n", "&&", "&", "||", "(", ")"})
_SHELLS = re.compile(
    r"(?:/(?:usr/)?bin/)?(?:(?:ba|z|da|k|a)?sh|python[\d.]*|perl|node|php|source)\Z"
)
_BEFORE = frozenset(
    "sudo env nohup command exec time -E xargs RUN then do busybox builtin".split()  # noqa: SIM905 - shorter
)
_FILLED = re.compile(r"%\d{0,2}[sbd]")
_RANGE = re.compile(r"(.)-(.)", re.DOTALL)
_SWAP = re.compile(r"s(\W)((?:(?!\1)[\w ./:@-]){1,40})\1((?:(?!\1)[\w ./:@|-]){0,40})\1g?\Z")


def decoded(text: str) -> str:
    """Return `text` with the escapes of `printf` and of `$'...'` written out."""
    return _ESCAPE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    for at, base in ((1, 16), (2, 16), (3, 16), (4, 8)):
        if found[at]:
            code = int(found[at], base)
            return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else found[0]  # noqa: PLR2004 - the end of Unicode, and surrogates
    return _PLAIN.get(found[5], found[5])


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The commands of a pipeline, each as its words without quotes."""

    stages: tuple[tuple[str, ...], ...]

    def output(self) -> str | None:
        """Return what the whole prints, None where that cannot be told from its text."""
        return self._until(len(self.stages))

    def handed(self) -> str | None:
        """Return what the first shell of the pipeline gets to run, None where there is none."""
        for at, stage in enumerate(self.stages):
            if _SHELLS.match(_bare(stage)[0]) is not None:
                if "<<<" in stage and stage.index("<<<") + 1 < len(stage):
                    return stage[stage.index("<<<") + 1]
                return self._until(at) if at else None
        return None

    def _until(self, end: int) -> str | None:
        told: bytes | None = None
        for at, stage in enumerate(self.stages[: min(end, MOST_STAGES)]):
            words = _bare(stage)
            if "<<<" in words:
                here = words.index("<<<")
                told = " ".join(words[here + 1 : here + 2]).encode("utf-8", "replace")
                words = words[:here] + words[here + 2 :]
            elif at == 0:
                told = _printed(words)
                if told is not None:
                    continue
            told = _filtered(words, told)
            if told is None or len(told) > MOST_MADE:
                return None
        return _shown(told)


def pipelines(text: str) -> Iterator[Pipeline]:
    """Yield the pipelines of a text, in order, within bounds."""
    stages: list[list[str]] = [[]]
    for found in islice(_TOKEN.finditer(text), MOST_TOKENS):
        if found[0] in _ENDS:
            yield from _whole(stages)
            stages = [[]]
        elif found[0] == "|":
            stages.append([])
        else:
            stages[-1].append(found[0] if found[0] == "<<<" else _unquoted(found[0]))
    yield from _whole(stages)


def _whole(stages: list[list[str]]) -> Iterator[Pipeline]:
    if any(stages):
        yield Pipeline(tuple(tuple(stage) for stage in stages))


def _unquoted(word: str) -> str:
    return _QUOTES.sub(
        lambda m: m[1] or (m[2] and re.sub(r"\\([\"\\$`])", r"\1", m[2])) or m[3] or "", word
    )


def _bare(stage: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command without what may stand before its name."""
    at = 0
    while at < len(stage) and (stage[at] in _BEFORE or re.match(r"\w+=", stage[at])):
        at += 1
    return stage[at:] or ("",)


def _shown(told: bytes | None) -> str | None:
    if told is None:
        return None
    text = told.decode("utf-8", "replace")
    odd = sum(not (c.isprintable() or c in "\t\r\n") for c in text[:1_000])
    return text if odd * 20 <= len(text[:1_000]) else None


def _printed(words: tuple[str, ...]) -> bytes | None:
    """Return what `echo` and `printf` print of constants."""
    name, given = words[0], list(words[1:])
    if any("$" in word or word in {"<", ">"} for word in given):
        return None
    if name == "echo":
        while given and re.fullmatch(r"-[neE]{1,3}", given[0]):
            given.pop(0)
        return _bytes(decoded(" ".join(given)))
    if name != "printf" or not given:
        return None
    form, rest = given[1 if given[0] == "--" else 0] if given[-1] != "--" else "", given[1:]
    if "%" in form:
        form = "".join(_FILLED.sub(word.replace("\\", r"\\"), form) for word in rest) or form
    return _bytes(decoded(form))


def _bytes(text: str) -> bytes:
    """Return text as the bytes that its escapes meant: a byte for each where that is possible."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _filtered(words: tuple[str, ...], told: bytes | None) -> bytes | None:
    """Return what one filter makes of its input."""
    if told is None:
        return None
    name, options = words[0].rpartition("/")[2], words[1:]
    joined = " ".join(options)
    try:
        make = _FILTERS.get(name)
        return make(told, joined, options) if make else None
    except (binascii.Error, ValueError, zlib.error, IndexError):
        return None


def _base(told: bytes, joined: str, _: tuple[str, ...]) -> bytes | None:
    if not re.search(r"(?:^|\s)-(?:\w*[dD]|-decode)", joined):
        return None
    body = re.sub(rb"[^A-Za-z0-9+/=]", b"", told[:MOST_MADE])
    return base64.b64decode(body + b"=" * (-len(body) % 4))


def _base32(told: bytes, joined: str, _: tuple[str, ...]) -> bytes | None:
    return base64.b32decode(told.strip()[:MOST_MADE]) if "-d" in joined else None


def _hex(told: bytes, joined: str, _: tuple[str, ...]) -> bytes | None:
    if "-r" not in joined:
        return None
    return bytes.fromhex(re.sub(rb"[^0-9a-fA-F]", b"", told[:MOST_MADE]).decode())


def _unpacked(told: bytes, _: str, __: tuple[str, ...]) -> bytes | None:
    return zlib.decompressobj(47).decompress(told, MOST_MADE)


def _rev(told: bytes, _: str, __: tuple[str, ...]) -> bytes | None:
    return b"\n".join(line[::-1] for line in told.split(b"\n"))


def _tr(told: bytes, _: str, options: tuple[str, ...]) -> bytes | None:
    text = told.decode("latin-1")
    if options[0] == "-d":
        return _bytes("".join(c for c in text if c not in _set(options[1])))
    old, new = _set(options[0]), _set(options[1])
    new = new[: len(old)].ljust(len(old), new[-1])
    return _bytes(text.translate(str.maketrans(old, new)))


def _set(told: str) -> str:
    """Write out the ranges of a set of characters."""
    told = decoded(told[:MOST_SET])
    made = _RANGE.sub(lambda m: "".join(map(chr, range(ord(m[1]), min(ord(m[2]), 255) + 1))), told)
    return made[: 4 * MOST_SET]


def _sed(told: bytes, _: str, options: tuple[str, ...]) -> bytes | None:
    swap = _SWAP.match(options[-1])
    return None if swap is None else told.replace(swap[2].encode(), swap[3].encode())


_Filter = Callable[[bytes, str, tuple[str, ...]], bytes | None]
_FILTERS: dict[str, _Filter] = {
    "base64": _base, "openssl": _base, "base32": _base32, "xxd": _hex, "gunzip": _unpacked,
    "zcat": _unpacked, "gzip": _unpacked, "rev": _rev, "tr": _tr, "sed": _sed,
    "cat": lambda told, *_: told, "tee": lambda told, *_: told,
}  # fmt: skip
