import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.badges import NOW
from pratique.attest import keys
from pratique.core.errors import EvidenceError, UsageError


def test_what_init_leaves(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "keys"
    trust = keys.init(folder, now=NOW, days=10)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()}
    assert modes == {
        "statement.key.pem": 0o600,
        "statement.pub.pem": 0o644,
        "model-sig.key.pem": 0o600,
        "model-sig.pub.pem": 0o644,
        "trust.json": 0o644,
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [p.name for p in folder.parent.iterdir()] == ["keys"]
    trusted = keys.read_trust(trust.read_bytes(), "trust")
    assert {key.role for key in trusted.values()} == {"statement", "model-sig"}
    for role in ("statement", "model-sig"):
        signer = keys.signer(folder, role)
        assert trusted[signer.keyid].role == role
        keys.check(trusted[signer.keyid].public, signer.sign(b"x"), b"x")
        with pytest.raises(EvidenceError, match="is not by key"):
            keys.check(trusted[signer.keyid].public, signer.sign(b"x"), b"y")


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    keys.init(tmp_path / "keys", now=NOW)
    with pytest.raises(UsageError, match="never overwritten"):
        keys.init(tmp_path / "keys", now=NOW)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="never overwritten"):
        keys.init(tmp_path / "file", now=NOW)
    (tmp_path / "empty").mkdir()
    keys.init(tmp_path / "empty", now=NOW)


def test_a_passphrase_locks_private_keys(tmp_path: Path) -> None:
    keys.init(tmp_path / "k", now=NOW, passphrase=b"open sesame")
    assert b"ENCRYPTED" in (tmp_path / "k" / "statement.key.pem").read_bytes()
    assert keys.signer(tmp_path / "k", "statement", b"open sesame").keyid
    for wrong in (None, b"other"):
        with pytest.raises(UsageError, match="PRATIQUE_KEY_PASSPHRASE"):
            keys.signer(tmp_path / "k", "statement", wrong)


def test_private_keys_that_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "k"
    with pytest.raises(UsageError, match="pratique keys init"):
        keys.signer(folder, "statement")
    keys.init(folder, now=NOW)
    path = folder / "statement.key.pem"
    path.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        keys.signer(folder, "statement")
    path.chmod(0o600)
    path.write_bytes((folder / "model-sig.key.pem").read_bytes())
    with pytest.raises(UsageError, match="of another kind"):
        keys.signer(folder, "statement")
    path.write_bytes(pem(rsa.generate_private_key(65_537, 2_048)))
    with pytest.raises(UsageError, match="neither an Ed25519 nor"):
        keys.signer(folder, "statement")


def pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_public_keys_of_other_kinds_are_refused() -> None:
    odd = ec.generate_private_key(ec.SECP256K1()).public_key()
    with pytest.raises(EvidenceError, match="neither an Ed25519 nor"):
        keys.read_public(keys.public_pem(odd), "key")
