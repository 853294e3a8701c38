"""Badges that hold, and every way to forge one that we could think of."""

import base64
import json
import os
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.badges import CARD, CARDED, NOW, Case, case, told_of
from harness.scans import BODIES, scan_of
from pratique.attest import dsse, folder, keys, model_signing, strict_json
from pratique.attest.making import make
from pratique.core.errors import EvidenceError
from pratique.core.finding import Digest
from pratique.core.ports import Quiet
from pratique.core.scan import FileReport
from pratique.policy import pack


@pytest.fixture
def held(tmp_path: Path) -> Case:
    return case(tmp_path)


def test_a_badge_holds(held: Case) -> None:
    told = held.verify()
    assert told.result == "PASSED"
    assert [check.name for check in told.checks] == [
        "trust root",
        "signature",
        "statement",
        "key time",
        "badge",
        "files",
        "root digest",
        "model.sig",
        "expiry",
        "policy",
        "level",
    ]
    assert all(check.held and check.says for check in told.checks)
    assert "absent: vulnerabilities, backdoors, network, secrets" in told.checks[2].says


class Heard(Quiet):
    """A watcher that writes down what it hears."""

    def __init__(self) -> None:
        self.plan = (0, 0)
        self.bytes = 0
        self.files: list[str] = []

    def planned(self, files: int, size: int) -> None:
        self.plan = (files, size)

    def read(self, step: str, count: int) -> None:
        assert step == "hash"
        self.bytes += count

    def done(self, report: FileReport) -> None:
        self.files.append(report.path)


def test_the_bytes_that_go_by_are_told(held: Case) -> None:
    heard = Heard()
    held.verify(watcher=heard)
    size = sum(map(len, BODIES.values()))
    assert (heard.plan, heard.bytes) == ((len(BODIES), size), size)
    assert sorted(heard.files) == sorted(BODIES)


def test_a_card_is_marked_and_holds(tmp_path: Path) -> None:
    made = case(tmp_path, CARDED, card=True)
    assert made.refused() == ""
    body = (made.model / "README.md").read_bytes()
    assert body.startswith(b"---\nlicense: mit\n---\n<!-- pratique:begin -->\n> **Pratique: L1")
    assert body.endswith(b"<!-- pratique:end -->\n# A model\n")
    again = scan_of({**CARDED, "README.md": body})
    made.made(again, readme=body)
    assert made.refused() == ""
    assert (made.model / "README.md").read_bytes() == body


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda b: b.replace(b"# A model", b"# Another"), "'README.md' has changed"),
        (lambda b: b.replace(b"PASSED", b"PERFECT"), "the marked block is not the one"),
        (lambda b: b.replace(b"until", b"until") + b"<!-- pratique:end -->\n", "one pair"),
        (lambda _: CARD, "model.sig: changed since it was signed: 'README.md'"),
        (lambda b: b"\n" + b, "'README.md' has changed"),
    ],
)
def test_a_card_that_was_changed(
    change: Callable[[bytes], bytes], says: str, tmp_path: Path
) -> None:
    made = case(tmp_path, CARDED, card=True)
    readme = made.model / "README.md"
    readme.write_bytes(change(readme.read_bytes()))
    assert says in made.refused()


def test_markers_without_a_card_in_the_statement_count_as_content(tmp_path: Path) -> None:
    made = case(tmp_path, CARDED)
    body = b"<!-- pratique:begin -->\nx\n<!-- pratique:end -->\n" + CARD
    (made.model / "README.md").write_bytes(body)
    assert "'README.md' has changed" in made.refused()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schemaVersion", True),
        ("covers", lambda c: c | {"files": 3.0 if c["files"] == 3 else None}),
        ("statement", lambda s: s | {"predicate": s["predicate"] | {"schemaVersion": True}}),
    ],
)
def test_what_only_python_calls_equal_is_not_the_same(key: str, value: Any, held: Case) -> None:  # noqa: ANN401 - any JSON
    told = held.get("badge.json")
    held.put("badge.json", told | {key: value(told[key]) if callable(value) else value})
    assert held.refused().startswith("badge: ") or "is no number we use" in held.refused()


def test_a_statement_for_another_folder(tmp_path: Path) -> None:
    one, two = case(tmp_path / "1"), case(tmp_path / "2", {"a": b"b"})
    assert "missing" in one.refused(badge=two.badge, trust=two.trust)


