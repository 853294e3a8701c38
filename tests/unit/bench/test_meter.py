"""What the meter says is what a command and its descendants cost."""

import sys

from bench.meter import measure

BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
ORPHAN = f"import os\nif os.fork() == 0:\n  if os.fork() == 0:\n    exec({BURN!r})\n  os._exit(0)\n"
HOLD = "b = bytearray(64 << 20)\nb[::4096] = b'x' * len(b[::4096])\nimport time; time.sleep(0.5)\n"


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def test_cpu_of_an_orphaned_grandchild_is_counted() -> None:
    assert measure(python(ORPHAN)).cpu >= 0.3


def test_memory_is_the_sum_over_processes_with_shared_pages_counted_once() -> None:
    forked = "b = bytearray(64 << 20)\nimport os, time\nos.fork()\ntime.sleep(0.5)\n"
    assert 64 << 20 < measure(python(HOLD)).peak < 100 << 20
    assert 64 << 20 < measure(python(forked)).peak < 100 << 20


def test_the_exit_code_and_the_last_words_are_kept() -> None:
    cost = measure(python("print('x' * 100_000); print('end'); raise SystemExit(3)"))
    assert cost.code == 3
    assert cost.out.endswith("end\n")
