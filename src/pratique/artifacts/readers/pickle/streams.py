"""All streams of one subject: one after the other, with padding and raw arrays between them."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from pratique.artifacts.blob import MemoryBlob, cut
from pratique.artifacts.reader import Claim, Item, Member, Subject, TensorRole
from pratique.artifacts.readers.pickle.joblib_arrays import InlineArray, inline_array
from pratique.artifacts.readers.pickle.machine import KEEP, Machine
from pratique.artifacts.readers.pickle.nested import inside, looks_like_pickle
from pratique.artifacts.readers.pickle.opcodes import follower
from pratique.artifacts.readers.pickle.recognise import is_pickle
from pratique.artifacts.readers.pickle.record import Record
from pratique.artifacts.readers.pickle.values import Long, Value
from pratique.artifacts.readers.pickle.view import PickleNested, PickleStream, PickleStreamSpan
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.limits import KiB

MAX_STREAMS = 10_000
MAX_ARRAYS = 100_000
MAX_NESTING = 16
MAX_OPAQUE = 500
PADDING = b"\0\n\r\t "
BLANKS, MAX_BLANKS = b"\n\r\t ", 8
"""What text tools leave after a pickle of protocol 0; more of it is reported as unclaimed."""
_LOOK = 16 * KiB
MAX_FACT_NAMES = 500
MAX_FACT_NAME = 200


@dataclass(slots=True)
class Streams:
    """Follows the streams of one subject from its start; tells what it met."""

    subject: Subject
    flavour: str = "plain"
    record: Record = field(default_factory=Record)
    spans: list[PickleStreamSpan] = field(default_factory=list)
    arrays: list[InlineArray] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    failed: ArtifactError | None = None
    broke_at: int = 0
    _nesting: int = 0

    def follow(self, most: int = MAX_STREAMS) -> int:
        """Follow at most `most` streams; return where the last one ends."""
        at = end = 0
        while len(self.spans) < most and self.failed is None:
            end = self._one(at)
            at = self._next(end)
            if at < 0:
                return end
        if self.failed is None and most == MAX_STREAMS:
            self.failed = LimitExceededError(f"more than {MAX_STREAMS} pickles in a row")
        return end

    def _one(self, at: int) -> int:
        self.record.stream = len(self.spans)
        machine = self._machine(at)
        try:
            end, stopped = machine.run(), True
            self.values.append(machine.result)
        except ArtifactError as e:
            end, stopped = machine.at, False
            self.failed = e
            self.broke_at = e.at if isinstance(e, MalformedError) else end
        self.spans.append(PickleStreamSpan(at, end, machine.protocol, stopped))
        return end

    def _machine(self, at: int) -> Machine:
        machine = follower(self.subject.blob, at, self.record, self.subject.limits)
        machine.inline = self._inline
        return machine

    def _inline(self, machine: Machine) -> None:
        """Pass over an array that stands between two opcodes."""
        array = inline_array(machine)
        if array is None:
            return
        self.flavour = "joblib"
        if len(self.arrays) >= MAX_ARRAYS:
            raise LimitExceededError(f"more than {MAX_ARRAYS} arrays in one pickle")
        if array.dtype != "O":
            self.arrays.append(array)
            machine.seek(array.end)
            return
        if self._nesting >= MAX_NESTING:
            raise LimitExceededError(f"object arrays nested deeper than {MAX_NESTING}")
        self._nesting += 1
        machine.seek(self._machine(machine.offset).run())
        self._nesting -= 1

    def _next(self, end: int) -> int:
        """Return where the next stream starts, or -1."""
        blob, at = self.subject.blob, end
        while at < blob.size:
            part = blob.read(at, _LOOK)
            body = part.lstrip(PADDING)
            at += len(part) - len(body)
            if body:
                break
        head = blob.read(at, _LOOK)
        return at if head and is_pickle(head, blob.size - at, blob, at) else -1

    def items(self, end: int) -> Iterator[Item]:
        """Yield claims, arrays, nested pickles, the view and a fact."""
        for span in self.spans:
            yield Claim(span.start, span.end, "pickle stream")
        rest = self.subject.blob.read(end, MAX_BLANKS + 1)
        if rest and len(rest) <= MAX_BLANKS and not rest.strip(BLANKS) and self.failed is None:
            yield Claim(end, end + len(rest), "line end after the pickle")
        for number, array in enumerate(self.arrays):
            blob = cut(self.subject.blob, array.start, array.end)
            role = TensorRole(f"array {number}", array.word, array.shape)
            yield Member(f"array@{array.start:#x}", blob, role, opaque=True)
        found: list[PickleNested] = []
        yield from self._constants(found)
        record = self.record
        yield PickleStream(
            covered=end if self.failed else self.subject.size,
            partial=record.dropped,
            streams=tuple(self.spans),
            imports=record.told_imports(),
            calls=tuple(record.calls.values()),
            oddities=tuple(record.oddities.values()),
            persistent=tuple(record.persistent.values()),
            nested=tuple(found),
            broke=str(self.failed) if self.failed else "",
            broke_at=self.broke_at,
            flavour=self.flavour,
            own=frozenset({i.module for i in record.imports.values()} & self.subject.own),
        )
        yield self._fact()

    def _fact(self) -> Fact:
        """Return what rules over the whole repository are told: imports, and what is filled.

        `fills` are the things, other than containers that the stream itself makes, that it puts
        keys and values into.
        """
        record = self.record
        names = list(dict.fromkeys(str(i)[:MAX_FACT_NAME] for i in record.imports.values()))
        calls = [c for c in record.calls.values() if c.kind == "SETITEMS"]
        calls = [c for c in calls if "__setitem__" in c.args or "dict" in c.args]
        fills = [c.callee for c in calls]
        fills += [o.says for o in record.oddities.values() if o.kind == "items-of-import"]
        shown: list[Json] = [*names[:MAX_FACT_NAMES]]
        filled: list[Json] = [
            text[:MAX_FACT_NAME] for text in dict.fromkeys(fills[:MAX_FACT_NAMES])
        ]
        data: Json = {
            "flavour": self.flavour,
            "imports": shown,
            "fills": filled,
            "cut": len(names) > len(shown) or bool(record.dropped),
        }
        return Fact("pickle", self.subject.chain, data)

    def _constants(self, found: list[PickleNested]) -> Iterator[Member]:
        opaque = 0
        for constant in self.record.constants:
            nested = inside(self.subject.blob, constant)
            if nested is not None:
                name = f"{nested.how}@{constant.start:#x}"
                inner = _imports_of(nested.body, self.subject)
                found.append(PickleNested(name, constant.start, nested.how, inner))
                yield Member(name, MemoryBlob(nested.body), opaque=True)
            elif _worth_a_look(constant):
                opaque += 1
                if opaque > MAX_OPAQUE:
                    says = f"more than {MAX_OPAQUE} long byte strings; the rest was not looked into"
                    self.record.dropped = says
                    return
                blob = cut(self.subject.blob, constant.start, constant.end)
                yield Member(f"bytes@{constant.start:#x}", blob, opaque=True)


def _worth_a_look(constant: Long) -> bool:
    return constant.what == "bytes" and constant.end - constant.start > KEEP


def _imports_of(body: bytes, subject: Subject) -> tuple[str, ...]:
    """Return the first imports of a nested pickle, for the outer one's own account."""
    record = Record()
    start = len(body) - len(body.lstrip(PADDING))
    if looks_like_pickle(body):
        with suppress(ArtifactError):  # the member's own view says how it broke
            follower(MemoryBlob(body), start, record, subject.limits).run()
    return tuple(f"{i.module}.{i.name}" for i in list(record.imports.values())[:20])
