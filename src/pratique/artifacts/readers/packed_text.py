"""Pickles and programs in a text as base64, hex or numbers: each is read as a file of its own.

A configuration that nobody would look into twice carries them to the code that unpacks them.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.reader import Member
from pratique.artifacts.readers.pickle.nested import looks_like_pickle, peel
from pratique.core.errors import LimitExceededError
from pratique.core.limits import MiB

MOST = 64
MOST_TRIED = 10_000
LONGEST = 16 * MiB
LAYERS = 3
_STARTS = (
    *(f"gA{third}" for third in "IJKLMNOPQRSTUVWX"),  # protocol 2 to 5
    *("Y29z", "Y3Bv", "Y19f", "Y2J1", "Y3N1", "Y29z", "KGRw", "KGxw"),  # cos, cposix, c__, (dp
    *("eJ", "eA", "eN", "H4sI"),  # zlib, gzip
    *("f0VMR", "TVqQ", "TVo"),  # programs
    *("8002", "8003", "8004", "8005", "789c", "789C", "1f8b08", "1F8B08", "7f454c46", "7F454C46"),
    "4d5a9000",
    *("636f730a", "63706f736978", "6373756270", "635f5f6275", "636275696c"),  # cos, cposix
)
"""How the text begins that such bytes become."""
_RUN = re.compile(r"(?:[A-Za-z0-9+/_-]|\\/|\\r|\\n|\r?\n(?=[A-Za-z0-9+/]))+={0,2}")
_NUMBERS = re.compile(r"[\[(]\s{0,20}(?:128|99|40)(?:\s{0,20},\s{0,20}\d{1,3}(?!\d)){12,100000}+")
"""A list of bytes as numbers, which begins as a pickle does."""
_NUMBER = re.compile(r"\d+")
_BREAKS = re.compile(r"\\[rn]|[\r\n]|\\(?=/)")
_WORD = re.compile(r"[A-Za-z0-9+/_-]{24,}")
_RAW = re.compile(r"\x80[\x02-\x05]|[(\]}]*[ci][A-Za-z_][\w.]*\n")
_PROGRAM = (b"\x7fELF", b"MZ\x90\x00")


def members(text: str) -> Iterator[Member]:
    """Yield what is packed in a text, by where it begins.

    Raises:
        LimitExceededError: there is more that looks like it than is opened.

    """
    for count, (at, how, body) in enumerate(packed(text)):
        if count == MOST:
            raise LimitExceededError(f"more than {MOST} packed pickles or programs in one text")
        yield Member(f"{how}@{at}", MemoryBlob(body))


def in_value(key: str, value: str) -> Iterator[Member]:
    """Yield what is packed in a value of a header, and the value itself where it is a pickle.

    Bytes that are kept as text have one character each.

    Raises:
        LimitExceededError: as `members` says.

    """
    for member in members(value):
        yield replace(member, name=f"{key[:100]}:{member.name}")
    if len(value) <= LONGEST and _RAW.match(value):
        body = value.encode("latin-1", "replace")
        if looks_like_pickle(body):
            yield Member(f"{key[:100]}:text", MemoryBlob(body))


def packed(text: str) -> Iterator[tuple[int, str, bytes]]:
    """Yield (character, how it is packed, bytes) of each pickle or program in a text.

    Raises:
        LimitExceededError: there are too many places to try.

    """
    yield from _listed(text)
    last = 0
    for at, end in _runs(text):
        if at >= last and (found := _unpacked(_BREAKS.sub("", text[at:end]))) is not None:
            last = end
            yield at, *found


def _listed(text: str) -> Iterator[tuple[int, str, bytes]]:
    """Yield (character, how, bytes) of the lists of numbers that are a pickle's bytes."""
    for listed in _NUMBERS.finditer(text):
        try:
            body = bytes(map(int, _NUMBER.findall(listed[0])))
        except ValueError:  # a number over 255: no list of bytes
            continue
        if looks_like_pickle(body):
            yield listed.start(), "numbers", body


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Yield where such a text begins and ends, in order."""
    tried = 0
    for word in _WORD.finditer(text):
        at = word.start() + (text[word.start() - 1 : word.start()] == "\\")  # of an escape
        if text.startswith(_STARTS, at):
            tried += 1
            if tried > MOST_TRIED:
                raise LimitExceededError("more text that may be packed bytes than is tried")
            run = _RUN.match(text, at, at + LONGEST)
            yield at, run.end() if run is not None else word.end()


def _unpacked(run: str) -> tuple[str, bytes] | None:
    body, how = run.encode("ascii", "replace"), list[str]()
    for _ in range(LAYERS):
        inner = peel(body)
        if inner is None:
            return None
        how.append(inner.how)
        body = inner.body
        if looks_like_pickle(body) or body.startswith(_PROGRAM):
            return "+".join(how), body
    return None
