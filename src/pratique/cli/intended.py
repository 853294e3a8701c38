"""What the caller says was intended, a digest or a publisher's signature, and how it came out."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pratique.artifacts.sources.base import Source
from pratique.artifacts.sources.file import FileSource
from pratique.cli.reports.safe import storable
from pratique.core.errors import ArtifactError, EvidenceError, UsageError
from pratique.core.finding import Digest
from pratique.core.limits import MiB
from pratique.flows.asked import Said

MOST_SIGNATURE = 64 * MiB
MOST_KEY = MiB
NAME = "model.sig"
SAID = "publisher-signature"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def expected(text: str | None) -> Digest | None:
    """Return the digest that `--expect-digest` names.

    Raises:
        UsageError: it is none.

    """
    if text is None:
        return None
    if not _DIGEST.fullmatch(text):
        raise UsageError(f"--expect-digest {text!r}: write sha256: and 64 lower-case hex digits")
    return Digest(text)


@dataclass(frozen=True, slots=True)
class SignedBy:
    """Who must have signed an artifact, and where the signature lies."""

    source: Source
    by: str
    whose: bytes | tuple[str, str]
    at: Path | None

    def said(self, digests: Mapping[str, str]) -> Said:
        """Return how the signature came out over the digests that the scan computed."""
        why = ""
        try:
            self._verify(digests)
        except (EvidenceError, ArtifactError, OSError) as e:
            why = storable(str(e))[:500]
        return SAID, {"by": storable(self.by), "verified": not why, "why": why}

    def _verify(self, digests: Mapping[str, str]) -> None:
        # cryptography is not small, and few scans need it
        from pratique.attest import publisher as checks  # noqa: PLC0415

        signature = checks.Signature(*_signature(self.source, self.at))
        single = isinstance(self.source, FileSource)
        if isinstance(self.whose, bytes):
            checks.signed_by_key(signature, self.whose, digests, single=single)
        else:
            checks.signed_by_identity(signature, self.whose, digests, single=single)


def publisher(source: Source, signed_by: str | None, signature: Path | None) -> SignedBy | None:
    """Return the check of the publisher's signature over a source, None where none is asked for.

    Raises:
        UsageError: `--signature` without `--signed-by`, or a key or identity that is none.

    """
    if signed_by is None:
        if signature is not None:
            raise UsageError("--signature says where, not whose: add --signed-by")
        return None
    return SignedBy(source, signed_by, _whose(signed_by), signature)


def _whose(signed_by: str) -> bytes | tuple[str, str]:
    """Return a key's PEM, or an identity as (name, issuer)."""
    path = Path(signed_by)
    if path.is_file():
        return _small(path, MOST_KEY)
    name, comma, issuer = signed_by.rpartition(",")
    if not name or not comma or not issuer.startswith("https://"):
        says = f"--signed-by {signed_by!r}: no such key file"
        raise UsageError(f"{says}; an identity is written NAME,https://ISSUER")
    return name, issuer


def _signature(source: Source, at: Path | None) -> tuple[bytes, str]:
    """Return the signature and its path inside the source, empty where it lies outside."""
    if at is not None:
        inside = _within(source, at)
        return _small(at, MOST_SIGNATURE), inside
    if isinstance(source, FileSource):
        named = source.path.with_name(f"{source.path.name}.sig")
        beside = named if named.exists() else source.path.with_name(NAME)
        return _small(beside, MOST_SIGNATURE), ""
    for file in source.files():
        if file.path == NAME:
            with os.fdopen(file.open(), "rb") as opened:
                return opened.read(MOST_SIGNATURE), NAME
    raise EvidenceError(f"there is no {NAME} in it, and no --signature was named")


def _within(source: Source, at: Path) -> str:
    try:
        return at.resolve().relative_to(Path(source.name).resolve()).as_posix()
    except ValueError:
        return ""


def _small(path: Path, most: int) -> bytes:
    with path.open("rb") as opened:
        body = opened.read(most + 1)
    if len(body) > most:
        raise EvidenceError(f"{str(path)!r}: larger than {most} bytes")
    return body
