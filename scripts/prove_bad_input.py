"""Scan each bad input by itself, at full size, and write how it ended: time, memory, words.

    python scripts/prove_bad_input.py [--entries 10000000] [-o docs/proofs/bad-input.md]

What tests take in thousands is taken in millions here. As root, it also proves what only another
user can meet: a folder without permission, a full disk, a store that may not be written to.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from harness import bad_input as bad  # noqa: E402 - the path is set above
from harness.command import command, environment  # noqa: E402

GIB = 1 << 30
TICK_S = 0.02
MOST_WORDS = 110


@dataclass(frozen=True, slots=True)
class Ended:
    """How one scan ended; memory is of the command's own process and of all below it."""

    code: int
    seconds: float
    own_mib: int
    all_mib: int
    out: str
    err: str

    def report(self) -> dict[str, Any]:
        """Return the first target of the JSON report, or nothing."""
        try:
            told: dict[str, Any] = json.loads(self.out)["targets"][0]
        except ValueError:
            return {}
        return told


def main() -> int:
    """Run every case and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs/proofs/bad-input.md")
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--levels", type=int, default=100)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--only", default="", help="run only the cases whose name holds this")
    asked = parser.parse_args()
    lines, bad_ends = [], 0
    with tempfile.TemporaryDirectory() as where:
        for name, args in cases(Path(where), asked):
            if asked.only not in name:
                continue
            ended = run(*args)
            fine = ended.code in {0, 1, 3} and "Traceback" not in ended.err
            fine &= "crashed: " not in ended.out
            bad_ends += not fine
            lines.append(row(name, ended, fine=fine))
            print(lines[-1], flush=True)
    if not asked.only:
        asked.output.write_text(page(lines, asked))
    return 1 if bad_ends else 0


def cases(where: Path, asked: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    """Make one bad input after the other and yield how it is scanned; each is then removed."""
    plain = ["-f", "json", "--no-cache"]
    bodies = bad.deep(asked.levels) | bad.circular() | bad.foreign_text() | {"empty": b""}
    bodies |= dict(bad.truncated())
    for name, body in bodies.items():
        path = where / name
        path.write_bytes(body)
        yield name, [str(path), *plain]
        path.unlink()
    for name, maker in bad.MANY.items():
        path = where / name
        with path.open("wb") as file:
            file.writelines(maker(asked.entries))
        yield f"{name}, {asked.entries:,} entries", [str(path), *plain]
        path.unlink()
    yield from folders(where, asked)


def folders(where: Path, asked: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    """Yield the cases that need a folder."""
    plain = ["-f", "json", "--no-cache"]
    odd = where / "odd"
    odd.mkdir()
    bad.odd_entries(odd, 1 << 40)
    bad.odd_names(odd)
    yield "FIFO, socket, device, links, 1 TiB sparse, odd names", [str(odd), *plain]
    sparse = where / "sparse.safetensors"
    with sparse.open("wb") as file:
        file.write(bad.safetensors_of_zeros(8 * GIB))
        file.truncate(file.tell() + 8 * GIB)
    yield "8 GiB sparse safetensors", [str(sparse), *plain]
    sparse.unlink()
    many = where / "many"
    many.mkdir()
    for i in range(asked.files):
        (many / f"{i:06}.txt").write_text(f"file number {i}\n")
    kept = where / "kept"
    args = [str(many), "-f", "json", "--cache", str(kept)]
    yield f"{asked.files:,} small files", args
    yield f"{asked.files:,} small files, the second time", args
    shutil.rmtree(many)
    facts = where / "facts"
    facts.mkdir()
    for i in range(100):
        body = json.dumps([[i, j, "text"] for j in range(200_000)])
        (facts / f"{i}.json").write_text(body)
    yield "100 JSON documents of 4 MB", [str(facts), *plain]


def run(*args: str) -> Ended:
    """Scan, and measure."""
    begun = time.monotonic()
    process = subprocess.Popen(
        command("scan", *args),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peaks = [0, 0]
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(process.pid, peaks, over))
    watch.start()
    out, err = process.communicate()
    over.set()
    watch.join()
    seconds = time.monotonic() - begun
    return Ended(process.returncode, seconds, peaks[0], peaks[1], out, err)


def _watch(pid: int, peaks: list[int], over: threading.Event) -> None:
    while not over.wait(TICK_S):
        own = _private(pid)
        peaks[0] = max(peaks[0], own)
        peaks[1] = max(peaks[1], own + sum(_private(p) for p in _below(pid)))


def _below(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _below(int(child))


def _private(pid: int) -> int:
    """Return the MiB that a process shares with nobody."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(x.split()[1]) for x in lines if x.startswith("Private_")) // 1024
    return 0


def row(name: str, ended: Ended, *, fine: bool) -> str:
    """Return one line of the table."""
    told = ended.report()
    gaps = told.get("not_examined", [])
    says = gaps[0]["why"] if gaps else ended.err.strip() or "-"
    verdict = told.get("verdict", "no report")
    cells = (
        *(name, str(ended.code) if fine else f"**{ended.code}**", verdict),
        *(f"{ended.seconds:.1f}", str(ended.own_mib), str(ended.all_mib)),
        *(str(len(told.get("findings", []))), says[:MOST_WORDS].replace("|", "/")),
    )
    return f"| {' | '.join(cells)} |"


def page(lines: list[str], asked: argparse.Namespace) -> str:
    """Return the proof as markdown."""
    told = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    commit = subprocess.run(told, cwd=ROOT, check=False, capture_output=True, text=True)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return "\n".join(
        [
            "# How a scan of bad input ends",
            "",
            f"Written by `scripts/prove_bad_input.py --entries {asked.entries}` on {today} at",
            f"commit {commit.stdout.strip()}, on {os.cpu_count()} shared cores. Do not edit.",
            "",
            "Each line is one `pratique scan`. Seconds are of the wall, start of Python included;",
            "memory is private MiB, of the command's own process and of it with all its workers.",
            "The words are the first reason in the report why something was not covered in full.",
            "",
            "| input | exit | verdict | s | MiB own | MiB all | findings | not covered because |",
            "|---|---|---|---|---|---|---|---|",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
