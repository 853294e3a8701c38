import base64
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from harness.badges import Case, hexes, write
from harness.publishing import outcome
from pratique.attest import dsse, keys, model_signing
from pratique.attest.model_signing import GIT_PATHS, PREDICATE_TYPE
from pratique.attest.publisher import Signature, signed_by_identity, signed_by_key
from pratique.core.errors import EvidenceError, UsageError

VECTORS = Path(__file__).parents[2] / "vectors" / "model_signing-1.1.1"
SAMPLE = {
    "a.txt": b"hi\n",
    "a-b": b"1",
    "a/c": b"2",
    "sub/b.bin": b"yo\n",
    ".gitattributes": b"x\n",
}
DIGESTS = hexes(SAMPLE)


@pytest.fixture
def made(tmp_path: Path) -> Case:
    return Case(tmp_path)


def vector(name: str) -> tuple[Signature, bytes]:
    body = (VECTORS / f"{name}.sig.json").read_bytes()
    return Signature(body), (VECTORS / f"{name}.pub.pem").read_bytes()


@pytest.mark.parametrize("name", ["p256", "p384", "p521"])
def test_signatures_of_model_signing_hold(name: str) -> None:
    signature, pem = vector(name)
    signed_by_key(signature, pem, DIGESTS)
    signed_by_key(Signature(signature.body, "model.sig"), pem, DIGESTS | {"model.sig": "0" * 64})
    with pytest.raises(EvidenceError, match=r"not covered by the signature: 'evil\.py'"):
        signed_by_key(signature, pem, DIGESTS | {"evil.py": "0" * 64})
    with pytest.raises(EvidenceError, match=r"changed since it was signed: 'a\.txt'"):
        signed_by_key(signature, pem, DIGESTS | {"a.txt": "0" * 64})
    with pytest.raises(EvidenceError, match="missing: 'a-b', 'a/c'"):
        signed_by_key(signature, pem, {k: v for k, v in DIGESTS.items() if k not in ("a-b", "a/c")})


def test_a_signature_over_one_file_holds() -> None:
    signature, pem = vector("one-file")
    signed_by_key(signature, pem, {"renamed": DIGESTS["a.txt"]}, single=True)
    with pytest.raises(EvidenceError, match="changed"):
        signed_by_key(signature, pem, {"a.txt": DIGESTS["a-b"]}, single=True)


def test_another_publisher_is_refused() -> None:
    signature, _ = vector("p256")
    with pytest.raises(EvidenceError, match="the signature is not by key"):
        signed_by_key(signature, vector("p384")[1], DIGESTS)


