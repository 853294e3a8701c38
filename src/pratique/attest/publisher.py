"""The publisher's own signature over a model: by a key, or by a Sigstore identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pratique.attest import keys, model_signing
from pratique.attest.model_signing import MAX_BUNDLE, Manifest
from pratique.attest.strict_json import parse
from pratique.core.errors import EvidenceError, UsageError


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
