"""Inspect one file, in the worker: every reader that knows it, every rule that reads a view."""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate, islice
from typing import Any

from pratique.artifacts.blob import cut
from pratique.artifacts.inventory import collect
from pratique.artifacts.inventory.names import LISTED, sort_of
from pratique.artifacts.laid import LAID, Laid, told
from pratique.artifacts.measures.one_pass import measure
from pratique.artifacts.measures.user_rules import UserRules
from pratique.artifacts.reader import PACKED, Claim, Kind, Member, Reader, Subject, View
from pratique.artifacts.views import (
    ByteText,
    Layout,
    ReaderNote,
    Repository,
    SignatureHits,
    TensorTable,
    TensorText,
    TextView,
    WeightStatistics,
)
from pratique.core.errors import ArtifactError, BugError, LimitExceededError, MalformedError
from pratique.core.fact import VIEWS, Fact, Json, weigh
from pratique.core.finding import Finding, RuleId, Severity
from pratique.core.inventory_json import value
from pratique.core.receipt import Coverage, Receipt
from pratique.detectors.base import Detector
from pratique.engine.bounds import (
    FACT_BYTES,
    FACT_DEPTH,
    FACT_VALUES,
    FINDINGS_JUDGED,
    FINDINGS_PER_RULE,
    INVENTORY,
    REPOSITORY_FINDINGS,
)
from pratique.engine.layout import layout_of
from pratique.engine.revision import ENGINE

Account = Finding | Receipt | Fact

ENGINE_NAME, PASS_NAME = f"engine@{ENGINE}", f"one-pass@{ENGINE}"
MAX_NAME = 300
MARK_AT = 16
"""How far into a run of bytes its mark stands."""
LAID_MEMBERS = 1_000
"""Members whose tensors an index has told and that have not come yet."""
MEASURED = (SignatureHits, WeightStatistics, TensorText, ByteText)


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
    crashed: list[str] = field(default_factory=list)

    def lose(self, reader: Reader, outcome: _Outcome) -> None:
        """Note that a reader did not come to its end."""
        why = f"{reader.name}: {outcome.why}"
        if outcome.crashed:
            self.crashed.append(why)
        for kind in reader.views:
            self.missing.setdefault(kind, why)