def other_key(held: Case) -> keys.KeySigner:
    keys.init(held.home / "other", now=NOW)
    return keys.signer(held.home / "other", "statement")


def test_a_statement_by_an_unknown_key(held: Case) -> None:
    held.forge(by=other_key(held))
    assert "is not in the trust root" in held.refused()


def test_an_unknown_key_under_a_known_id(held: Case) -> None:
    thief = other_key(held)
    held.forge(by=keys.KeySigner(thief.key, thief.public, held.signers.statement.keyid))
    assert "the signature is not by key" in held.refused()


def test_the_model_sig_key_signs_no_statement(held: Case) -> None:
    held.forge(by=held.signers.model_sig)
    assert "is trusted as model-sig, not as statement" in held.refused()


def test_the_statement_key_signs_no_model_sig(held: Case) -> None:
    body = model_signing.sign("model", {}, held.signers.model_sig, single=False)
    bundle = json.loads(body)
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    bundle["dsseEnvelope"] = dsse.seal(payload, held.signers.statement)
    held.put("model.sig", bundle)
    assert "the signature is not by key" in held.refused()


def test_a_trust_root_that_gives_keys_other_roles(held: Case) -> None:
    trust = json.loads(held.trust.read_bytes())
    for entry in trust["keys"].values():
        entry["role"] = {"statement": "model-sig", "model-sig": "statement"}[entry["role"]]
    held.trust.write_text(json.dumps(trust))
    assert "of another kind than its role needs" in held.refused()


def test_a_model_signature_is_no_statement(held: Case) -> None:
    payload = base64.b64decode(held.get("model.sig")["dsseEnvelope"]["payload"])
    envelope = dsse.seal(payload, held.signers.statement)
    held.put("badge.json", held.get("badge.json") | {"envelope": envelope})
    assert "statement: statement.predicateType: is not" in held.refused()


def test_another_payload_type_is_refused(held: Case) -> None:
    badge = held.get("badge.json")
    badge["envelope"]["payloadType"] = "application/json"
    held.put("badge.json", badge)
    assert "payloadType: is not" in held.refused()


def test_a_signature_over_the_bare_payload_is_refused(held: Case) -> None:
    badge = held.get("badge.json")
    payload = base64.b64decode(badge["envelope"]["payload"])
    sig = base64.b64encode(held.signers.statement.sign(payload)).decode()
    badge["envelope"]["signatures"][0]["sig"] = sig
    held.put("badge.json", badge)
    assert "the signature is not by key" in held.refused()


def change_envelope(held: Case, change: Callable[[dict[str, Any]], object]) -> str:
    badge = held.get("badge.json")
    change(badge["envelope"])
    held.put("badge.json", badge)
    return held.refused()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda e: e["signatures"].append(e["signatures"][0]), "2 signatures; one is expected"),
        (lambda e: e["signatures"].clear(), "0 signatures; one is expected"),
        (lambda e: e.update(extra=1), "['extra'] is missing or too much"),
        (lambda e: e.pop("payloadType"), "['payloadType'] is missing"),
        (lambda e: e.update(payload=e["payload"] + "\n"), "not base64"),
        (lambda e: e.update(payload="A"), "not base64"),
        (lambda e: e.update(payload="AB=="), "spelling of its own"),
        (lambda e: e["signatures"][0].update(sig=""), "signatures[0].sig: is not"),
        (lambda e: e.update(signatures={}), "is not a list"),
    ],
)
def test_envelopes_out_of_shape(
    change: Callable[[dict[str, Any]], object], says: str, held: Case
) -> None:
    assert says in change_envelope(held, change)


@pytest.mark.parametrize(
    ("key", "value"),
    [("result", "WARNED"), ("level", "L3"), ("extra", "x"), ("note", "trust me"), ("keyid", "0")],
)
def test_what_is_unsigned_repeats_what_is_signed(key: str, value: str, held: Case) -> None:
    held.put("badge.json", held.get("badge.json") | {key: value})
    assert f"['{key}'] is not what the signed statement says" in held.refused()


