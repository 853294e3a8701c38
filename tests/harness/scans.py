"""Scans made by hand, for policy and attestation."""

from collections.abc import Mapping

from pratique.core.canonical import sha256_of
from pratique.core.finding import Confidence, Finding, RuleId, Severity, Span
from pratique.core.jail import JailReport
from pratique.core.receipt import Coverage, Receipt
from pratique.core.scan import FileReport, Inspection, Scan

SOUND = JailReport(("landlock", "seccomp", "rlimits"), (("userns", "forbidden here"),), "jail")
BODIES = {"model.safetensors": b"weights" * 10, "config.json": b"{}", "sub/tokens.txt": b"a b\n"}


def finding(
    severity: Severity = Severity.HIGH, rule: str = "MAL001", says: str = "imports 'os.system'"
) -> Finding:
    return Finding(RuleId(rule), severity, Confidence.HIGH, Span(), says)


def receipt(
    coverage: Coverage = Coverage.FULL, rule: str = "INT001", reader: str = "safetensors@1"
) -> Receipt:
    why = "" if coverage is Coverage.FULL else "a limit was hit"
    return Receipt(RuleId(rule), 1, (), (reader,), 10, 10, coverage, why)


def inspection(*items: Finding | Receipt) -> Inspection:
    found = tuple(x for x in items if isinstance(x, Finding))
    told = tuple(x for x in items if isinstance(x, Receipt))
    return Inspection(found, told or (receipt(),))


def scan_of(
    bodies: Mapping[str, bytes] = BODIES,
    *items: Finding | Receipt,
    jail: JailReport = SOUND,
    intended: tuple[tuple[str, str], ...] = (),
) -> Scan:
    """Return a scan of `bodies`; `items` were said of the first of them."""
    files = [
        FileReport(path, sha256_of(body), len(body), inspection(*(items if n == 0 else ())))
        for n, (path, body) in enumerate(sorted(bodies.items()))
    ]
    return Scan(
        target="model",
        files=tuple(files),
        repository=Inspection(),
        jail=jail,
        started="2026-11-23T10:00:00Z",
        finished="2026-11-23T10:00:01Z",
        engine="pratique 0.1",
        intended=intended,
    )
