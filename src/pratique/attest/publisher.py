"""The publisher's own signature over a model: by a key, or by a Sigstore identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from pratique.attest import folder, keys, model_signing
from pratique.attest.model_signing import MAX_BUNDLE, Manifest
from pratique.attest.strict_json import parse
from pratique.core.errors import EvidenceError, UsageError

SAID: Final = "publisher-signature"
"""What an account of the check is called, for rules over the repository and for policy."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A publisher's `model.sig`; `inside` is its path in the model, empty where it lies outside."""

    body: bytes
    inside: str = ""


def signed_by_key(
    signature: Signature, pem: bytes, digests: Mapping[str, str], *, single: bool = False
) -> None:
    """Make sure that the holder of a public key signed exactly these files (hex SHA-256 by path).

    Raises:
        EvidenceError: no such signature, another key's, or files that it does not cover.

    """
    told = model_signing.verify(signature.body, keys.read_public(pem, "the publisher's key"))
    _covers(told, signature, digests, single=single)


def signed_by_identity(
    signature: Signature,
    identity: tuple[str, str],
    digests: Mapping[str, str],
    *,
    single: bool = False,
) -> None:
    """Make sure that a Sigstore identity, a (name, issuer) pair, signed exactly these files.

    Sigstore's own trust root is refreshed over the network, unless its cache is fresh.

    Raises:
        EvidenceError: no such signature, another identity's, or files that it does not cover.
        UsageError: the extra `sigstore` is not installed.

    """
    parse(signature.body, "model.sig", MAX_BUNDLE)
    kind, payload = _sigstore(signature.body, *identity)
    if kind != "application/vnd.in-toto+json":
        raise EvidenceError(f"model.sig: signed something of type {kind[:100]!r}")
    _covers(model_signing.manifest(payload), signature, digests, single=single)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who must have signed: the holder of a public key (PEM), or a Sigstore (name, issuer) pair."""

    by: str
    who: bytes | tuple[str, str]
    signature: Signature

    def said(self, digests: Mapping[str, str], *, single: bool) -> tuple[str, dict[str, object]]:
        """Return the account of the check over hex SHA-256 digests, for rules and policy.

        Raises:
            UsageError: the extra `sigstore` is missing.

        """
        try:
            if isinstance(self.who, bytes):
                signed_by_key(self.signature, self.who, digests, single=single)
            else:
                signed_by_identity(self.signature, self.who, digests, single=single)
        except EvidenceError as e:
            return SAID, {"verified": False, "by": self.by, "why": str(e)[:500]}
        return SAID, {"verified": True, "by": self.by, "why": ""}


def publisher(model: Path, signed_by: str, signature: Path | None) -> Publisher:
    """Return whom `--signed-by` names: a PEM file, or `IDENTITY,ISSUER`.

    The signature is looked for where publishers put it: `model.sig` in the folder, `NAME.sig`
    beside a file.

    Raises:
        UsageError: there is no such key or signature, or the identity lacks its issuer.

    """
    inside = model.is_dir()
    where = signature or (model / "model.sig" if inside else model.with_name(f"{model.name}.sig"))
    try:
        body = folder.small(where, MAX_BUNDLE, "the publisher's signature")
        who: bytes | tuple[str, str]
        if signed_by.endswith(".pem") or Path(signed_by).exists():
            who = folder.small(Path(signed_by), keys.MAX_PEM, "the publisher's key")
        else:
            name, comma, issuer = signed_by.rpartition(",")
            if not (name and comma and issuer.startswith("https://")):
                says = f"--signed-by {signed_by!r}: a KEY.pem, or IDENTITY,https://ISSUER"
                raise UsageError(says)
            who = name, issuer
    except EvidenceError as e:
        raise UsageError(f"{e}; say where with --signature and --signed-by") from e
    return Publisher(signed_by, who, Signature(body, _inside(where, model)))


def _inside(where: Path, model: Path) -> str:
    real, root = where.resolve(), model.resolve()
    return real.relative_to(root).as_posix() if real != root and root in real.parents else ""


def facts(
    address: str, signed_by: str, signature: Path | None
) -> tuple[tuple[str, dict[str, object]], ...]:
    """Return the account of the publisher's signature over the files as they lie at `address`.

    It hashes them for itself; whoever has digests already asks `Publisher.said`.

    Raises:
        UsageError: nothing lies there on this machine, or what `publisher` raises.

    """
    model = Path(address)
    if not model.exists():
        raise UsageError(f"--signed-by: {address!r} is not on this machine; fetch it, then scan it")
    told = publisher(model, signed_by, signature)
    try:
        digests = {name: folder.digest(file) for name, file in folder.listing(model).items()}
    except EvidenceError as e:
        return ((SAID, {"verified": False, "by": told.by, "why": str(e)[:500]}),)
    return (told.said(digests, single=model.is_file()),)


def _covers(
    told: Manifest, signature: Signature, digests: Mapping[str, str], *, single: bool
) -> None:
    left_out = (signature.inside,) if signature.inside else ()
    model_signing.compare(told, digests, single=single, left_out=left_out)


def _sigstore(body: bytes, name: str, issuer: str) -> tuple[str, bytes]:
    try:
        models: Any = import_module("sigstore.models")
        verifying: Any = import_module("sigstore.verify")
    except ImportError as e:
        says = "a Sigstore identity needs the extra `sigstore`: pip install 'pratique[sigstore]'"
        raise UsageError(says) from e
    try:
        bundle = models.Bundle.from_json(body)
        policy = verifying.policy.Identity(identity=name, issuer=issuer)
        kind, payload = verifying.Verifier.production().verify_dsse(bundle, policy)
    except Exception as e:
        # The library's errors share no base; whichever it is, the signature was not verified.
        raise EvidenceError(f"model.sig: not signed by {name!r}: {e}"[:500]) from e
    return str(kind), bytes(payload)