def test_a_key_that_is_missing_in_the_open_part(held: Case) -> None:
    badge = held.get("badge.json")
    del badge["covers"]
    held.put("badge.json", badge)
    assert "['covers'] is not what" in held.refused()


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("badge.json", b"[]", "holds no envelope"),
        ("badge.json", b'{"a": 1, "a": 2}', "a key is there twice"),
        ("badge.json", b"{} {}", "not the JSON"),
        ("badge.json", b'{"a": NaN}', "not the JSON"),
        ("badge.json", b'{"a": 1.5}', "not the JSON"),
        ("badge.json", b'{"a": "\\ud800"}', "not the JSON"),
        ("badge.json", b"\xff", "not the JSON"),
        ("badge.json", b"[" * 100_000, "not the JSON"),
        ("badge.json", b"[" + b"[]," * 4_000_000, "more than 4000000 values"),
        ("badge.json", b"1" * 5_000, "not the JSON"),
        ("badge.svg", b"<svg/>", "not the picture that was signed"),
        ("badge.svg", b" " * 70_000, "more than 65536 bytes"),
        ("scan.json", b"{}", "not the account that was signed"),
        ("scan.intoto.json", b"{}", "not the envelope"),
        ("model.sig", b"{}", "no Sigstore bundle"),
        ("index.html", b"<h1>all is well</h1>", "'index.html' is no part of a badge"),
    ],
)
def test_badge_files_that_were_replaced(name: str, body: bytes, says: str, held: Case) -> None:
    (held.badge / name).write_bytes(body)
    assert says in held.refused()


@pytest.mark.parametrize("name", ["badge.json", "badge.svg", "scan.json", "model.sig"])
def test_badge_files_that_are_gone_or_odd(name: str, held: Case) -> None:
    path = held.badge / name
    body = path.read_bytes()
    for cut in (len(body) // 2, 1, 0):
        path.write_bytes(body[:cut])
        assert held.refused()
    path.unlink()
    assert "cannot be read" in held.refused()
    os.mkfifo(path)
    assert "no regular file" in held.refused()
    path.unlink()
    path.mkdir()
    assert held.refused()


def test_trailing_data_is_refused(held: Case) -> None:
    path = held.badge / "badge.json"
    path.write_bytes(path.read_bytes() + b"{}")
    assert "not the JSON" in held.refused()


def test_a_huge_account_is_not_hashed(held: Case) -> None:
    os.truncate(held.badge / "scan.json", 1 << 40)
    assert "scan.json: 1099511627776 bytes" in held.refused()


def test_a_device_or_socket_is_no_badge_file(held: Case) -> None:
    (held.badge / "badge.json").unlink()
    (held.badge / "badge.json").symlink_to("/dev/zero")
    assert "no regular file" in held.refused()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(held.model / "s"))
        assert held.refused()


def test_time(held: Case) -> None:
    assert "is good from" in held.refused(NOW + timedelta(days=366))
    assert "expired on 2026-12-23" in held.refused(NOW + timedelta(days=30))
    assert held.refused(NOW + timedelta(days=30, seconds=-1)) == ""
    assert held.refused(NOW - timedelta(minutes=5)) == ""
    assert "issued in the future" in held.refused(NOW - timedelta(minutes=6))


def set_window(held: Case, role: str, **window: str) -> None:
    trust = json.loads(held.trust.read_bytes())
    for entry in trust["keys"].values():
        if entry["role"] == role:
            entry.update(window)
    held.trust.write_text(json.dumps(trust))


@pytest.mark.parametrize("role", ["statement", "model-sig"])
def test_a_key_out_of_its_time(role: str, held: Case) -> None:
    set_window(held, role, notBefore="2026-11-24T00:00:00Z")
    assert "is good from 2026-11-24" in held.refused()
    set_window(held, role, notBefore="2026-11-01T00:00:00Z", notAfter="2026-11-30T00:00:00Z")
    assert held.refused() == ""
    assert "is good from" in held.refused(NOW + timedelta(days=10))


def drop(role: str) -> Callable[[dict[str, Any]], object]:
    def change(trust: dict[str, Any]) -> None:
        trust["keys"] = {k: v for k, v in trust["keys"].items() if v["role"] != role}

    return change


