"""Sleeps and timers of a waiting process, in seconds, and which sleeps end at once.

Dormant logic waits. A long sleep is answered as if it were over, so what comes after it is seen
within the deadline. Clocks do not jump with it, except the wall clock of a process whose vDSO was
patched (`guest/record_clock.py`): its offset grows by what was not slept. Waits on locks,
conditions and descriptors with a timeout are not ended early.
"""

import struct
import time
from dataclasses import dataclass

from pratique.core.trace import Outcome
from pratique.sandbox.record.target import Target, UnreadableError

SLEEPS = ("nanosleep", "clock_nanosleep", "select", "pselect6", "poll", "ppoll")
_AT = {"nanosleep": 0, "clock_nanosleep": 2, "select": 4, "pselect6": 4, "poll": 2, "ppoll": 2}
_WALL = (0, 5, 8, 11)  # CLOCK_REALTIME, _COARSE, _ALARM, TAI
_STEADY = (1, 4, 7, 9)  # CLOCK_MONOTONIC, _COARSE, BOOTTIME, BOOTTIME_ALARM
_TIMER_ABSTIME = 1
_TIME = struct.Struct("=qq")
_TIMER = struct.Struct("=qqqq")
_OFFSET = struct.Struct("=16sq")
_KINDS = {0: "real", 1: "virtual", 2: "profile"}
_MOST_S = 10 * 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a call would sleep, and by which of the kernel's clocks."""

    seconds: float
    clock: int = 1


@dataclass(frozen=True, slots=True)
class ClockWord:
    """Where a patched wall clock keeps its offset, and the 16 bytes before it that mark it."""

    address: int
    mark: bytes


def asked(name: str, target: Target) -> Wait | None:
    """Return how long a call sleeps by the kernel's clocks; None when it waits for something else.

    Raises:
        UnreadableError: its time is not there.

    """
    at = target.args[_AT[name]]
    if name == "poll":
        wait = target.integer(2)
        return Wait(wait / 1000) if wait >= 0 else None
    if not at:
        return None
    seconds, part = _TIME.unpack(target.read(at, _TIME.size))
    length = seconds + part / (1e6 if name == "select" else 1e9)
    if name != "clock_nanosleep":
        return Wait(_sane(length))
    clock = target.integer(0)
    if target.args[1] & _TIMER_ABSTIME:
        length -= _now(clock)
    return Wait(_sane(length), clock) if clock in (*_WALL, *_STEADY) else None


def timer(name: str, target: Target) -> tuple[float, str] | None:
    """Return the seconds of a timer that is set and its kind; None when one is stopped.

    Raises:
        UnreadableError: its time is not there.

    """
    if name == "alarm":
        seconds = float(target.args[0] & 0xFFFFFFFF)
        return (seconds, "alarm") if seconds else None
    index = 1 if name == "setitimer" else 2
    _, _, whole, part = _TIMER.unpack(target.read(target.args[index], _TIMER.size))
    seconds = whole + part / (1e6 if name == "setitimer" else 1e9)
    if name == "setitimer":
        kind = _KINDS.get(target.integer(0), "")
    else:
        absolute = target.args[1] & _TIMER_ABSTIME
        kind = "absolute" if absolute else name.removesuffix("_settime")
    return (seconds, kind) if seconds else None


def _now(clock: int) -> float:
    try:
        return time.clock_gettime(clock)
    except OSError:
        return 0.0


def _sane(seconds: float) -> float:
    return min(max(seconds, 0.0), float(_MOST_S))


class Sleeper:
    """Ends long sleeps at once, up to a budget; then they are slept for real."""

    def __init__(self, budget: int, longest_s: float, shift_s: int, word: ClockWord | None) -> None:
        self._left, self._longest = budget, longest_s
        self._shift, self._word = shift_s, word
        self._advanced = 0.0

    def fake(self, name: str, target: Target) -> tuple[float, Outcome] | None:
        """Return how long a call sleeps and whether to let it; None when it is no sleep.

        Raises:
            UnreadableError: its time is not there.

        """
        wait = asked(name, target)
        if wait is None:
            return None
        seconds = wait.seconds
        if name == "clock_nanosleep" and wait.clock in _WALL and target.args[1] & _TIMER_ABSTIME:
            seconds = max(0.0, seconds - self._shift - self._advanced)
        if seconds <= self._longest or self._left <= 0:
            return seconds, Outcome.LET
        self._left -= 1
        self._advance(target, seconds)
        return seconds, Outcome.FAKED

    def _advance(self, target: Target, seconds: float) -> None:
        """Let the wall clock of a patched process show the time that it did not sleep."""
        if self._word is None:
            return
        try:
            mark, offset = _OFFSET.unpack(target.read(self._word.address, _OFFSET.size))
            if mark == self._word.mark:  # a program executed since has other memory there
                value = offset + round(min(seconds, _MOST_S))
                target.write(self._word.address + 16, struct.pack("=q", value))
                self._advanced += round(seconds)
        except (UnreadableError, struct.error, OSError):
            return