class Inspector:
    """Carries a subject and its members through readers, the one pass, and rules."""

    def __init__(
        self,
        readers: Sequence[Reader],
        detectors: Sequence[type[Detector[Any]]],
        progress: Callable[[int], None] = lambda _: None,
        by_user: UserRules | None = None,
    ) -> None:
        self._by_user = by_user
        self._readers = readers
        self._detectors = tuple(make() for make in detectors)
        self._reads = {d.reads for d in self._detectors}
        self._progress = progress
        self._found = 0
        self._listed: dict[RuleId, tuple[int, int]] = {}
        self._fact_bytes = self._fact_values = 0
        self._view_names: set[str] = set()
        self._by_kinds: dict[frozenset[type[View]], Sequence[Detector[Any]]] = {}
        self._laid: dict[tuple[str, ...], tuple[Laid, ...]] = {}

    def inspect(self, subject: Subject) -> Iterator[Account]:
        """Yield findings, facts, and one receipt for each rule that applies, members included."""
        seen = _Seen()
        for reader in self._readers:
            if reader.recognises(subject):
                yield from self._read(reader, subject, seen)
        layout = layout_of(subject, seen.notes)
        if seen.crashed:  # other readers may claim every byte: that is no excuse for this one
            why = "; ".join([*seen.crashed, *filter(None, [layout.partial])])
            layout = replace(layout, partial=why)
        seen.views.append((ENGINE_NAME, layout))
        self._measure(subject, layout, seen)
        if self._by_user is not None:
            seen.views.append((self._by_user.name, self._by_user.search(subject.blob)))
        yield from self._facts(subject, seen)
        yield from self._judge(subject, seen)
        self._note_views(seen)
        if not subject.chain:
            cut = self._fact_bytes > subject.limits.facts_bytes
            data: dict[str, Json] = {"views": sorted(self._view_names), "cut": cut}
            yield Fact(VIEWS, (), data)

    def judge(
        self, chain: tuple[str, ...], size: int, view: View, made_by: tuple[str, ...] = ()
    ) -> Iterator[Account]:
        """Run every rule that reads `view` over it alone: how rules over the whole are run.

        `made_by` are further `name@version` that had a part in the view.
        """
        seen = _Seen(views=[(ENGINE_NAME, view)])
        for item in self._rules(chain, size, seen):
            if isinstance(item, Receipt):
                item = replace(item, readers=(*item.readers, *made_by))  # noqa: PLW2901 - named
            yield item

    def _read(self, reader: Reader, subject: Subject, seen: _Seen) -> Iterator[Account]:
        claims: list[Claim] = []
        outcome = _Outcome()
        yielded: set[type[View]] = set()
        for item in _guarded(partial(reader.read, subject), outcome):
            match item:
                case Claim():
                    claims.append(item)
                case View():
                    seen.views.append((f"{reader.name}@{reader.version}", item))
                    yielded.add(type(item))
                case Member():
                    yield from self._member(subject, item)
                case Fact():
                    yield from self._fact(subject, item)
                case _:
                    raise BugError(f"the {reader.name} reader yielded {type(item).__name__}")
        if outcome.why:
            seen.lose(reader, outcome)
        seen.notes.append(
            ReaderNote(
                reader=reader.name,
                kind=reader.kind.value,
                claims=tuple(claims),
                broke=outcome.why,
                broke_at=outcome.at,
                over_limit=outcome.over_limit,
                carries=reader.carries_archive,
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
        if member.blob.size and sort_of(name):
            yield from self._fact(parent, Fact(LISTED, chain, member.blob.size), chain)
        laid = self._laid.pop(chain, ())
        told = (member.role, member.opaque, member.own, laid, member.context)
        yield from self.inspect(Subject(chain, member.blob, parent.budget, parent.scratch, *told))

    def _unread(self, chain: tuple[str, ...], size: int, why: str) -> Iterator[Receipt]:
        """Leave a receipt of every layout rule for a member that was not opened."""
        for detector in self._detectors:
            if detector.reads is Layout:
                rule = detector.rule
                yield Receipt(rule.id, rule.version, chain, (), size, 0, Coverage.NONE, why)

    def _measure(self, subject: Subject, layout: Layout, seen: _Seen) -> None:
        """Pass once over a subject's bytes; of a mere archive only over what it does not claim."""
        if subject.opaque or not subject.size or not self._reads.intersection(MEASURED):
            return
        outcome = _Outcome()
        if {n.kind for n in seen.notes if n.claims} == {Kind.ARCHIVE.value}:
            views = _guarded(partial(self._gaps, subject, layout), outcome)
        else:
            tables = [v for _, v in seen.views if isinstance(v, TensorTable)]
            views = _guarded(partial(measure, subject.blob, tables, self._progress), outcome)
        carried, packed = list(_carried(seen.notes)), _packed(seen.notes)
        texts = [v for _, v in seen.views if isinstance(v, TextView)]
        views = (_untold(_outside(view, carried, packed), texts) for view in views)
        seen.views += [(PASS_NAME, view) for view in views]
        if outcome.why:
            for kind in MEASURED:
                seen.missing.setdefault(kind, f"one-pass: {outcome.why}")

    def _gaps(self, subject: Subject, layout: Layout) -> Iterator[View]:
        for start, end, kind in layout.gaps:
            if kind == "bytes":
                for view in measure(cut(subject.blob, start, end), (), self._progress):
                    if isinstance(view, SignatureHits):
                        hits = tuple(replace(hit, at=start + hit.at) for hit in view.hits)
                        yield replace(view, hits=hits)

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

    def _fact(
        self, subject: Subject, fact: Fact, chain: tuple[str, ...] | None = None
    ) -> Iterator[Fact]:
        """Pass a fact on unless it is too large or too deep: then facts count as cut."""
        limits = subject.limits
        count = weigh(fact.data, FACT_DEPTH, FACT_VALUES)
        self._fact_values += count
        body = "" if count > FACT_VALUES else json.dumps(fact.data)
        fits = count <= FACT_VALUES and len(body) <= FACT_BYTES
        fits = fits and self._fact_values <= limits.facts_values
        self._fact_bytes += len(body) if fits else limits.facts_bytes + 1
        if self._fact_bytes <= subject.limits.facts_bytes:
            data = fact.data
            if fact.kind == LAID and subject.chain:
                self._note_laid(subject.chain, data)
            if "NaN" in body or "Infinity" in body:  # no JSON: they cross the wire as words
                data = json.loads(body, parse_constant=str)
            yield replace(fact, chain=subject.chain if chain is None else chain, data=data)

    def _note_laid(self, chain: tuple[str, ...], data: Json) -> None:
        """Note what an index in an archive tells of members that come after it."""
        for name, laid in told(chain[-1], data):
            if len(self._laid) < LAID_MEMBERS:
                self._laid[*chain[:-1], name[:MAX_NAME]] = laid

    def _judge(self, subject: Subject, seen: _Seen) -> Iterator[Account]:
        yield from self._rules(subject.chain, subject.size, seen, subject.limits.findings)

    def _rules(
        self, chain: tuple[str, ...], size: int, seen: _Seen, most: int = REPOSITORY_FINDINGS
    ) -> Iterator[Account]:
        kinds = {type(view) for _, view in seen.views} | seen.missing.keys()
        for detector in self._judging(frozenset(kinds)):
            views = [(name, v) for name, v in seen.views if isinstance(v, detector.reads)]
            lost = [why for kind, why in seen.missing.items() if issubclass(kind, detector.reads)]
            yield from self._rule(detector, (chain, size, most), views, lost)

    def _judging(self, kinds: frozenset[type[View]]) -> Sequence[Detector[Any]]:
        """Return the rules that read one of these kinds of views: few of hundreds, in order."""
        if kinds not in self._by_kinds:
            known = [d for d in self._detectors if any(issubclass(k, d.reads) for k in kinds)]
            self._by_kinds[kinds] = known
        return self._by_kinds[kinds]

    def _rule(
        self,
        detector: Detector[Any],
        place: tuple[tuple[str, ...], int, int],
        views: Sequence[tuple[str, View]],
        lost: Sequence[str],
    ) -> Iterator[Account]:
        chain, size, most = place
        why, covered = list(lost), 0
        crashed, more = False, 0
        for _, view in views:
            outcome = _Outcome()
            found = _guarded(partial(detector.inspect, view), outcome)
            for finding in islice(found, FINDINGS_JUDGED):
                if self._lists(finding, most):
                    yield replace(finding, at=replace(finding.at, chain=chain + finding.at.chain))
                elif finding.severity > Severity.INFO:
                    more += 1
            if next(found, None) is not None:
                outcome.why = f"more than {FINDINGS_JUDGED} findings; the rest was not looked at"
            crashed |= outcome.crashed
            covered += 0 if outcome.crashed else view.covered
            why += [text for text in (view.partial, outcome.why) if text]
        coverage = Coverage.FULL
        if more:
            why.append(f"{more} more findings, none worse, are not listed")
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

    def _lists(self, finding: Finding, most: int) -> bool:
        """Tell whether a finding is listed: while there is room, and whenever it is a worse one.

        Decoys can use the room up, but never hide what is worse than they are. What is not listed
        cannot be waived or known, so the receipt is not full then.
        """
        listed, worst = self._listed.get(finding.rule, (0, -1))
        if (listed >= FINDINGS_PER_RULE or self._found >= most) and finding.severity <= worst:
            return False
        self._found += 1
        self._listed[finding.rule] = listed + 1, max(worst, int(finding.severity))
        return True


def _carried(notes: Sequence[ReaderNote]) -> Iterator[Claim]:
    """Yield the claims of archives that a format may carry, and whose members were all read."""
    if any(note.carries and note.claims for note in notes):
        for note in notes:
            if note.kind == Kind.ARCHIVE.value and not note.broke:
                yield from note.claims


def _packed(notes: Sequence[ReaderNote]) -> frozenset[int]:
    """Return where formats say that data of their own begins, packed with a header of its own."""
    return frozenset(c.start for note in notes for c in note.claims if c.what == PACKED)


def _outside(view: View, carried: Sequence[Claim], packed: frozenset[int]) -> View:
    """Return a view without the signatures of what was opened, or is the format's own."""
    if not isinstance(view, SignatureHits) or not (carried or packed):
        return view
    hits = [h for h in view.hits if h.at not in packed]
    hits = [h for h in hits if not any(c.start <= h.at < c.end for c in carried)]
    return replace(view, hits=tuple(hits))


def _untold(view: View, texts: Sequence[TextView]) -> View:
    """Return a view without the runs of bytes that stand in a text which rules see anyway."""
    if not isinstance(view, ByteText) or not view.runs:
        return view
    shown = sorted((text.base, text.base + text.covered) for text in texts)
    furthest = list(accumulate((end for _, end in shown), max))

    def is_shown(run: tuple[int, str]) -> bool:
        at = bisect_right(shown, (run[0] + MARK_AT, 1 << 63)) - 1
        return at >= 0 and run[0] + MARK_AT < furthest[at]

    return replace(view, runs=tuple(run for run in view.runs if not is_shown(run)))


def inventory(view: Repository) -> Iterator[Fact]:
    """Yield the fact of what a package names; nothing where that cannot be told."""
    for made in _guarded(lambda: iter((collect(view),)), _Outcome()):
        yield Fact(INVENTORY, (), value(made))


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