def rename_key(trust: dict[str, Any]) -> None:
    trust["keys"]["0" * 64] = trust["keys"].popitem()[1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (drop("model-sig"), "has no key for model.sig"),
        (drop("statement"), "is not in the trust root"),
        (lambda t: t.update(keys={}), "trusts no key"),
        (lambda t: t.update(keys=[]), "is not an object"),
        (lambda t: t["keys"].update(x={}), "keyed by 64 hex digits"),
        (rename_key, "an id that is not its own"),
        (lambda t: t.update(schemaVersion=True), "is not 1"),
        (lambda t: next(iter(t["keys"].values())).update(publicKey="x"), "no public key in PEM"),
        (lambda t: next(iter(t["keys"].values())).update(notAfter="soon"), "is not a moment"),
        (lambda t: next(iter(t["keys"].values())).update(notAfter=5), "is not a moment"),
        (lambda t: next(iter(t["keys"].values())).update(role="root"), "is not one of"),
    ],
)
def test_trust_roots_out_of_shape(
    change: Callable[[dict[str, Any]], object], says: str, held: Case
) -> None:
    trust = json.loads(held.trust.read_bytes())
    change(trust)
    held.trust.write_text(json.dumps(trust))
    assert says in held.refused()


def test_a_second_model_sig_key_is_tried(held: Case) -> None:
    trust = json.loads(held.trust.read_bytes())
    keys.init(held.home / "rotated", now=NOW)
    trust["keys"] |= json.loads((held.home / "rotated/trust.json").read_bytes())["keys"]
    held.trust.write_text(json.dumps(trust))
    assert held.refused() == ""
    trust["keys"] = dict(reversed(trust["keys"].items()))
    held.trust.write_text(json.dumps(trust))
    assert held.refused() == ""


def test_policy_and_level_that_are_demanded(held: Case) -> None:
    assert held.refused(policy=pack.load("default").digest) == ""
    assert "decided by 'default'" in held.refused(policy=Digest("sha256:" + "0" * 64))
    assert "level L2 is demanded, L1 was reached" in held.refused(level="L2")


def test_model_sig_over_other_files(held: Case) -> None:
    def put(bodies: dict[str, str]) -> str:
        body = model_signing.sign("model", bodies, held.signers.model_sig, single=False)
        (held.badge / "model.sig").write_bytes(body)
        return held.refused()

    digests = held.verify().claims.subjects
    assert "missing: 'more'" in put({**digests, "more": "0" * 64})
    less = {k: v for k, v in digests.items() if k != "config.json"}
    assert "not covered by the signature: 'config.json'" in put(less)
    other = {**digests, "config.json": "0" * 64}
    assert "changed since it was signed: 'config.json'" in put(other)
    assert put(dict(digests)) == ""


def test_a_file_that_changes_while_it_is_hashed(held: Case) -> None:
    there = folder.listing(held.model)["config.json"]
    for body in (b"", b"{} more"):
        (held.model / "config.json").write_bytes(body)
        with pytest.raises(EvidenceError, match="changed while it was read"):
            folder.digest(there)
    (held.model / "config.json").unlink()
    with pytest.raises(EvidenceError, match="cannot be read"):
        folder.digest(there)
    os.mkfifo(held.model / "config.json")
    with pytest.raises(EvidenceError, match="no regular file"):
        folder.digest(there)


def test_making_refuses_what_could_not_be_verified(held: Case) -> None:
    unreadable = scan_of({"a": b"x"})
    files = (unreadable.files[0].__class__("a", Digest(""), 1, unreadable.files[0].inspection),)
    with pytest.raises(EvidenceError, match="could not be read"):
        make(told_of(unreadable.__class__(**_fields(unreadable) | {"files": files})), held.signers)
    with pytest.raises(EvidenceError, match="not Unicode"):
        make(told_of(scan_of({"\udcff": b"x"})), held.signers)
    with pytest.raises(EvidenceError, match="not the one that was scanned"):
        make(told_of(scan_of(CARDED)), held.signers, CARD + b"more")


def _fields(scan: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    return {name: getattr(scan, name) for name in scan.__slots__}


def test_a_document_too_long_is_refused() -> None:
    with pytest.raises(EvidenceError, match="3 bytes or more; 2 is the most"):
        strict_json.parse(b"123", "x", 2)


def test_a_card_that_changes_between_two_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = case(tmp_path, CARDED, card=True)
    small = folder.small

    def late(path: Path, most: int, what: str) -> bytes:
        return small(path, most, what) + (b"x" if path.name == "README.md" else b"")

    monkeypatch.setattr("pratique.attest.verify.folder.small", late)
    assert "'README.md' changed while it was read" in made.refused()
