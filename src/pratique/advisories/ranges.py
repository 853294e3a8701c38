"""Whether a version lies in a range of events, as OSV's specification evaluates it.

https://ossf.github.io/osv-schema/#evaluation: events in the order of their versions; `introduced`
begins, `fixed` ends before itself, `last_affected` ends after itself, `limit` bounds it all.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pratique.advisories.versions import key_of
from pratique.core.advisory import State

ENDS = ("introduced", "fixed", "last_affected")
_BEGINNING = "0"
_AT_ONCE = (1, 0, 2)
"""At one version a range ends before another begins: two ranges that touch leave no gap."""
_NO_LIMIT = "*"


def contains(ecosystem: str, version: str, events: Sequence[Mapping[str, str]]) -> State:
    """Return whether a version lies in one range.

    UNKNOWN stands for a version, or an event's version, that the ecosystem's rules reject.
    """
    key = key_of(ecosystem, version)
    if key is None:
        return State.UNKNOWN
    told = Range.of(ecosystem, events)
    if told is None:
        return State.UNKNOWN
    return State.AFFECTED if told.holds(key) else State.NOT_AFFECTED


class Range:
    """One range with its versions already made comparable."""

    __slots__ = ("_limits", "_steps")

    def __init__(self, steps: Sequence[tuple[Any, int]], limits: Sequence[Any]) -> None:
        self._steps, self._limits = steps, limits

    @classmethod
    def of(cls, ecosystem: str, events: Sequence[Mapping[str, str]]) -> "Range | None":
        """Return the range of some events; None where a version in them cannot be ordered."""
        steps: list[tuple[Any, int]] = []
        limits: list[Any] = []
        for event in events:
            for word, version in event.items():
                if word == "limit":
                    if version != _NO_LIMIT:
                        limits.append(key_of(ecosystem, version))
                    continue
                if word not in ENDS:
                    continue
                first = word == "introduced" and version == _BEGINNING
                key = None if first else key_of(ecosystem, version)
                if key is None and not first:
                    return None
                steps.append((key, ENDS.index(word)))
        if any(limit is None for limit in limits):
            return None
        begin = [step for step in steps if step[0] is None]
        rest = [step for step in steps if step[0] is not None]
        rest.sort(key=lambda step: (step[0], _AT_ONCE[step[1]]))
        return cls([*begin, *rest], limits)

    def holds(self, key: Any) -> bool:  # noqa: ANN401 - a key to compare by
        """Tell whether the version with this key is affected."""
        if self._limits and not any(key < limit for limit in self._limits):
            return False
        inside = False
        for at, kind in self._steps:
            if kind == 0 and (at is None or key >= at):
                inside = True
            elif (kind == 1 and key >= at) or (kind > 1 and key > at):
                inside = False
        return inside

    @property
    def bounds(self) -> list[Any]:
        """Return the keys of all events that have one."""
        return [at for at, _ in self._steps if at is not None]
