"""A badge's section in the model card, between two markers that nothing else may use.

The *plain* card is the file without the block: without the bytes from the begin marker up to and
with the line end that follows the end marker. The block stands at the start of a line; taking it
out gives back, byte for byte, the card that it was put into.
"""

import re
from dataclasses import dataclass
from typing import Final

from pratique.attest.statement import Headline
from pratique.core.errors import EvidenceError
from pratique.core.limits import MiB

NAME: Final = "README.md"
BEGIN: Final = b"<!-- pratique:begin -->"
END: Final = b"<!-- pratique:end -->"
MAX_CARD: Final = 16 * MiB
MAX_FRONT: Final = 1 * MiB
_FRONT = re.compile(rb"---[ \t]*\r?\n(?:.*\n)*?---[ \t]*\r?\n")
_WORDS = {
    "PASSED": "nothing of medium severity or above was found",
    "WARNED": "admitted, with findings that were waived or stay below the policy's threshold",
    "FAILED": "findings remain that nobody waived",
    "INCOMPLETE": "the scan could not examine everything",
}


@dataclass(frozen=True, slots=True)
class Card:
    """A card taken apart: the text around the block, and the block (empty where there is none)."""

    before: bytes
    block: bytes
    after: bytes

    @property
    def plain(self) -> bytes:
        """Return the card without the block."""
        return self.before + self.after


def split(body: bytes) -> Card:
    """Return a card taken apart.

    Raises:
        EvidenceError: it is too large, or its markers are not one pair, each on its own line.

    """
    if len(body) > MAX_CARD:
        raise EvidenceError(f"{NAME}: more than {MAX_CARD} bytes")
    begins, ends = body.count(BEGIN), body.count(END)
    if not begins and not ends:
        return Card(body, b"", b"")
    start, end = body.find(BEGIN), body.find(END)
    if (begins, ends) != (1, 1) or end < start:
        raise EvidenceError(f"{NAME}: {begins} begin and {ends} end markers; one pair is allowed")
    stop = _line_end(body, end + len(END))
    if (start and body[start - 1 : start] != b"\n") or stop < 0:
        raise EvidenceError(f"{NAME}: a marker is not alone on its line")
    if _line_end(body, start + len(BEGIN)) < 0 or body[end - 1 : end] != b"\n":
        raise EvidenceError(f"{NAME}: a marker is not alone on its line")
    return Card(body[:start], body[start:stop], body[stop:])


def _line_end(body: bytes, at: int) -> int:
    """Return where the line ends that has nothing more at `at`, or -1 if it has."""
    if at == len(body):
        return at
    for ending in (b"\n", b"\r\n"):
        if body.startswith(ending, at):
            return at + len(ending)
    return -1


def marked(body: bytes, block: bytes) -> bytes:
    """Return a card with `block` in it: in place of the old one, else after the front matter.

    Raises:
        EvidenceError: the markers in it are not one pair.

    """
    card = split(body)
    if card.block:
        return card.before + block + card.after
    front = _FRONT.match(body, 0, MAX_FRONT)
    at = front.end() if front else 0
    return body[:at] + block + body[at:]


def block(head: Headline, keyid: str, *, run: bool = False) -> bytes:
    """Return the section for a card: plain Markdown, nothing of the model's own in it.

    `run` tells that the model was not only read, but run in a sandbox too.
    """
    how = "Read, and run in a sandbox." if run else "Static inspection only; the model was not run."
    level = f"{head.level} statically scanned" if head.level != "none" else "no level"
    lines = (
        BEGIN.decode(),
        f"> **Pratique: {level}, {head.result}** ({_WORDS[head.result]})",
        ">",
        f"> Issued {head.issued:%Y-%m-%d}, expires {head.expires:%Y-%m-%d}, signed by key",
        f"> `{keyid[:16]}`. {how}",
        "> Verify offline: `pratique verify PATH --badge FOLDER --trust trust.json`.",
        END.decode(),
    )
    return "".join(line + "\n" for line in lines).encode()
