"""Events of one run in order, folded and bounded whatever the inmate does."""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pratique.core.limits import MiB
from pratique.core.trace import Event, Outcome

MAX_EVENTS = 20_000
MAX_TEXT = 500
MAX_BYTES = 24 * MiB
"""Of details and stacks together; an event's own objects come on top of it."""
CALL_EVENTS = 8_000
RESERVED = 200
"""Events of each call that are kept whatever the others took: a flood hides no other call."""
UNKEPT = frozenset({"import"})
"""Phases before the model, of which nothing is kept: thousands of files are opened then."""
APART = 16
"""Equal events are told apart so many times; the rest is added to the last one."""

_Key = tuple[str, int, str, tuple[tuple[str, str], ...], Outcome, tuple[str, ...], str]


@dataclass(slots=True)
class _Kept:
    """One event so far; `times` is how many events with the same words there are."""

    at_ms: int
    key: _Key
    count: int
    times: int

    def event(self) -> Event:
        call, process, phase, detail, outcome, stack, source = self.key
        return Event(self.at_ms, call, process, phase, detail, outcome, stack, source, self.count)


class Timeline:
    """Collects events from several threads; its clock starts when it is made."""

    def __init__(self, most: int = MAX_EVENTS) -> None:
        self._most, self._began, self._lock = most, time.monotonic(), threading.Lock()
        self._kept: list[_Kept] = []
        self._last: dict[_Key, _Kept] = {}
        self._calls: dict[tuple[str, str], int] = {}
        self._over: dict[tuple[str, str], _Kept] = {}
        self._bytes = 0
        self.phase = "start"

    def add(  # noqa: PLR0913 - the fields of an event
        self,
        call: str,
        process: int,
        detail: Mapping[str, object],
        outcome: Outcome = Outcome.LET,
        *,
        source: str = "kernel",
        stack: Iterable[str] = (),
    ) -> None:
        """Add one event, now, in the phase that runs. Texts are cut and made printable here."""
        if self.phase in UNKEPT:
            return
        words = tuple(sorted((word, printable(text)) for word, text in detail.items()))
        told = tuple(printable(line) for line in stack)
        key = (call, process, self.phase, words, outcome, told, source)
        with self._lock:
            self._add(key)

    def full(self, call: str, source: str = "kernel") -> bool:
        """Tell whether no new event of this call would be kept, so that none need be described."""
        if self.phase in UNKEPT:
            return True
        seen = self._calls.get((source, call), 0)
        if seen < RESERVED:
            return False
        return seen >= CALL_EVENTS or len(self._kept) >= self._most or self._bytes >= MAX_BYTES

    def skip(self, call: str, outcome: Outcome = Outcome.LET, source: str = "kernel") -> None:
        """Count an event that is not kept: one for each call tells how many there were."""
        if self.phase in UNKEPT:
            return
        with self._lock:
            self._skip(call, outcome, source)

    def result(self) -> tuple[tuple[Event, ...], bool]:
        """Return the events so far in order of time, and whether some were not kept."""
        with self._lock:
            kept = [*self._kept, *self._over.values()]
            cut = bool(self._over)
        return tuple(sorted((k.event() for k in kept), key=lambda e: e.at_ms)), cut

    def _add(self, key: _Key) -> None:
        last = self._last.get(key)
        if last is not None and (last is self._kept[-1] or last.times >= APART):
            last.count += 1
            return
        call, source = key[0], key[6]
        if self.full(call, source):
            self._skip(call, key[4], source)
            return
        kept = _Kept(self._now_ms(), key, 1, 1 if last is None else last.times + 1)
        self._kept.append(kept)
        self._last[key] = kept
        self._calls[(source, call)] = self._calls.get((source, call), 0) + 1
        self._bytes += 0 if last else sum(len(word) + len(text) for word, text in key[3])
        self._bytes += 0 if last else sum(map(len, key[5]))

    def _skip(self, call: str, outcome: Outcome, source: str) -> None:
        over = self._over.get((source, call))
        if over is None:
            words = (("more", "past the bound of the recording"),)
            key = (call, 0, self.phase, words, outcome, (), source)
            over = self._over[(source, call)] = _Kept(self._now_ms(), key, 0, 1)
        over.count += 1

    def _now_ms(self) -> int:
        return int((time.monotonic() - self._began) * 1000)


def printable(text: object) -> str:
    """Return a text cut to `MAX_TEXT` characters in which all that does not print is escaped."""
    said = str(text)[:MAX_TEXT]
    if not said.isprintable():
        escaped = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in said)
        said = "".join(escaped)[:MAX_TEXT]
    return said
