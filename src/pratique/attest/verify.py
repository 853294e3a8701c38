"""Verification, offline, in order, in words; it ends at the first thing that does not hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pratique.attest import badge, card, claims, dsse, folder, keys, model_signing
from pratique.attest.claims import Claims
from pratique.attest.folder import Lying
from pratique.attest.keys import MODEL_SIG, STATEMENT, TrustedKey
from pratique.attest.statement import L1, PASSED, WARNED
from pratique.attest.strict_json import parse
from pratique.core.canonical import canonical, sha256_of
from pratique.core.errors import EvidenceError
from pratique.core.finding import Digest
from pratique.core.ports import Quiet, Watcher
from pratique.core.scan import FileReport, Inspection

SKEW: Final = timedelta(minutes=5)
"""How far ahead the signer's clock may be."""
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: its name, whether it held, and what was seen, in words."""

    name: str
    held: bool
    says: str


class NotVerifiedError(EvidenceError):
    """A badge does not hold; `checks` are all that were made, the failed one last."""

    def __init__(self, says: str, checks: tuple[Check, ...]) -> None:
        super().__init__(says)
        self.checks = checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be verified: the model, its badge's folder, the trust file, and the demands."""

    model: Path
    badge: Path
    trust: Path
    at: datetime
    level: str = L1
    policy: Digest | None = None
    watcher: Watcher = field(default_factory=Quiet)


@dataclass(frozen=True, slots=True)
class Verification:
    """A badge that holds: every check, and the statement's claims."""

    checks: tuple[Check, ...]
    claims: Claims

    @property
    def result(self) -> str:
        """Return the statement's result: PASSED or WARNED."""
        return str(self.claims.predicate["result"])


@dataclass(slots=True)
class _Seen:
    """What has been read so far."""

    trust: dict[str, TrustedKey] = field(default_factory=dict)
    badge: Any = None
    envelope: dsse.Envelope = field(default_factory=lambda: dsse.Envelope(b"", "", b""))
    claims: Claims = field(default_factory=lambda: Claims({}, {}))
    digests: dict[str, str] = field(default_factory=dict)


def verify(question: Question) -> Verification:
    """Return the verification of a badge that holds in everything that was asked.

    Raises:
        NotVerifiedError: something does not hold; it carries the checks so far.

    """
    seen, checks = _Seen(), []
    for name, step in _STEPS:
        try:
            says = step(question, seen)
        except EvidenceError as e:
            checks.append(Check(name, held=False, says=str(e)))
            raise NotVerifiedError(f"{name}: {e}", tuple(checks)) from e
        checks.append(Check(name, held=True, says=says))
    return Verification(tuple(checks), seen.claims)


def _trust(question: Question, seen: _Seen) -> str:
    body = folder.small(question.trust, keys.MAX_TRUST, "trust root")
    seen.trust = keys.read_trust(body, "trust root")
    return f"{len(seen.trust)} keys in {str(question.trust)!r}, {sha256_of(body)[:19]}"


def _signature(question: Question, seen: _Seen) -> str:
    body = folder.small(question.badge / badge.BADGE, badge.MAX_BADGE, badge.BADGE)
    seen.badge = parse(body, badge.BADGE, badge.MAX_BADGE)
    seen.envelope = dsse.read(badge.envelope_of(seen.badge), f"{badge.BADGE}: envelope")
    key = _key(seen, seen.envelope.keyid, STATEMENT)
    keys.check(key.public, seen.envelope.signature, seen.envelope.signed())
    return f"by key {key.keyid[:12]}, trusted for statements"


def _key(seen: _Seen, keyid: str, role: str) -> TrustedKey:
    key = seen.trust.get(keyid)
    if key is None:
        raise EvidenceError(f"key {keyid[:12]!r} is not in the trust root")
    if key.role != role:
        raise EvidenceError(f"key {keyid[:12]} is trusted as {key.role}, not as {role}")
    return key


