"""Inspect one file, in the worker: every reader that knows it, every rule that reads a view."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pratique.artifacts.measures.one_pass import measure
from pratique.artifacts.reader import Claim, Kind, Member, Reader, Subject, View
from pratique.artifacts.views import (
    Layout,
    ReaderNote,
    SignatureHits,
    TensorTable,
    WeightStatistics,
)
from pratique.core.errors import ArtifactError, BugError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.finding import Finding, RuleId
from pratique.core.receipt import Coverage, Receipt
from pratique.detectors.base import Detector
from pratique.engine.layout import layout_of

Account = Finding | Receipt | Fact

FINDINGS_PER_RULE = 100
MAX_NAME = 300
VIEWS = "views"
"""The fact that ends a file's account: every view type seen in it, and whether facts were cut.

From it the parent plans which rules apply to the file, also rules that came later.
"""
MEASURED = (SignatureHits, WeightStatistics)


@dataclass(slots=True)
class _Outcome:
    """How a guarded step ended: `why` is empty when it ran to its end."""

    why: str = ""
    at: int = 0
    crashed: bool = False
    over_limit: bool = False


@dataclass(slots=True)
class _Seen:
    """What has been learnt of one subject so far."""

    views: list[tuple[str, View]] = field(default_factory=list)
    notes: list[ReaderNote] = field(default_factory=list)
    missing: dict[type[View], str] = field(default_factory=dict)


class Inspector:
    """Carries a subject and its members through readers, the one pass, and rules."""

    def __init__(
        self,
        readers: Sequence[Reader],
        detectors: Sequence[type[Detector[Any]]],
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._readers = readers
        self._detectors = tuple(make() for make in detectors)
        self._reads = {d.reads for d in self._detectors}
        self._progress = progress
        self._found = 0
        self._fact_bytes = 0
        self._view_names: set[str] = set()

    def inspect(self, subject: Subject) -> Iterator[Account]:
        """Yield findings, facts, and one receipt for each rule that applies, members included."""
        seen = _Seen()
        for reader in self._readers:
            if reader.recognises(subject):
                yield from self._read(reader, subject, seen)
        layout = layout_of(subject, seen.notes)
        seen.views.append(("engine", layout))
        yield from self._measure(subject, seen)
        yield from self._facts(subject, seen)
        yield from self._judge(subject, seen)
        self._note_views(seen)
        if not subject.chain:
            cut = self._fact_bytes > subject.limits.facts_bytes
            data: dict[str, Json] = {"views": sorted(self._view_names), "cut": cut}
            yield Fact(VIEWS, (), data)

    def judge(self, chain: tuple[str, ...], size: int, view: View) -> Iterator[Account]:
        """Run every rule that reads `view` over it alone: how repository rules are run."""
        seen = _Seen(views=[("engine", view)])
        yield from self._rules(chain, size, seen)

    def _read(self, reader: Reader, subject: Subject, seen: _Seen) -> Iterator[Account]:
        claims: list[Claim] = []
        outcome = _Outcome()
        yielded: set[type[View]] = set()
        for item in _guarded(partial(reader.read, subject), outcome):
            match item:
                case Claim():
                    claims.append(item)
                case View():
                    seen.views.append((reader.name, item))
                    yielded.add(type(item))
                case Member():
                    yield from self._member(subject, item)
                case Fact():
                    yield from self._fact(subject, item)
                case _:
                    raise BugError(f"the {reader.name} reader yielded {type(item).__name__}")
        if outcome.why:
            for kind in reader.views:
                seen.missing.setdefault(kind, f"{reader.name}: {outcome.why}")
        seen.notes.append(
            ReaderNote(
                reader=reader.name,
                kind=reader.kind.value,
                claims=tuple(claims),
                broke=outcome.why,
                broke_at=outcome.at,
                over_limit=outcome.over_limit,
            )
        )

    def _member(self, parent: Subject, member: Member) -> Iterator[Account]:
        name = member.name[:MAX_NAME].encode("utf-8", "backslashreplace").decode()
        chain = (*parent.chain, name)
        why = "" if len(chain) <= parent.limits.depth else f"nested deeper than {len(chain) - 1}"
        if not why:
            try:
                parent.budget.take_member()
            except LimitExceededError as e:
                why = str(e)
        if why:
            yield from self._unread(chain[: parent.limits.depth + 1], member.blob.size, why)
            return
        yield from self.inspect(
            Subject(chain, member.blob, parent.budget, parent.scratch, member.role, member.opaque)
        )

    def _unread(self, chain: tuple[str, ...], size: int, why: str) -> Iterator[Receipt]:
        """Leave a receipt of every layout rule for a member that was not opened."""
        for detector in self._detectors:
            if detector.reads is Layout:
                rule = detector.rule
                yield Receipt(rule.id, rule.version, chain, (), size, 0, Coverage.NONE, why)

    def _measure(self, subject: Subject, seen: _Seen) -> Iterator[Account]:
        archive = any(n.kind == Kind.ARCHIVE and n.claims for n in seen.notes)
        wanted = self._reads.intersection(MEASURED)
        if archive or subject.opaque or not subject.size or not wanted:
            return
        tables = [v for _, v in seen.views if isinstance(v, TensorTable)]
        outcome = _Outcome()
        for view in _guarded(partial(measure, subject.blob, tables, self._progress), outcome):
            seen.views.append(("one-pass", view))
        if outcome.why:
            for kind in MEASURED:
                seen.missing.setdefault(kind, f"one-pass: {outcome.why}")
        yield from ()

    def _note_views(self, seen: _Seen) -> None:
        for kind in {type(view) for _, view in seen.views} | set(seen.missing):
            self._view_names |= {k.__name__ for k in kind.__mro__ if issubclass(k, View)}

    def _facts(self, subject: Subject, seen: _Seen) -> Iterator[Account]:
        if subject.opaque:
            return
        readers = [n.reader for n in seen.notes if n.claims]
        broke = {n.reader: n.broke[:200] for n in seen.notes if n.broke}
        views = sorted(
            {type(v).__name__ for _, v in seen.views} | {k.__name__ for k in seen.missing}
        )
        data: dict[str, Json] = {
            "readers": readers,
            "broke": broke,
            "views": views,
            "size": subject.size,
        }
        yield from self._fact(subject, Fact("format", subject.chain, data))

    def _fact(self, subject: Subject, fact: Fact) -> Iterator[Fact]:
        size = len(json.dumps(fact.data))
        self._fact_bytes += size
        if self._fact_bytes <= subject.limits.facts_bytes:
            yield replace(fact, chain=subject.chain)

    def _judge(self, subject: Subject, seen: _Seen) -> Iterator[Account]:
        yield from self._rules(subject.chain, subject.size, seen, subject.limits.findings)

    def _rules(
        self, chain: tuple[str, ...], size: int, seen: _Seen, most: int = 1 << 20
    ) -> Iterator[Account]:
        for detector in self._detectors:
            views = [(name, v) for name, v in seen.views if isinstance(v, detector.reads)]
            lost = [why for kind, why in seen.missing.items() if issubclass(kind, detector.reads)]
            if views or lost:
                yield from self._rule(detector, (chain, size, most), views, lost)

    def _rule(
        self,
        detector: Detector[Any],
        place: tuple[tuple[str, ...], int, int],
        views: Sequence[tuple[str, View]],
        lost: Sequence[str],
    ) -> Iterator[Account]:
        chain, size, most = place
        why, covered = list(lost), 0
        crashed = False
        for _, view in views:
            outcome = _Outcome()
            found = _guarded(partial(detector.inspect, view), outcome)
            for count, finding in enumerate(found, 1):
                self._found += 1
                if count > FINDINGS_PER_RULE or self._found > most:
                    outcome.why = f"more than {count - 1} findings; the rest is not listed"
                    break
                yield replace(finding, at=replace(finding.at, chain=chain + finding.at.chain))
            crashed |= outcome.crashed
            covered += 0 if outcome.crashed else view.covered
            why += [text for text in (view.partial, outcome.why) if text]
        coverage = Coverage.FULL
        if why:
            coverage = Coverage.NONE if crashed or not covered else Coverage.PARTIAL
        yield Receipt(
            RuleId(detector.rule.id),
            detector.rule.version,
            chain,
            tuple(sorted({name for name, _ in views})),
            size,
            min(covered, size),
            coverage,
            "; ".join(dict.fromkeys(why))[:1000],
        )


def _guarded(step: Callable[[], Iterator[Any]], outcome: _Outcome) -> Iterator[Any]:
    """Yield what a reader, a measure or a rule yields; turn how it ended into `outcome`.

    The one place on the scan path where a broken reader or rule may not stop the run.
    """
    try:
        yield from step()
    except LimitExceededError as e:
        outcome.why, outcome.over_limit = str(e), True
    except MalformedError as e:
        outcome.why, outcome.at = str(e), e.at
    except ArtifactError as e:
        outcome.why = str(e)
    except Exception as e:  # noqa: BLE001 - becomes a receipt that is not full
        outcome.why, outcome.crashed = f"crashed: {type(e).__name__}: {e}"[:300], True
