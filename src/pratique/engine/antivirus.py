"""What a rule says of an antivirus's answers, in the parent: there is nothing hostile to parse."""

from collections.abc import Sequence

from pratique.artifacts.answered import AntivirusAnswers
from pratique.core.receipt import Coverage, Receipt
from pratique.core.scan import Inspection
from pratique.detectors.malware.antivirus_signature import AntivirusSignature

SHOWN = 3


def judged(answers: Sequence[tuple[str, str, str]], version: str) -> Inspection:
    """Return the findings, and a receipt that is full only where every file was looked at."""
    unseen = [(path, says) for path, status, says in answers if status == "unseen"]
    view = AntivirusAnswers(answers=tuple(answers), covered=len(answers) - len(unseen))
    rule = AntivirusSignature()
    why = "; ".join(f"{path[:200]}: {says}" for path, says in unseen[:SHOWN])
    if len(unseen) > SHOWN:
        why += f"; and {len(unseen) - SHOWN} more files"
    coverage = Coverage.FULL
    if unseen or not answers:
        coverage = Coverage.PARTIAL if view.covered else Coverage.NONE
        why = f"the antivirus did not scan {why}" if unseen else "there was no file to scan"
    receipt = Receipt(
        rule.rule.id,
        rule.rule.version,
        (),
        (f"clamav@{version}",),
        max(1, len(answers)),
        view.covered,
        coverage,
        why[:1000],
    )
    return Inspection(tuple(rule.inspect(view)), (receipt,))