def _statement(_: Question, seen: _Seen) -> str:
    seen.claims = claims.read(seen.envelope.payload)
    told = seen.claims.predicate
    absent = [stage["id"] for stage in told["stages"] if stage["status"] == "absent"]
    words = f"; absent: {', '.join(absent)}" if absent else ""
    return f"{told['result']}, level {told['level']}, {len(seen.claims.subjects)} files{words}"


def _key_time(question: Question, seen: _Seen) -> str:
    key = _key(seen, seen.envelope.keyid, STATEMENT)
    return _in_time(key, seen.claims.issued, question.at)


def _in_time(key: TrustedKey, issued: datetime, at: datetime) -> str:
    # A key past its time vouches for nothing, not even for the past: a thief could date back.
    if not key.not_before <= issued + SKEW or at > key.not_after:
        window = f"{key.not_before:%Y-%m-%d} to {key.not_after:%Y-%m-%d}"
        raise EvidenceError(f"key {key.keyid[:12]} is good from {window} only")
    return f"key {key.keyid[:12]} is good until {key.not_after:%Y-%m-%d}"


def _unsigned(question: Question, seen: _Seen) -> str:
    statement = parse(seen.envelope.payload, "statement", claims.MAX_STATEMENT)
    badge.same(seen.badge, badge.envelope_of(seen.badge), statement)
    extra = set(folder.listing(question.badge)) - badge.NAMES
    if extra:
        raise EvidenceError(f"{min(extra)!r} is no part of a badge")
    told = seen.claims.predicate
    picture = folder.small(question.badge / badge.PICTURE, badge.MAX_PICTURE, badge.PICTURE)
    if sha256_of(picture) != told["presentation"]["svg"]:
        raise EvidenceError(f"{badge.PICTURE}: not the picture that was signed")
    evidence = folder.one(question.badge / badge.EVIDENCE)
    if evidence.size > badge.MAX_EVIDENCE:
        raise EvidenceError(f"{badge.EVIDENCE}: {evidence.size} bytes")
    if f"sha256:{folder.digest(evidence)}" != told["evidence"]["digest"]:
        raise EvidenceError(f"{badge.EVIDENCE}: not the account that was signed")
    body = folder.small(question.badge / badge.STATEMENT, badge.MAX_BADGE, badge.STATEMENT)
    envelope = parse(body, badge.STATEMENT, badge.MAX_BADGE)
    if canonical(envelope) != canonical(badge.envelope_of(seen.badge)):
        raise EvidenceError(f"{badge.STATEMENT}: not the envelope of {badge.BADGE}")
    return "badge.json, picture and evidence are those of the signed statement"


def _names(question: Question, seen: _Seen) -> dict[str, Lying]:
    told, subjects = seen.claims.predicate, seen.claims.subjects
    there = folder.listing(question.model)
    if told["model"]["single"] and not subjects.keys() & there.keys():
        # a name decides how a file is read, so it is a part of what was signed
        named = f"the statement is about another name: {next(iter(subjects), '')!r}"
        raise EvidenceError(f"{named}, not {question.model.name!r}")
    missing, extra = subjects.keys() - there.keys(), there.keys() - subjects.keys()
    for kind, names in (("missing", missing), ("not in the statement", extra)):
        if names:
            shown = ", ".join(repr(name) for name in sorted(names)[:_SHOWN])
            raise EvidenceError(f"{len(names)} {kind}: {shown}")
    return there


def _files(question: Question, seen: _Seen) -> str:
    there = _names(question, seen)
    told = seen.claims.predicate
    carded, size = told["presentation"]["card"], sum(file.size for file in there.values())
    if size > told["coverage"]["bytes"] + card.MAX_CARD:  # before hours of hashing
        raise EvidenceError(f"{size} bytes, where {told['coverage']['bytes']} were signed")
    question.watcher.planned(len(there), size)
    for name, wanted in seen.claims.subjects.items():
        seen.digests[name] = _heard(question.watcher, there[name])
        plain = seen.digests[name]
        if carded and name == carded["path"]:
            plain = _plain(there[name], seen.digests[name], carded["block"])
        if plain != wanted:
            raise EvidenceError(f"{name!r} has changed: {plain[:12]}..., signed {wanted[:12]}...")
    return f"{len(there)} files have the digests of the statement, and there are no others"


