"""Keys: Ed25519 for statements, P-256 for model.sig, and the file that says whom to trust."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from pratique.attest.strict_json import (
    HEX,
    MOMENT,
    TEXT,
    MapOf,
    conform,
    moment,
    one_of,
    parse,
    when,
)
from pratique.core.errors import EvidenceError, UsageError
from pratique.core.limits import KiB, MiB

STATEMENT: Final = "statement"
MODEL_SIG: Final = "model-sig"
TRUST_FILE: Final = "trust.json"
MAX_TRUST: Final = 1 * MiB
MAX_PEM: Final = 64 * KiB
DAYS: Final = 365

PublicKey: TypeAlias = "ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey"
PrivateKey: TypeAlias = "ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey"

_HASHES: dict[int, hashes.HashAlgorithm] = {
    256: hashes.SHA256(),
    384: hashes.SHA384(),
    521: hashes.SHA512(),
}
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_ENTRY = {
    "role": one_of(STATEMENT, MODEL_SIG),
    "notBefore": MOMENT,
    "notAfter": MOMENT,
    "publicKey": TEXT,
}
_TRUST = {"schemaVersion": 1, "keys": MapOf(HEX, _ENTRY)}


@dataclass(frozen=True, slots=True)
class KeySigner:
    """Signs with a private key that was read from a file."""

    key: PrivateKey
    public: PublicKey
    keyid: str

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`."""
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(message)
        return self.key.sign(message, ec.ECDSA(_HASHES[self.key.key_size]))


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key, what it may sign, and when."""

    keyid: str
    role: str
    not_before: datetime
    not_after: datetime
    public: PublicKey


def init(folder: Path, *, now: datetime, days: int = DAYS, passphrase: bytes | None = None) -> Path:
    """Make both key pairs and `trust.json` in `folder`, all at once; return the trust file.

    Raises:
        UsageError: the folder already holds something: keys are never overwritten.

    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{str(folder)!r} is not empty; keys are never overwritten")
    made: dict[str, PrivateKey] = {
        STATEMENT: ed25519.Ed25519PrivateKey.generate(),
        MODEL_SIG: ec.generate_private_key(ec.SECP256R1()),
    }
    trust = {"schemaVersion": 1, "keys": {}}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".keys-") as holder:
        fresh = Path(holder, "new")
        fresh.mkdir(mode=0o700)
        entries = {}
        for role, key in made.items():
            _write(fresh / f"{role}.key.pem", _private_pem(key, passphrase), 0o600)
            _write(fresh / f"{role}.pub.pem", public_pem(key.public_key()), 0o644)
            entries[keyid(key.public_key())] = _entry(role, key, now, days)
        trust["keys"] = entries
        _write(fresh / TRUST_FILE, json.dumps(trust, indent=2).encode() + b"\n", 0o644)
        os.rename(fresh, folder)  # noqa: PTH104 - replaces an empty folder, fails on any other
    return folder / TRUST_FILE


def _entry(role: str, key: PrivateKey, now: datetime, days: int) -> dict[str, str]:
    return {
        "role": role,
        "notBefore": moment(now),
        "notAfter": moment(now + timedelta(days=days)),
        "publicKey": public_pem(key.public_key()).decode(),
    }


def _write(path: Path, body: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(fd, "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(body)


def _private_pem(key: PrivateKey, passphrase: bytes | None) -> bytes:
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def public_pem(key: PublicKey) -> bytes:
    """Return a public key as PEM."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def keyid(key: PublicKey) -> str:
    """Return the hex SHA-256 of the key's DER SubjectPublicKeyInfo."""
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def signer(folder: Path, role: str, passphrase: bytes | None = None) -> KeySigner:
    """Return the signer of a role from a folder that `init` made.

    Raises:
        UsageError: there is no such key, others can read it, it needs a passphrase, or it is of
            another kind than its role.

    """
    path = folder / f"{role}.key.pem"
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise UsageError(f"{str(path)!r} can be read by others; chmod 600 it")
            body = file.read(MAX_PEM)
        key = serialization.load_pem_private_key(body, passphrase)
    except OSError as e:
        says = (
            f"no {role} key in {str(folder)!r} ({e.strerror}); make one with `pratique keys init`"
        )
        raise UsageError(says) from e
    except (ValueError, TypeError, UnsupportedAlgorithm) as e:
        says = f"{str(path)!r} cannot be opened as a key: set PRATIQUE_KEY_PASSPHRASE if it has one"
        raise UsageError(says) from e
    if not isinstance(key, (ed25519.Ed25519PrivateKey, ec.EllipticCurvePrivateKey)):
        raise UsageError(f"{str(path)!r} is neither an Ed25519 nor a P-256 key")
    public = key.public_key()
    if not _fits(role, public):
        raise UsageError(f"{str(path)!r} is of another kind than a {role} key is")
    return KeySigner(key, public, keyid(public))


def _fits(role: str, key: object) -> bool:
    if role == STATEMENT:
        return isinstance(key, ed25519.Ed25519PublicKey)
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"


def read_public(pem: bytes, what: str) -> PublicKey:
    """Return the Ed25519, P-256, P-384 or P-521 key in a PEM text.

    Raises:
        EvidenceError: it is none of these.

    """
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as e:
        raise EvidenceError(f"{what}: no public key in PEM") from e
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    raise EvidenceError(f"{what}: neither an Ed25519 nor a NIST P-256, P-384 or P-521 key")


def read_trust(body: bytes, what: str) -> dict[str, TrustedKey]:
    """Return the trusted keys by their id.

    Raises:
        EvidenceError: out of shape, an id that is not its key's, or a key unfit for its role.

    """
    value = parse(body, what, MAX_TRUST)
    conform(value, _TRUST, what)
    trusted = {}
    for name, told in value["keys"].items():
        public = read_public(told["publicKey"].encode(), f"{what}: key {name[:12]}")
        if keyid(public) != name:
            raise EvidenceError(
                f"{what}: key {name[:12]} is listed under an id that is not its own"
            )
        if not _fits(told["role"], public):
            raise EvidenceError(f"{what}: key {name[:12]} is of another kind than its role needs")
        window = when(told["notBefore"]), when(told["notAfter"])
        trusted[name] = TrustedKey(name, told["role"], *window, public)
    if not trusted:
        raise EvidenceError(f"{what}: trusts no key")
    return trusted


def check(public: PublicKey, signature: bytes, message: bytes) -> None:
    """Make sure that `signature` is over `message` and by this key.

    Raises:
        EvidenceError: it is not.

    """
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, message)
        else:
            public.verify(signature, message, ec.ECDSA(_HASHES[public.key_size]))
    except InvalidSignature as e:
        raise EvidenceError(f"the signature is not by key {keyid(public)[:12]}") from e
