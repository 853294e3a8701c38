"""Long sleeps end at once, and the wall clock can show another date."""

import contextlib
import ctypes
import datetime as dt
import os
import select
import sys
import time
from collections import Counter

import pytest

from harness.recorded import Recorded, raw, record
from pratique.core.errors import JailError
from pratique.core.trace import Outcome
from pratique.sandbox.guest import record_clock
from pratique.sandbox.record.recorder import RecorderSettings
from pratique.sandbox.syscalls import AARCH64, this_machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="recording needs Linux")

DAY = 24 * 3600


def test_a_long_sleep_is_over_at_once_however_it_is_asked_for() -> None:
    hour = (3600).to_bytes(8, "little") + bytes(8)

    def payload() -> None:
        time.sleep(3600)
        assert raw("nanosleep", hour, None) == 0
        select.select([], [], [], 3600)
        assert raw("ppoll", None, 0, hour, None, 0) == 0
        select.poll().poll(3_600_000)
        until = time.clock_gettime(time.CLOCK_REALTIME) + 3600
        assert raw("clock_nanosleep", 0, 1, int(until).to_bytes(8, "little") + bytes(8), None) == 0

    seen = record(payload)
    assert seen.status == 0, seen.shown()
    assert seen.seconds < 5
    assert {e.outcome for e in seen.of("sleep")} == {Outcome.FAKED}
    assert sum(e.count for e in seen.of("sleep")) == 6
    assert all(3598 < float(e.word("seconds")) <= 3600 for e in seen.of("sleep"))


def test_sleeps_past_the_budget_are_slept() -> None:
    def payload() -> None:
        for _ in range(3):
            time.sleep(1.1)

    seen = record(payload, RecorderSettings(sleeps=2))
    assert seen.seconds > 1.0
    counts = Counter[Outcome]()  # a slow machine asks for 1.099 s the second time: another event
    for event in seen.of("sleep"):
        counts[event.outcome] += event.count
    assert counts == {Outcome.FAKED: 2, Outcome.LET: 1}


def test_a_short_sleep_and_a_wait_for_descriptors_are_let() -> None:
    def payload() -> None:
        one, two = os.pipe()
        time.sleep(0.2)
        select.select([one], [], [], 0.2)
        os.close(two)

    seen = record(payload)
    assert seen.seconds >= 0.4
    assert [(e.word("seconds"), e.outcome) for e in seen.of("sleep")] == [("0.2", Outcome.LET)]


# --- another date ------------------------------------------------------------------------------

SHIFTS = (DAY, 90 * DAY, 730 * DAY, -DAY)


def _shifts_here() -> None:
    if this_machine().name != "x86_64":
        pytest.skip("another date is offered on x86-64 only")


def _say(text: str) -> None:
    """Tell a test something by a path that does not exist."""
    with contextlib.suppress(OSError):
        os.open(f"/told/{text}", os.O_RDONLY)


def _told(seen: Recorded) -> list[str]:
    return [e.word("path")[6:] for e in seen.of("open") if e.word("path").startswith("/told/")]


@pytest.mark.parametrize("seconds", SHIFTS)
def test_every_wall_clock_of_the_process_shows_another_date(seconds: int) -> None:
    _shifts_here()

    def payload() -> None:
        libc = ctypes.CDLL(None)
        libc.time.restype = ctypes.c_long
        now, pair = ctypes.c_long(0), (ctypes.c_long * 2)()
        _say(f"time/{libc.time(ctypes.byref(now))}/{now.value}")
        libc.gettimeofday(pair, None)
        _say(f"gettimeofday/{pair[0]}")
        for clock in (time.CLOCK_REALTIME, 5, time.CLOCK_TAI):
            _say(f"clock_gettime{clock}/{int(time.clock_gettime(clock))}")
        _say(f"datetime/{int(dt.datetime.now(dt.UTC).timestamp())}")
        if os.fork() == 0:
            _say(f"child/{int(time.time())}")
            os._exit(0)
        os.wait()

    began = time.time()
    seen = record(payload, clock_s=seconds)
    assert seen.status == 0, seen.shown()
    numbers = [int(word) for path in _told(seen) for word in path.split("/")[1:]]
    assert len(numbers) == 8
    assert all(-2 < found - began - seconds < 62 for found in numbers), numbers


def test_steady_clocks_and_errors_stay_as_they_are() -> None:
    _shifts_here()

    def payload() -> None:
        _say(f"{int(time.monotonic())}/{int(time.clock_gettime(time.CLOCK_BOOTTIME))}")
        with contextlib.suppress(OSError):
            time.clock_gettime(999)
            _say("no error")

    began = int(time.monotonic())
    (said,) = _told(record(payload, clock_s=90 * DAY))
    assert all(0 <= int(word) - began < 1_000_000 for word in said.split("/"))
    assert int(said.split("/")[0]) - began < 60


def test_the_wall_clock_moves_on_with_a_faked_sleep() -> None:
    _shifts_here()

    def payload() -> None:
        before = time.time()
        time.sleep(7200)
        _say(f"{int(time.time() - before)}")
        if os.fork() == 0:
            time.sleep(3600)
            _say(f"{int(time.time() - before)}")
            os._exit(0)
        os.wait()

    seen = record(payload, clock_s=DAY)
    assert seen.seconds < 5
    assert _told(seen) == ["7200", "10800"]


def test_a_sleep_until_a_date_is_measured_by_the_shifted_clock() -> None:
    _shifts_here()

    def payload() -> None:
        until = int(time.time()) + 3600
        assert raw("clock_nanosleep", 0, 1, until.to_bytes(8, "little") + bytes(8), None) == 0

    seen = record(payload, clock_s=90 * DAY)
    assert 3590 < float(seen.of("sleep")[0].word("seconds")) <= 3601


def test_a_machine_that_does_not_offer_another_date_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record_clock, "this_machine", lambda: AARCH64)
    with pytest.raises(JailError, match="x86-64 only"):
        record_clock.shift_clock(DAY)
