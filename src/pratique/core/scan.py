"""The account of one artifact's inspection, and what held the workers meanwhile."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pratique.core.advisory import Matched
from pratique.core.fact import Fact
from pratique.core.finding import Digest, Finding, Severity, Stage
from pratique.core.jail import JailReport
from pratique.core.receipt import Coverage, Receipt
from pratique.core.trace import Detonation

GRAVE = Severity.HIGH
"""From here on a finding is accepted only for the very bytes it was made in."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of one file by its content: it holds for every file with this digest."""

    findings: tuple[Finding, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file of an artifact. `digest` is empty when the file could not be read at all.

    `path` is relative to the artifact, with `/`; `cached` tells that no reader opened it this time.
    """

    path: str
    digest: Digest
    size: int
    inspection: Inspection
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """The whole account of one artifact. `repository` holds what rules said over all its files.

    `behaviour` holds what they said of a detonation; without one the stage `network` is absent.
    `only` names the one stage that was asked for: then nothing was read statically. `advice` holds
    what rules said of the components that the package names, `matched` what they were shown.
    """

    target: str
    files: tuple[FileReport, ...]
    repository: Inspection
    jail: JailReport
    started: str
    finished: str
    engine: str
    intended: tuple[tuple[str, str], ...] = ()
    behaviour: Inspection = Inspection()
    detonation: Detonation | None = None
    only: Stage | None = None
    advice: Inspection = Inspection()
    matched: Matched | None = None

    def findings(self) -> Iterator[tuple[str, Finding]]:
        """Yield (path, finding), worst first; path is empty for the repository's own."""
        whole = (self.repository, self.behaviour, self.advice)
        found = [("", f) for said in whole for f in said.findings]
        found += [(file.path, f) for file in self.files for f in file.inspection.findings]
        yield from sorted(found, key=lambda x: (-x[1].severity, x[0], x[1].at.chain, x[1].at.start))

    def receipts(self) -> Iterator[tuple[str, Receipt]]:
        """Yield (path, receipt); path is empty for the repository's own."""
        for file in self.files:
            for receipt in file.inspection.receipts:
                yield file.path, receipt
        for said in (self.repository, self.behaviour, self.advice):
            for receipt in said.receipts:
                yield "", receipt

    @property
    def complete(self) -> bool:
        """Tell whether there is at least one receipt, all are full, and the jail held."""
        coverages = {r.coverage for _, r in self.receipts()}
        return coverages == {Coverage.FULL} and self.jail.sound and bool(self.files)

    def asked(self, stage: Stage) -> bool:
        """Tell whether a stage was to be carried out: `network` only where something was run."""
        if self.only is not None:
            return stage is self.only
        return stage is not Stage.NETWORK or self.detonation is not None

    @property
    def bytes(self) -> int:
        """Return the bytes of all files."""
        return sum(file.size for file in self.files)

    def root(self) -> Digest:
        """Return the digest over the sorted (path, file digest) pairs: the model's identity."""
        return root_digest((file.path, file.digest) for file in self.files)


def root_digest(files: Iterator[tuple[str, Digest]]) -> Digest:
    """Return one digest over (path, digest) pairs in path order, each a line `digest  path`.

    A backslash or a line end in a path is written as an escape, as coreutils do.
    """
    lines = "".join(f"{digest}  {_in_a_line(path)}\n" for path, digest in sorted(files))
    return Digest("sha256:" + hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest())


def _in_a_line(path: str) -> str:
    return path.replace("\\", "\\\\").replace("\n", "\\n")


def fingerprint(path: str, finding: Finding) -> str:
    """Return what baselines and waivers know a finding by: where it is and what it says.

    A grave one is also known by the digest of its file (`bound`): words are cut, and what was once
    accepted must not stand for other bytes that are described by the same words.
    """
    at = finding.at
    parts = [finding.rule, path, at.chain, at.tensor, finding.says, finding.bound]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def bound(inspection: Inspection, digest: str) -> Inspection:
    """Return an inspection whose grave findings are bound to the digest of what they are in."""
    findings = tuple(
        replace(f, bound=digest) if f.severity >= GRAVE else f for f in inspection.findings
    )
    return replace(inspection, findings=findings)
