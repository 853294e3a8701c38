"""Everything a badge's folder holds, made in memory from a scan, a decision and two keys."""

import json
from dataclasses import dataclass, replace
from typing import Any

from pratique.attest import badge, card, claims, dsse, model_signing
from pratique.attest.evidence import evidence
from pratique.attest.keys import KeySigner
from pratique.attest.statement import Told, statement
from pratique.attest.svg import svg
from pratique.core.canonical import sha256_of
from pratique.core.errors import BugError, EvidenceError
from pratique.core.finding import Digest
from pratique.core.scan import Scan


@dataclass(frozen=True, slots=True)
class Signers:
    """The two keys a badge is made with."""

    statement: KeySigner
    model_sig: KeySigner


@dataclass(frozen=True, slots=True)
class Made:
    """A badge's files by name, and the card with its block (None where none was asked for)."""

    files: dict[str, bytes]
    card: bytes | None
    predicate: dict[str, Any]


def make(told: Told, signers: Signers, readme: bytes | None = None) -> Made:
    """Return a badge's files; `readme` is the card that a block shall be put into.

    `told.evidence` and `told.svg` are filled in here.

    Raises:
        EvidenceError: a file has no digest or a name that is not Unicode, or the card is not the
            one that was scanned or has markers that are not one pair.
        BugError: what was made would not be believed by the verification.

    """
    _signable(told.scan)
    account, picture = evidence(told.scan), svg(told.headline)
    told = replace(told, evidence=sha256_of(account), svg=sha256_of(picture))
    digests = {file.path: str(file.digest) for file in told.scan.files}
    carded = None
    if readme is not None:
        told, carded = _carded(told, signers, readme)
        digests[card.NAME] = sha256_of(carded)
    said = statement(told)
    payload = json.dumps(said).encode()
    _believable(payload)
    envelope = dsse.seal(payload, signers.statement)
    hexes = {path: digest.removeprefix("sha256:") for path, digest in digests.items()}
    files = {
        badge.EVIDENCE: account,
        badge.PICTURE: picture,
        badge.STATEMENT: badge.dump(envelope),
        badge.BADGE: badge.dump(badge.badge(envelope, said)),
        badge.SIGNATURE: model_signing.sign(
            told.name, hexes, signers.model_sig, single=told.single
        ),
    }
    return Made(files, carded, said["predicate"])


def _signable(scan: Scan) -> None:
    for file in scan.files:
        if not file.digest:
            raise EvidenceError(f"{file.path!r} could not be read, so it cannot be signed for")
        try:
            file.path.encode()
        except UnicodeEncodeError as e:
            raise EvidenceError(f"{file.path!r} has a name that is not Unicode; rename it") from e


def _carded(told: Told, signers: Signers, readme: bytes) -> tuple[Told, bytes]:
    scanned = next((f.digest for f in told.scan.files if f.path == card.NAME), None)
    if scanned != sha256_of(readme):
        raise EvidenceError(f"{card.NAME} is not the one that was scanned")
    run = told.scan.detonation is not None
    block = card.block(told.headline, signers.statement.keyid, run=run)
    marked = card.marked(readme, block)
    plain: Digest = sha256_of(card.split(marked).plain)
    block_digest = sha256_of(block)
    told = replace(told, card=(card.NAME, block_digest), digests={card.NAME: plain})
    return told, marked


def _believable(payload: bytes) -> None:
    try:
        claims.read(payload)
    except EvidenceError as e:
        raise BugError(f"made a statement that nobody would believe: {e}") from e