@pytest.mark.parametrize(
    "pem", [b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"]
)
def test_what_is_no_key_is_refused(pem: bytes) -> None:
    with pytest.raises(EvidenceError, match="no public key in PEM"):
        signed_by_key(vector("p256")[0], pem, DIGESTS)


def payload_of(bundle: bytes) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"]))


def test_ours_is_in_the_order_of_path_parts_and_names_what_it_leaves_out(made: Case) -> None:
    body = model_signing.sign("sample", DIGESTS, made.signers.model_sig, single=False)
    told = payload_of(body)
    names = [resource["name"] for resource in told["predicate"]["resources"]]
    assert names == ["a/c", "a-b", "a.txt", "sub/b.bin"]
    assert told["predicate"]["serialization"]["ignore_paths"] == [".gitattributes"]
    theirs = payload_of(vector("p256")[0].body)
    assert told["subject"] == theirs["subject"]
    assert theirs["predicate"]["resources"] == [
        {key: resource[key] for key in theirs["predicate"]["resources"][0]}
        for resource in told["predicate"]["resources"]
    ]


def test_a_model_without_git_files_ignores_nothing(made: Case) -> None:
    body = model_signing.sign("m", {"a": "0" * 64}, made.signers.model_sig, single=False)
    assert payload_of(body)["predicate"]["serialization"]["ignore_paths"] == []
    told = model_signing.verify(body, made.signers.model_sig.public)
    assert (told.name, told.files, told.ignored) == ("m", {"a": "0" * 64}, ())
    assert ".git" in GIT_PATHS


def signed(made: Case, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return a bundle over a changed payload, with a signature that holds."""
    bundle = json.loads(model_signing.sign("m", DIGESTS, made.signers.model_sig, single=False))
    payload = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    payload = change(payload) or payload
    body = json.dumps(payload).encode()
    bundle["dsseEnvelope"] = dsse.seal(body, made.signers.model_sig, keyid="")
    return json.dumps(bundle).encode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: p.update(_type="x"), "no in-toto statement"),
        (lambda p: p.update(predicateType="https://model_signing/Digests/v0.1"), "predicate type"),
        (lambda p: p.update(subject=[]), "out of shape"),
        (lambda p: p["subject"].append(p["subject"][0]), "out of shape"),
        (lambda p: p["subject"][0]["digest"].update(sha256="0" * 64), "root digest"),
        (lambda p: p["predicate"]["serialization"].update(method="shards"), "by whole files"),
        (lambda p: p["predicate"]["serialization"].update(hash_type="blake3"), "by whole files"),
        (lambda p: p["predicate"]["serialization"].update(ignore_paths=[1]), "out of shape"),
        (lambda p: p["predicate"]["serialization"].update(ignore_paths=7), "out of shape"),
        (lambda p: p["predicate"]["resources"].append(p["predicate"]["resources"][0]), "twice"),
        (lambda p: p["predicate"]["resources"][0].update(algorithm="md5"), "has no sha256"),
        (lambda p: p["predicate"]["resources"][0].update(digest="00 11"), "has no sha256"),
        (lambda p: p["predicate"]["resources"][0].update(digest="xy"), "has no sha256"),
        (lambda p: p["predicate"]["resources"][0].update(name="x" * 5_000), "a text was expected"),
        (lambda p: p.pop("predicate"), "out of shape"),
        (lambda _: [1], "out of shape"),
    ],
)
def test_payloads_out_of_shape(
    change: Callable[[dict[str, Any]], object], says: str, made: Case
) -> None:
    with pytest.raises(EvidenceError, match=says):
        model_signing.verify(signed(made, change), made.signers.model_sig.public)


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.update(mediaType="x"),
        lambda b: b.pop("dsseEnvelope"),
        lambda b: b["dsseEnvelope"].update(signatures=[1]),
        lambda b: b["dsseEnvelope"].update(signatures=1),
        lambda b: b["dsseEnvelope"].update(payloadType="x"),
    ],
)
def test_bundles_out_of_shape(change: Callable[[dict[str, Any]], object], made: Case) -> None:
    bundle = json.loads(model_signing.sign("m", DIGESTS, made.signers.model_sig, single=False))
    change(bundle)
    with pytest.raises(EvidenceError):
        model_signing.verify(json.dumps(bundle).encode(), made.signers.model_sig.public)
    with pytest.raises(EvidenceError):
        model_signing.verify(b"[]", made.signers.model_sig.public)


WHO = ("ana@example.com", "https://issuer.example.com")


def test_an_identity_without_the_extra_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sigstore", None)
    with pytest.raises(UsageError, match=r"pratique\[sigstore\]"):
        signed_by_identity(vector("p256")[0], WHO, DIGESTS)


def fake_sigstore(monkeypatch: pytest.MonkeyPatch, kind: str, payload: bytes) -> list[object]:
    """Stand in for the library: its `verify_dsse` answers, or raises without a payload."""
    asked: list[object] = []

    def verify_dsse(bundle: object, policy: object) -> tuple[str, bytes]:
        asked.extend([bundle, policy])
        if not payload:
            raise RuntimeError("another identity")
        return kind, payload

    models, verifying = ModuleType("sigstore.models"), ModuleType("sigstore.verify")
    models.Bundle = SimpleNamespace(from_json=len)  # type: ignore[attr-defined]
    verifier = SimpleNamespace(production=lambda: SimpleNamespace(verify_dsse=verify_dsse))
    verifying.Verifier = verifier  # type: ignore[attr-defined]
    verifying.policy = SimpleNamespace(Identity=dict)  # type: ignore[attr-defined]
    for module in (ModuleType("sigstore"), models, verifying):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return asked


def test_an_identity_that_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    signature = vector("p256")[0]
    payload = base64.b64decode(json.loads(signature.body)["dsseEnvelope"]["payload"])
    asked = fake_sigstore(monkeypatch, dsse.IN_TOTO, payload)
    signed_by_identity(signature, WHO, DIGESTS)
    assert asked == [len(signature.body), {"identity": WHO[0], "issuer": WHO[1]}]
    with pytest.raises(EvidenceError, match="changed"):
        signed_by_identity(signature, WHO, DIGESTS | {"a-b": "0" * 64})
    fake_sigstore(monkeypatch, "text/plain", payload)
    with pytest.raises(EvidenceError, match="of type 'text/plain'"):
        signed_by_identity(signature, WHO, DIGESTS)
    fake_sigstore(monkeypatch, dsse.IN_TOTO, b"")
    with pytest.raises(EvidenceError, match=r"not signed by 'ana@example\.com': another identity"):
        signed_by_identity(signature, WHO, DIGESTS)


def test_the_hint_is_of_the_pem(made: Case) -> None:

    body = model_signing.sign("m", DIGESTS, made.signers.model_sig, single=False)
    hint = json.loads(body)["verificationMaterial"]["publicKey"]["hint"]
    assert hint == hashlib.sha256(keys.public_pem(made.signers.model_sig.public)).hexdigest()
    assert payload_of(body)["predicateType"] == PREDICATE_TYPE


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    model = write(tmp_path / "sample", SAMPLE)
    (model / "model.sig").write_bytes(vector("p256")[0].body)
    return model


KEY = str(VECTORS / "p256.pub.pem")


def told(model: Path, by: str, at: Path | None = None) -> tuple[object, object]:
    data = outcome(model, by, at)
    return data["verified"], data["why"]


def test_the_account_of_a_publishers_signature(sample: Path, tmp_path: Path) -> None:
    assert told(sample, KEY) == (True, "")
    assert told(sample, str(VECTORS / "p384.pub.pem"))[0] is False
    outside = tmp_path / "out.sig"
    (sample / "model.sig").rename(outside)
    assert told(sample, KEY, outside) == (True, "")
    (sample / "evil.py").write_text("x")
    assert "not covered by the signature: 'evil.py'" in str(told(sample, KEY, outside))


@pytest.mark.parametrize("name", ["a.txt.sig", "model.sig"])
def test_the_account_of_one_file(name: str, sample: Path) -> None:
    one = sample / "a.txt"
    one.with_name(name).write_bytes(vector("one-file")[0].body)
    assert told(one, str(VECTORS / "one-file.pub.pem")) == (True, "")


@pytest.mark.parametrize(
    "who", ["ana@example.com", "ana@example.com,http://x", ",https://x", "no.pem"]
)
def test_a_publisher_that_is_not_named_well(who: str, sample: Path) -> None:
    with pytest.raises(UsageError, match="--signed-by"):
        told(sample, who)


def test_an_identity_is_asked_with_its_issuer(
    sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = base64.b64decode(json.loads(vector("p256")[0].body)["dsseEnvelope"]["payload"])
    asked = fake_sigstore(monkeypatch, dsse.IN_TOTO, payload)
    assert told(sample, ",".join(WHO)) == (True, "")
    assert asked[1] == {"identity": WHO[0], "issuer": WHO[1]}


def test_a_signature_that_is_not_here(sample: Path) -> None:
    (sample / "model.sig").unlink()
    verified, why = told(sample, KEY)
    assert verified is False
    assert "--signature" in str(why)
