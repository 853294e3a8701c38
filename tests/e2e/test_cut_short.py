"""A scan that is interrupted or killed leaves no process, no half report and a store that works."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import bad_input as bad
from harness.command import pratique, start
from pratique.core.limits import GiB

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are jailed on Linux")


def below(pid: int) -> Iterator[int]:
    """Yield every process below one."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from below(int(child))


def gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def until(what: str, seconds: float, check: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Return a folder whose scan takes long: one large file and a line of others behind it."""
    folder = tmp_path / "model"
    folder.mkdir()
    size = 64 * GiB
    for name in ("a", "b", "c", "d"):
        with (folder / f"{name}.safetensors").open("wb") as file:
            file.write(bad.safetensors_of_zeros(size))
            file.truncate(file.tell() + size)
    return folder


@pytest.mark.parametrize(
    ("number", "code", "seconds"),
    [(signal.SIGINT, 130, 15), (signal.SIGTERM, 143, 15), (signal.SIGKILL, -9, 15)],
)
def test_what_a_signal_leaves(
    number: signal.Signals, code: int, seconds: float, slow: Path, tmp_path: Path
) -> None:
    cache, out = tmp_path / "cache", tmp_path / "out"
    out.mkdir()
    report = str(out / "report.json")
    with start("scan", str(slow), "--cache", str(cache), "-f", "json", "-o", report) as process:
        until("workers at work", 60, lambda: len(list(below(process.pid))) >= 3)
        time.sleep(0.3)
        mine = list(below(process.pid))
        process.send_signal(number)
        _, err = process.communicate(timeout=seconds)
    assert process.returncode == code
    assert "Traceback" not in err
    if number == signal.SIGINT:
        assert err == "pratique: interrupted; nothing was written\n"
    until("every worker's end", 10, lambda: all(gone(pid) for pid in mine))
    assert list(out.iterdir()) == []
    good = tmp_path / bad.GOOD_NAME
    good.write_bytes(bad.good())
    again = pratique("scan", str(good), "--cache", str(cache), "-f", "json", "-o", report)
    assert (again.returncode, again.stderr) == (0, "")
    assert [p.name for p in out.iterdir()] == ["report.json"]
