"""A detonation as JSON and back: bounded on the way out, believed in nothing on the way in.

A trace is made of what hostile code did, in words that it chose. `dump` cuts what is too long or
too much and says so (`Run.cut`); `load` checks every field for type and size again, since it runs
in a worker that knows nothing of who wrote the bytes.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from pratique.core.errors import MalformedError
from pratique.core.limits import MiB
from pratique.core.trace import Condition, Decoy, Detonation, Ending, Event, Outcome, Run

SHAPE: Final = "pratique-trace/1"
MAX_BYTES: Final = 128 * MiB
MAX_RUNS: Final = 2_000
MAX_EVENTS: Final = 100_000
"""Of all runs together; a run that comes later has as many as are left."""
MAX_WORDS: Final = 24
MAX_STACK: Final = 32
MAX_PAIRS: Final = 1_000
MAX_DECOYS: Final = 256
MAX_TEXT: Final = 500
MAX_INT: Final = 1 << 62
MAX_SECONDS: Final = 1e9

_EVENT_BYTES: Final = 24 * MiB
"""What all events may take, so that the whole stays below `MAX_BYTES`."""

T = TypeVar("T")


def dump(detonation: Detonation) -> bytes:
    """Return a detonation as JSON of at most `MAX_BYTES`; what is past a bound makes a run cut."""
    return json.dumps(value(detonation), separators=(",", ":")).encode()


def value(detonation: Detonation) -> dict[str, Any]:
    """Return a detonation as JSON values, within all bounds."""
    room = _Room()
    runs = [_from_run(run, room) for run in detonation.runs[:MAX_RUNS]]
    unloaded = _kept(detonation.unloaded, "more files", len(detonation.unloaded))
    if lost := len(detonation.runs) - len(runs):
        unloaded.append(["", f"{lost} more runs than a trace can hold"])
    return {
        "shape": SHAPE,
        "tier": _cut(detonation.tier),
        "recorder": _cut(detonation.recorder),
        "size": _sure(detonation.size),
        "covered": _sure(detonation.covered),
        "runs": runs,
        "decoys": [
            [_cut(d.kind), _cut(d.name), _cut(d.value)] for d in detonation.decoys[:MAX_DECOYS]
        ],
        "unloaded": unloaded,
        "untried": _kept(detonation.untried, "more conditions", len(detonation.untried)),
        "held": [_cut(name) for name in detonation.held[:MAX_DECOYS]],
        "missing": [[_cut(name), _cut(why)] for name, why in detonation.missing[:MAX_DECOYS]],
    }


class _Room:
    """How many events, and bytes of them, may still be told."""

    def __init__(self) -> None:
        self.events, self.bytes = MAX_EVENTS, _EVENT_BYTES

    def takes(self, told: list[Any]) -> bool:
        size = len(json.dumps(told))
        fits = self.events > 0 and self.bytes >= size
        if fits:
            self.events, self.bytes = self.events - 1, self.bytes - size
        return fits


def _from_run(run: Run, room: _Room) -> dict[str, Any]:
    events = []
    for event in run.events:
        told = _from_event(event)
        if not room.takes(told):
            run = replace(run, cut=True)
            break
        events.append(told)
    at = run.condition
    return {
        "loader": _cut(run.loader),
        "version": _cut(run.version),
        "target": _cut(run.target),
        "condition": {
            "name": _cut(at.name),
            "clock_s": at.clock_s,
            "user": _cut(at.user),
            "host": _cut(at.host),
            "locale": _cut(at.locale),
            "inputs": _sure(at.inputs),
        },
        "ending": run.ending.value,
        "says": _cut(run.says),
        "seconds": run.seconds if 0 <= run.seconds <= MAX_SECONDS else 0.0,
        "inferred": run.inferred,
        "cut": run.cut,
        "normal": _sure(run.normal),
        "baseline": _cut(run.baseline),
        "events": events,
    }


def _from_event(event: Event) -> list[Any]:
    return [
        _sure(event.at_ms),
        _cut(event.call),
        _sure(event.process),
        _cut(event.phase),
        [[_cut(word), _cut(text)] for word, text in event.detail[:MAX_WORDS]],
        event.outcome.value,
        [_cut(line) for line in event.stack[:MAX_STACK]],
        _cut(event.source),
        _sure(event.count),
    ]


def _kept(pairs: tuple[tuple[str, str], ...], more: str, count: int) -> list[list[str]]:
    told = [[_cut(name), _cut(why)] for name, why in pairs[: MAX_PAIRS - 2]]
    if count > len(told):
        told.append(["", f"{count - len(told)} {more}"])
    return told


def _cut(text: str) -> str:
    """Return what may be told of a text: what UTF-8 cannot carry becomes an escape."""
    told = text[:MAX_TEXT]
    return told.encode("utf-8", "backslashreplace").decode()[:MAX_TEXT]


def _sure(count: int) -> int:
    return min(max(0, count), MAX_INT)


def load(body: bytes) -> Detonation:
    """Return the detonation that JSON bytes stand for.

    Raises:
        MalformedError: they are too many, no JSON, or of another shape; a field is out of bounds.

    """
    if len(body) > MAX_BYTES:
        raise MalformedError(f"a trace of {len(body)} bytes; {MAX_BYTES} is the most")
    try:
        told = json.loads(body, parse_constant=_refuse)
        return _detonation(told)
    except (KeyError, TypeError, ValueError, RecursionError) as e:
        raise MalformedError(f"not a trace: {e!r}"[:MAX_TEXT]) from e


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _detonation(told: Any) -> Detonation:  # noqa: ANN401 - any JSON, and each field is checked
    if told["shape"] != SHAPE:
        raise ValueError("another shape")
    runs = _each(told["runs"], MAX_RUNS, _run)
    if sum(len(run.events) for run in runs) > MAX_EVENTS:
        raise ValueError("more events than a trace can hold")
    return Detonation(
        tier=_text(told["tier"]),
        recorder=_text(told["recorder"]),
        size=_count(told["size"]),
        covered=_count(told["covered"]),
        runs=runs,
        decoys=_each(told["decoys"], MAX_DECOYS, _decoy),
        unloaded=_each(told["unloaded"], MAX_PAIRS, _pair),
        untried=_each(told["untried"], MAX_PAIRS, _pair),
        held=_each(told["held"], MAX_DECOYS, _text),
        missing=_each(told["missing"], MAX_DECOYS, _pair),
    )


def _run(told: Any) -> Run:  # noqa: ANN401 - as above
    at = told["condition"]
    return Run(
        loader=_text(told["loader"]),
        version=_text(told["version"]),
        target=_text(told["target"]),
        condition=Condition(
            name=_text(at["name"]),
            clock_s=_whole(at["clock_s"]),
            user=_text(at["user"]),
            host=_text(at["host"]),
            locale=_text(at["locale"]),
            inputs=_count(at["inputs"]),
        ),
        ending=Ending(_text(told["ending"])),
        says=_text(told["says"]),
        seconds=_seconds(told["seconds"]),
        inferred=_truth(told["inferred"]),
        events=_each(told["events"], MAX_EVENTS, _event),
        cut=_truth(told["cut"]),
        normal=_count(told["normal"]),
        baseline=_text(told["baseline"]),
    )


def _event(told: Any) -> Event:  # noqa: ANN401 - as above
    at_ms, call, process, phase, detail, outcome, stack, source, count = told
    return Event(
        at_ms=_count(at_ms),
        call=_text(call),
        process=_count(process),
        phase=_text(phase),
        detail=_each(detail, MAX_WORDS, _pair),
        outcome=Outcome(_text(outcome)),
        stack=_each(stack, MAX_STACK, _text),
        source=_text(source),
        count=_count(count),
    )


def _decoy(told: Any) -> Decoy:  # noqa: ANN401 - as above
    kind, name, text = told
    return Decoy(_text(kind), _text(name), _text(text))


def _pair(told: Any) -> tuple[str, str]:  # noqa: ANN401 - as above
    first, second = told
    return _text(first), _text(second)


def _each(told: Any, most: int, make: Callable[[Any], T]) -> tuple[T, ...]:  # noqa: ANN401
    if not isinstance(told, list) or len(told) > most:
        raise ValueError(f"not a list of at most {most}")
    return tuple(make(item) for item in told)


def _text(told: object) -> str:
    if not isinstance(told, str) or len(told) > MAX_TEXT:
        raise ValueError(f"not a text of at most {MAX_TEXT} characters")
    return told


def _count(told: object) -> int:
    if type(told) is not int or not 0 <= told <= MAX_INT:
        raise ValueError("not a count")
    return told


def _whole(told: object) -> int:
    if type(told) is not int or abs(told) > MAX_INT:
        raise ValueError("not a whole number")
    return told


def _seconds(told: object) -> float:
    if isinstance(told, bool) or not isinstance(told, (int, float)):
        raise TypeError("not seconds")
    if not 0 <= told <= MAX_SECONDS:
        raise ValueError("not seconds")
    return float(told)


def _truth(told: object) -> bool:
    if not isinstance(told, bool):
        raise TypeError("not a truth")
    return told
