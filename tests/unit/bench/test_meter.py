"""What the meter says is what a command and its descendants cost."""

import json
import subprocess
import sys
from pathlib import Path

from bench.meter import Cost

ROOT = Path(__file__).parents[3]

BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
ORPHAN = f"import os\nif os.fork() == 0:\n  if os.fork() == 0:\n    exec({BURN!r})\n  os._exit(0)\n"
HOLD = "b = bytearray(64 << 20)\nb[::4096] = b'x' * len(b[::4096])\nimport time; time.sleep(0.5)\n"


def cost(code: str) -> Cost:
    """Measure from a process of its own: the meter reaps whatever children it has."""
    words = [sys.executable, "-m", "bench.meter", sys.executable, "-S", "-c", code]
    told = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=60)
    return Cost(**json.loads(told.stdout))


def test_cpu_of_an_orphaned_grandchild_is_counted() -> None:
    assert cost(ORPHAN).cpu >= 0.3


def test_memory_is_the_sum_over_processes_with_shared_pages_counted_once() -> None:
    forked = "b = bytearray(64 << 20)\nimport os, time\nos.fork()\ntime.sleep(0.5)\n"
    assert 64 << 20 < cost(HOLD).peak < 100 << 20
    assert 64 << 20 < cost(forked).peak < 100 << 20


def test_the_exit_code_and_the_last_words_are_kept() -> None:
    told = cost("print('x' * 100_000); print('end'); raise SystemExit(3)")
    assert told.code == 3
    assert told.out.endswith("end\n")
