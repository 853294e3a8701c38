"""`model.sig`: OpenSSF Model Signing v1.0, both ways.

A Sigstore bundle v0.3 around a DSSE envelope around an in-toto statement whose predicate lists the
digest of every file; the subject's digest is SHA-256 over those digests, one after the other, in
the order of the list. Written from the format as https://github.com/ossf/model-signing-spec and
model-signing 1.1.1 have it; `scripts/prove_interop.py` tries both against each other.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from pratique.attest import dsse, keys
from pratique.attest.keys import KeySigner, PublicKey
from pratique.attest.strict_json import HEX, parse
from pratique.core.errors import EvidenceError
from pratique.core.limits import MiB

BUNDLE_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
PREDICATE_TYPE: Final = "https://model_signing/signature/v1.0"
MAX_BUNDLE: Final = 96 * MiB
GIT_PATHS: Final = (".git", ".gitattributes", ".github", ".gitignore")
"""What model_signing leaves out by default; we name them so that its defaults verify ours."""

_SINGLE: Final = "."
_MAX_TEXT: Final = 4_096


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files that a signature covers, their hex SHA-256, and the paths that it leaves out."""

    name: str
    files: dict[str, str]
    ignored: tuple[str, ...]


def sign(name: str, digests: Mapping[str, str], signer: KeySigner, *, single: bool) -> bytes:
    """Return the bundle over a model's hex SHA-256 digests, by path.

    Files of git at the model's root are left out, and named as left out.
    """
    listed = _listed(digests, single=single)
    signed = {path: digest for path, digest in listed.items() if not _ignored(path, GIT_PATHS)}
    ignored = sorted({path.split("/")[0] for path in listed.keys() - signed.keys()})
    resources = [
        {"name": path, "algorithm": "sha256", "digest": signed[path]} for path in _order(signed)
    ]
    payload = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": _root(resources)}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": ignored,
            },
            "resources": resources,
        },
    }
    hint = hashlib.sha256(keys.public_pem(signer.public)).hexdigest()
    bundle = {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": []},
        "dsseEnvelope": dsse.seal(json.dumps(payload).encode(), signer, keyid=""),
    }
    return json.dumps(bundle).encode()


def _listed(digests: Mapping[str, str], *, single: bool) -> dict[str, str]:
    return dict.fromkeys((_SINGLE,), *digests.values()) if single else dict(digests)


def _order(paths: Mapping[str, str]) -> list[str]:
    return sorted(paths, key=lambda path: PurePosixPath(path).parts)


def _root(resources: list[dict[str, str]]) -> str:
    hasher = hashlib.sha256()
    for resource in resources:
        hasher.update(bytes.fromhex(resource["digest"]))
    return hasher.hexdigest()


def _ignored(path: str, ignored: tuple[str, ...]) -> bool:
    return any(path == name or path.startswith(name + "/") for name in ignored)


def verify(body: bytes, public: PublicKey) -> Manifest:
    """Return what a bundle covers, once its signature by `public` holds.

    Raises:
        EvidenceError: the bundle or its payload is out of shape, or the signature is another's.

    """
    envelope = _envelope(parse(body, "model.sig", MAX_BUNDLE))
    keys.check(public, envelope.signature, envelope.signed())
    return manifest(envelope.payload)


def _envelope(bundle: Any) -> dsse.Envelope:  # noqa: ANN401 - any JSON
    if not isinstance(bundle, dict) or bundle.get("mediaType") != BUNDLE_TYPE:
        raise EvidenceError(f"model.sig: no Sigstore bundle of type {BUNDLE_TYPE}")
    told = bundle.get("dsseEnvelope")
    signatures = told.get("signatures") if isinstance(told, dict) else None
    if isinstance(signatures, list):
        for signature in signatures:
            if isinstance(signature, dict):
                signature.setdefault("keyid", "")
    return dsse.read(told, "model.sig: envelope")


def manifest(payload: bytes) -> Manifest:
    """Return what a signed payload covers.

    Raises:
        EvidenceError: it is no model signature v1.0 by whole files and SHA-256, or its parts do
            not fit each other.

    """
    value = parse(payload, "model.sig: payload", MAX_BUNDLE)
    try:
        told = _manifest(value)
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise EvidenceError(f"model.sig: payload out of shape: {e!r}"[:300]) from e
    return told


def _manifest(value: dict[str, Any]) -> Manifest:
    if value["_type"] != "https://in-toto.io/Statement/v1":
        raise ValueError("no in-toto statement")
    if value["predicateType"] != PREDICATE_TYPE:
        raise ValueError(f"predicate type {value['predicateType']!r}, not {PREDICATE_TYPE!r}")
    (subject,) = value["subject"]
    serialization = value["predicate"]["serialization"]
    if (serialization["method"], serialization["hash_type"]) != ("files", "sha256"):
        raise ValueError("only the serialization by whole files and sha256 is read")
    files = dict(_resources(value["predicate"]["resources"]))
    if subject["digest"]["sha256"] != _root(value["predicate"]["resources"]):
        raise ValueError("the root digest is not that of the files")
    ignored = serialization.get("ignore_paths", [])
    return Manifest(_word(subject["name"]), files, tuple(_word(name) for name in ignored))


def _resources(resources: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    seen = set()
    for resource in resources:
        name, digest = _word(resource["name"]), _word(resource["digest"])
        if resource["algorithm"] != "sha256" or not HEX.test(digest):
            raise ValueError(f"{name!r} has no sha256")
        if name in seen:
            raise ValueError(f"{name!r} is listed twice")
        seen.add(name)
        yield name, digest


def _word(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise ValueError("a text was expected")
    return value


def compare(
    told: Manifest,
    digests: Mapping[str, str],
    *,
    single: bool = False,
    left_out: tuple[str, ...] = (),
) -> None:
    """Make sure that a signature covers exactly these files.

    `digests` are hex SHA-256 by path; of a model that is one file, the one digest counts. Files of
    git at the root count only where the signature does not leave them out. `left_out` is where the
    signature itself lies inside the model.

    Raises:
        EvidenceError: a file is missing, unsigned or changed; each kind is told with examples.

    """
    git = tuple(name for name in told.ignored if name in GIT_PATHS)
    there, signed = (
        {path: digest for path, digest in files.items() if not _ignored(path, (*git, *left_out))}
        for files in (_listed(digests, single=single), told.files)
    )
    changed = {path for path in there.keys() & signed.keys() if there[path] != signed[path]}
    for kind, paths in (
        ("missing", signed.keys() - there.keys()),
        ("not covered by the signature", there.keys() - signed.keys()),
        ("changed since it was signed", changed),
    ):
        if paths:
            raise EvidenceError(f"model.sig: {kind}: {', '.join(map(repr, sorted(paths)[:5]))}")
