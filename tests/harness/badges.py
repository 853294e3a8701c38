"""Models, keys and badges on disk, made for attestation's tests."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.scans import BODIES, scan_of
from pratique.attest import dsse, keys
from pratique.attest.keys import MODEL_SIG, STATEMENT, KeySigner
from pratique.attest.making import Made, Signers, make
from pratique.attest.statement import Told, headline
from pratique.attest.verify import NotVerifiedError, Question, Verification, verify
from pratique.core.finding import Confidence, Rule, RuleId, Severity, Stage
from pratique.core.scan import Scan
from pratique.policy import pack
from pratique.policy.decide import decide
from pratique.policy.pack import Pack

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = {
    RuleId(name): Rule(
        id=RuleId(name),
        slug=name.lower(),
        stage=stage,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-502",),
        since="0.1",
    )
    for name, stage in (
        ("MAL001", Stage.MALWARE),
        ("INT001", Stage.INTEGRITY),
        ("TEN001", Stage.TENSORS),
    )
}
CARD = b"---\nlicense: mit\n---\n# A model\n"
CARDED = {**BODIES, "README.md": CARD}


def write(folder: Path, bodies: Mapping[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, body in bodies.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return folder


def hexes(bodies: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(body).hexdigest() for name, body in bodies.items()}


def told_of(
    scan: Scan, *, packed: str | Pack = "default", single: bool = False, days: int = 30
) -> Told:
    chosen = pack.load(packed) if isinstance(packed, str) else packed
    decision = decide(scan, chosen, now=NOW)
    return Told(
        name="model",
        single=single,
        version="0.1",
        scan=scan,
        decision=decision,
        rules=RULES,
        headline=headline(scan, decision, NOW, days),
    )


@dataclass(slots=True)
class Case:
    """A model with its badge and the keys that made it."""

    home: Path
    model: Path = field(init=False)
    badge: Path = field(init=False)
    keys: Path = field(init=False)
    signers: Signers = field(init=False)

    def __post_init__(self) -> None:
        self.model, self.badge = self.home / "model", self.home / "model.pratique"
        self.keys = self.home / "keys"
        keys.init(self.keys, now=NOW - timedelta(days=1))
        one, two = (keys.signer(self.keys, role) for role in (STATEMENT, MODEL_SIG))
        self.signers = Signers(one, two)

    @property
    def trust(self) -> Path:
        return self.keys / "trust.json"

    def made(self, scan: Scan | None = None, *, readme: bytes | None = None, **how: Any) -> Made:  # noqa: ANN401 - passed on
        """Write the badge of a scan, and the card if there is one."""
        made = make(told_of(scan or scan_of(), **how), self.signers, readme)
        write(self.badge, made.files)
        if made.card is not None:
            (self.model / "README.md").write_bytes(made.card)
        return made

    def forge(
        self,
        change: Callable[[dict[str, Any]], object] = lambda _: None,
        by: KeySigner | None = None,
    ) -> None:
        """Sign a changed statement and make the rest of the badge fit it."""
        from pratique.attest import badge  # noqa: PLC0415 - its name is this class's, too

        statement = json.loads((self.badge / "badge.json").read_bytes())["statement"]
        change(statement)
        envelope = dsse.seal(json.dumps(statement).encode(), by or self.signers.statement)
        self.put("badge.json", badge.badge(envelope, statement))
        self.put("scan.intoto.json", envelope)

    def put(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON
        (self.badge / name).write_text(json.dumps(value))

    def get(self, name: str) -> Any:  # noqa: ANN401 - any JSON
        return json.loads((self.badge / name).read_bytes())

    def verify(self, at: datetime = NOW, **more: Any) -> Verification:  # noqa: ANN401 - passed on
        given: dict[str, Any] = {"model": self.model, "badge": self.badge, "trust": self.trust}
        return verify(Question(**(given | {"at": at} | more)))

    def refused(self, at: datetime = NOW, **more: Any) -> str:  # noqa: ANN401 - passed on
        """Return why the badge does not hold, or an empty text where it does."""
        try:
            self.verify(at, **more)
        except NotVerifiedError as e:
            told = e
        else:
            return ""
        *before, last = told.checks
        assert all(check.held for check in before)
        assert not last.held
        return str(told)


def case(home: Path, bodies: Mapping[str, bytes] = BODIES, *, card: bool = False) -> Case:
    """Return a model on disk with a badge that holds."""
    made = Case(home)
    write(made.model, bodies)
    made.made(scan_of(bodies), readme=bodies["README.md"] if card else None)
    return made