def _heard(watcher: Watcher, file: Lying) -> str:
    watcher.started(file.path, file.size)
    digest = folder.digest(file, lambda count: watcher.read("hash", count))
    told = Digest(f"sha256:{digest}")
    watcher.done(FileReport(file.path, told, file.size, Inspection()))
    return digest


def _plain(file: Lying, digest: str, block: str) -> str:
    body = folder.small(Path(file.at), card.MAX_CARD, card.NAME)
    if sha256_of(body) != f"sha256:{digest}":
        raise EvidenceError(f"{file.path!r} changed while it was read")
    told = card.split(body)
    if told.block and sha256_of(told.block) != block:
        raise EvidenceError(f"{file.path!r}: the marked block is not the one that was signed")
    return sha256_of(told.plain).removeprefix("sha256:")


def _root(_: Question, seen: _Seen) -> str:
    return f"the model is {seen.claims.predicate['model']['root']}"  # claims.read computed it


def _model_sig(question: Question, seen: _Seen) -> str:
    body = folder.small(question.badge / badge.SIGNATURE, model_signing.MAX_BUNDLE, "model.sig")
    known = [key for key in seen.trust.values() if key.role == MODEL_SIG]
    for key in known:
        try:
            told = model_signing.verify(body, key.public)
        except EvidenceError:
            if key is known[-1]:
                raise
            continue
        _in_time(key, seen.claims.issued, question.at)
        single = seen.claims.predicate["model"]["single"]
        model_signing.compare(told, seen.digests, single=single)
        return f"by key {key.keyid[:12]}, trusted for model.sig, over the files as they are"
    raise EvidenceError("the trust root has no key for model.sig")


def _time(question: Question, seen: _Seen) -> str:
    issued, expires = seen.claims.issued, seen.claims.expires
    if issued > question.at + SKEW:
        raise EvidenceError(f"issued in the future, at {issued:%Y-%m-%d %H:%M} UTC")
    if question.at >= expires:
        raise EvidenceError(f"expired on {expires:%Y-%m-%d %H:%M} UTC; scan the model again")
    return f"issued {issued:%Y-%m-%d}, good until {expires:%Y-%m-%d}"


def _policy(question: Question, seen: _Seen) -> str:
    told: Mapping[str, Any] = seen.claims.predicate["policy"]
    if question.policy is not None and told["digest"] != question.policy:
        raise EvidenceError(f"decided by {told['name']!r} ({told['digest'][:19]}), not as demanded")
    demanded = "as demanded" if question.policy else "none was demanded"
    return f"{told['name']!r} ({told['digest'][:19]}) said {told['decision']}; {demanded}"


def _level(question: Question, seen: _Seen) -> str:
    told = seen.claims.predicate
    if told["result"] not in (PASSED, WARNED):
        raise EvidenceError(f"the result is {told['result']}")
    if question.level != told["level"]:
        raise EvidenceError(f"level {question.level} is demanded, {told['level']} was reached")
    warned = "; warned: findings were waived or remain" if told["result"] == WARNED else ""
    return f"{told['result']} at level {told['level']}{warned}"


_STEPS: Final[tuple[tuple[str, Callable[[Question, _Seen], str]], ...]] = (
    ("trust root", _trust),
    ("signature", _signature),
    ("statement", _statement),
    ("key time", _key_time),
    ("badge", _unsigned),
    ("files", _files),
    ("root digest", _root),
    ("model.sig", _model_sig),
    ("expiry", _time),
    ("policy", _policy),
    ("level", _level),
)
