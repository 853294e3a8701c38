"""Signed notes and checkpoints: a few lines of text that say how a log stood, and who says so.

Source: https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from pratique.attest.strict_json import unbase64
from pratique.attest.tlog.merkle import SIZE
from pratique.core.errors import EvidenceError
from pratique.core.limits import KiB
from pratique.core.ports import Signer

MAX_NOTE: Final = 64 * KiB
MAX_SIGNATURES: Final = 100
ED25519: Final = b"\1"
_NAME = re.compile(r"[^\s+\x00-\x1f]{1,200}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_SIGNED = re.compile(r"\u2014 ([^\s+]{1,200}) ([A-Za-z0-9+/=]{1,1000})")


@dataclass(frozen=True, slots=True)
class LogKey:
    """Who signs notes: a name as in an address, and an Ed25519 key."""

    name: str
    public: ed25519.Ed25519PublicKey

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name of a log: no spaces, no plus sign")

    def hash(self) -> bytes:
        """Return the four bytes by which a signature says whose it is."""
        body = self.name.encode() + b"\n" + ED25519 + _raw(self.public)
        return hashlib.sha256(body).digest()[:4]

    def line(self) -> str:
        """Return the key as verifiers are configured with it: name, hash and key."""
        key = base64.b64encode(ED25519 + _raw(self.public)).decode()
        return f"{self.name}+{self.hash().hex()}+{key}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How a log stood: its origin, how many entries it had, and the hash over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the lines that are signed."""
        rows = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{row}\n" for row in rows)


def sign(text: str, key: LogKey, signer: Signer) -> str:
    """Return a note: the text, a blank line, and the signature of `key` over the text."""
    body = base64.b64encode(key.hash() + signer.sign(text.encode())).decode()
    return f"{text}\n\u2014 {key.name} {body}\n"


def verify(note: bytes, key: LogKey) -> str:
    """Return the text of a note that `key` has signed; signatures of others are passed over.

    Raises:
        EvidenceError: it is no note, or not signed by this key.

    """
    text, signatures = _parts(note)
    for name, told in signatures:
        if name != key.name or told[:4] != key.hash():
            continue
        try:
            key.public.verify(told[4:], text.encode())
        except InvalidSignature:
            raise EvidenceError(f"the note's signature is not by {key.name!r}") from None
        return text
    raise EvidenceError(f"the note is not signed by {key.name!r}")


def checkpoint(text: str) -> Checkpoint:
    """Return what the text of a note says of a log; whether its origin is that log is yours to see.

    Raises:
        EvidenceError: it is no checkpoint.

    """
    match text.split("\n"):
        case [origin, size, told, *extensions, ""] if origin and _SIZE.fullmatch(size):
            top = unbase64(told, "the checkpoint's root")
        case _:
            raise EvidenceError("the note is no checkpoint: origin, size and root, a line each")
    if len(top) != SIZE:
        raise EvidenceError("the checkpoint's root is no SHA-256 hash")
    return Checkpoint(origin, int(size), top, tuple(extensions))


def _parts(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    if len(note) > MAX_NOTE:
        raise EvidenceError(f"the note is {len(note)} bytes long; {MAX_NOTE} are read")
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise EvidenceError("the note is not UTF-8") from None
    text, blank, tail = whole.rpartition("\n\n")
    rows = tail.split("\n")
    if not blank or rows[-1] or not 1 <= len(rows) - 1 <= MAX_SIGNATURES:
        raise EvidenceError("the note does not end with signatures, a line each")
    if any(ord(sign) < ord(" ") and sign != "\n" for sign in whole):
        raise EvidenceError("the note holds control characters")
    signatures = []
    for row in rows[:-1]:
        if (found := _SIGNED.fullmatch(row)) is None:
            raise EvidenceError(f"{row[:80]!r} is no signature of a note")
        signatures.append((found[1], unbase64(found[2], "a signature of the note")))
    return text + "\n", signatures


def _raw(key: ed25519.Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
