"""Measure the one pass against SHA-256 of the same bytes: `python bench/one_pass.py [MiB]`.

Figures are CPU seconds of one process, best of three; only the ratios travel between machines.
"""

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from pratique.artifacts.blob import FdBlob, blocks
from pratique.artifacts.measures import one_pass
from pratique.artifacts.reader import View
from pratique.artifacts.views import SignatureHits, TensorSpan, TensorTable
from pratique.core.limits import KiB, MiB

TENSOR = 32 * MiB
SHM = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a file in memory


def body(dtype: str, size: int, rng: np.random.Generator) -> bytes:
    """Return bytes such as a real tensor of this type holds."""
    if dtype == "random":
        return rng.bytes(size)
    if dtype == "q4_1":
        blocks_ = np.frombuffer(rng.bytes(size // 20 * 20), np.uint8).reshape(-1, 20).copy()
        scale = (rng.standard_normal((len(blocks_), 2)) * 0.01).astype("<f2")
        blocks_[:, :4] = scale.view(np.uint8).reshape(-1, 4)
        return blocks_.tobytes().ljust(size, b"\0")
    width = {"bf16": 2, "f16": 2, "f32": 4}[dtype]
    values = rng.standard_normal(size // width, dtype=np.float32) * np.float32(0.02)
    if dtype == "bf16":
        return (values.view("<u4") >> 16).astype("<u2").tobytes()
    return values.astype({"f16": "<f2", "f32": "<f4"}[dtype]).tobytes()


def table(dtype: str, size: int) -> list[TensorTable]:
    """Return tensors of 32 MiB over the whole file."""
    if dtype == "random":
        return []
    unit = 20 if dtype == "q4_1" else 4
    spans = [
        TensorSpan(f"t{at}", dtype, ((TENSOR // unit),), at, at + TENSOR // unit * unit)
        for at in range(0, size, TENSOR)
    ]
    return [TensorTable(source="bench", tensors=tuple(spans))]


def cpu(step: Callable[[], object]) -> float:
    """Return the least CPU seconds of three runs."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        step()
        best = min(best, time.process_time() - started)
    return best


def digest(blob: FdBlob) -> str:
    """Hash as the parent does: through one buffer."""
    sha = hashlib.sha256()
    for _, block in blocks(blob):
        sha.update(block)
    return sha.hexdigest()


def memory(word: str) -> int:
    """Return a line of this process's status, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(word))


def main() -> int:
    """Print one line for each kind of bytes."""
    size = int(sys.argv[1] if len(sys.argv) > 1 else 1024) * MiB
    rng = np.random.default_rng(7)
    one_pass.warm()
    for dtype in ("bf16", "f16", "f32", "q4_1", "random"):
        with tempfile.NamedTemporaryFile(dir=SHM) as f:
            for _ in range(0, size, TENSOR):
                f.write(body(dtype, TENSOR, rng))
            f.flush()
            blob, tables = FdBlob(f.fileno(), 0, size), table(dtype, size)
            os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
            views: list[View] = []

            def once(blob: FdBlob = blob, tables: list[TensorTable] = tables) -> None:
                views[:] = one_pass.measure(blob, tables, lambda _: None)  # noqa: B023 - used at once

            Path("/proc/self/clear_refs").write_text("5")  # forget the peak of making the bytes
            before = memory("VmRSS")
            ours = cpu(once)
            grown = memory("VmHWM") - before
            sha = cpu(partial(digest, blob))
            hits = sum(len(v.hits) for v in views if isinstance(v, SignatureHits))
            print(
                f"{dtype:7} pass {ours:6.2f} s  sha256 {sha:6.2f} s  ratio {ours / sha:.2f}"
                f"  both {1 + ours / sha:.2f}  memory +{grown / KiB:.0f} MiB  hits {hits}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
