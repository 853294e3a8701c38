"""Hand-made accounts, rules and a policy: what the reports and the command line are tested with."""

from typing import ClassVar

from pratique.core.finding import (
    Confidence,
    Digest,
    Finding,
    Rule,
    RuleId,
    Severity,
    Span,
    Stage,
)
from pratique.core.jail import JailReport
from pratique.core.receipt import Coverage, Receipt
from pratique.core.scan import FileReport, Inspection, Scan, fingerprint
from pratique.core.verdict import Decision, RuleResult, Verdict

HELD = JailReport(("landlock-4", "seccomp", "rlimits"), (("user-namespace", "forbidden"),), "1")
HOSTILE = "a\x1b[31m|`<img src=x>`\u202e[x](http://evil.example)@someone\udcff\n# h"


class _Card:
    """A rule's card and page without its check: a real one would have to be in the catalog."""

    rule: ClassVar[Rule]


class Dangerous(_Card):
    """A pickle imports a function that can run commands.

    ## What it looks for
    Imports of functions that run commands, in any of the pickle opcodes that import.

    ## Why it matters
    Loading the file calls the function: whoever made the file runs code as you, on your machine,
    with your credentials.

    The second paragraph is told by `pratique explain`.

    ## What to do
    Do not load it. Ask the publisher for safetensors, or convert the file inside the sandbox.

    ## What it cannot see
    Names that are put together while the file is loaded.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("MAL001"),
        slug="pickle-dangerous-global",
        stage=Stage.MALWARE,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=("CWE-502", "ATLAS:AML.T0011.000", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )


class Unclaimed(_Card):
    """A file has bytes that its format does not account for.

    ## What it looks for
    Bytes before, between or after what a reader claims.

    ## Why it matters
    Payloads are parked where loaders do not look.

    ## What to do
    Ask the publisher what the bytes are.

    ## What it cannot see
    Bytes that are claimed as data.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT001"),
        slug="file-unclaimed-bytes",
        stage=Stage.INTEGRITY,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=("CWE-506",),
        since="0.1",
    )


CATALOG: tuple[type[_Card], ...] = (Unclaimed, Dangerous)


def finding(make: type[_Card], at: Span, says: str, **evidence: str) -> Finding:
    """Return a finding of one of the rules above."""
    rule, pairs = make.rule, tuple(sorted(evidence.items()))
    return Finding(rule.id, rule.severity, rule.confidence, at, says, pairs)


def receipt(make: type[_Card], why: str = "", chain: tuple[str, ...] = ()) -> Receipt:
    """Return a receipt of one of the rules above: full without a reason."""
    coverage = Coverage.PARTIAL if why else Coverage.FULL
    return Receipt(make.rule.id, 1, chain, ("pickle@1",), 4096, 4096, coverage, why)


def a_file(
    path: str, findings: tuple[Finding, ...] = (), receipts: tuple[Receipt, ...] = ()
) -> FileReport:
    """Return a file's report; without receipts given, both rules ran in full."""
    receipts = receipts or (receipt(Unclaimed), receipt(Dangerous))
    return FileReport(path, Digest("sha256:" + "ab" * 32), 4096, Inspection(findings, receipts))


def a_scan(*files: FileReport, target: str = "models/evil", jail: JailReport = HELD) -> Scan:
    """Return the account of these files."""
    began, ended = "2026-11-23T12:00:00+00:00", "2026-11-23T12:00:01.500000+00:00"
    return Scan(target, files, Inspection(), jail, began, ended, "pratique 0.1")


def evil() -> Scan:
    """Return a scan with findings of both rules, some many times, and a gap."""
    at = Span(("archive/data.pkl",), 0x2F1, 0x300)
    calls = finding(Dangerous, at, "imports 'os.system' when loaded", callee="os.system", args="id")
    gaps = tuple(
        finding(Unclaimed, Span(start=n * 16, end=n * 16 + 8), f"{n} bytes after what is claimed")
        for n in range(1, 13)
    )
    tensor = finding(Unclaimed, Span(start=8, end=9, tensor="model.layers.0"), "a tensor overlaps")
    hidden = receipt(Unclaimed, "nested deeper than 8 members", ("a.zip", "b.zip"))
    return a_scan(
        a_file("pytorch_model.bin", (calls, *gaps)),
        a_file("sub/weights.safetensors", (tensor,), (receipt(Unclaimed), hidden)),
        a_file("config.json"),
    )


def clean() -> Scan:
    """Return a scan that found nothing, in full."""
    return a_scan(a_file("model.safetensors"), target="models/good")


def decided(scan: Scan, *, known: frozenset[str] = frozenset(), **_: object) -> Decision:
    """Return a decision as a small policy would make it."""
    worst = max(
        (f.severity for p, f in scan.findings() if fingerprint(p, f) not in known), default=None
    )
    results = (
        RuleResult(
            "nothing-critical",
            worst != Severity.CRITICAL,
            "a critical finding remains; do not load this model",
            Verdict.REJECT,
        ),
        RuleResult(
            "nothing-at-threshold",
            worst is None or worst < Severity.MEDIUM,
            "findings at or above the threshold remain; a person has to look at them",
            Verdict.REVIEW,
        ),
        RuleResult(
            "full-coverage",
            scan.complete,
            "a rule did not see all of what it was to judge",
            Verdict.INCOMPLETE,
        ),
    )
    broken = {r.otherwise for r in results if not r.held}
    verdict = next((v for v in Verdict if v in broken), Verdict.ADMIT)
    digest = "sha256:" + "cd" * 32
    return Decision(verdict, "default", digest, digest, results, Severity.MEDIUM)
