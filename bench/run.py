"""Speed and memory, as ratios to others measured in the same run: `make bench`.

Runs are interleaved and the best times of each are taken: a noisy machine disturbs all alike.
Only ratios and memory gate; absolute times are reported. `--write` writes docs/benchmarks.md.
"""

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import inputs
from bench.advisories import advisories
from bench.formats import formats
from bench.meter import Cost, measure
from bench.rows import Row
from bench.sandbox import sandboxes
from evals.peers import DRIVER, PEERS, quiet_environment
from evals.revision import commit

ROOT = Path(__file__).parent.parent
PRATIQUE = str(Path(sys.executable).parent / "pratique")
MB = 1_000_000
# Python's own, and on purpose: some distributions' sha256sum is several times slower.
SHA256 = (
    "import hashlib, sys\nh, b = hashlib.sha256(), memoryview(bytearray(1 << 20))\n"
    "f = open(sys.argv[1], 'rb', buffering=0)\n"
    "while n := f.readinto(b): h.update(b[:n])\nprint(h.hexdigest())"
)
Words = Mapping[str, Sequence[str]]


class Bench:
    """Runs commands side by side and keeps what each cost."""

    def __init__(self, home: Path, rounds: int) -> None:
        self._home, self._rounds = home, rounds
        self.rows: list[Row] = []
        self.raw: list[str] = []

    def hurried(self, rounds: int) -> "Bench":
        """Return a bench of at most `rounds` turns that adds to the same page."""
        other = Bench(self._home, min(rounds, self._rounds))
        other.rows, other.raw = self.rows, self.raw
        return other

    def race(self, title: str, many: Words, *, quick: bool = False) -> dict[str, Cost]:
        """Run every command `rounds` times, in turns; return each one's best times, worst peak."""
        best: dict[str, Cost] = {}
        environment = quiet_environment(self._home)
        for _ in range(self._rounds):
            for name, words in many.items():
                cost = measure(words, environment, quick=quick)
                if cost.code not in {0, 1, 3}:
                    print(f"{name}: exit {cost.code}: {cost.out[-300:]}", file=sys.stderr)
                best[name] = best[name].fold(cost) if name in best else cost
        for name, cost in best.items():
            self.raw.append(
                f"| {title} | {name} | {cost.wall:.2f} | {cost.cpu:.2f} |"
                f" {cost.peak / MB:.0f} | {cost.code} |"
            )
            print(self.raw[-1], flush=True)
        return best

    def add(self, row: Row) -> None:
        """Keep and print a row."""
        self.rows.append(row)
        print(row.shown(), flush=True)


def peer(name: str, path: Path) -> list[str]:
    """Return a peer's whole command."""
    program = str(next(p for p in PEERS if p.name == name).python.parent / name)
    return {
        "modelaudit": [program, "scan", "--format", "json", str(path)],
        "picklescan": [program, "--path", str(path)],
        "fickling": [program, "--check-safety", "--json-output", os.devnull, str(path)],
    }[name]


def ours(path: Path) -> list[str]:
    """Return our whole command."""
    return [PRATIQUE, "scan", str(path), "--format", "json", "--jobs", "2", "--no-cache"]


def big_weights(bench: Bench, folder: Path, gigabytes: float) -> None:
    """Measure a bf16 safetensors file against SHA-256 of the same bytes, and modelaudit."""
    path = folder / "model.safetensors"
    size = inputs.weights(path, int(gigabytes * 1e9))
    subprocess.run([sys.executable, "-c", SHA256, str(path)], check=True, capture_output=True)
    title = f"bf16 safetensors, {size / 1e9:.2f} GB"
    many = {"pratique": ours(path), "sha256": [sys.executable, "-c", SHA256, str(path)]}
    if has("modelaudit"):
        many["modelaudit"] = peer("modelaudit", path)
    best = bench.race(title, many)
    path.unlink()
    us, sha = best["pratique"], best["sha256"]
    bench.add(Row("weights: CPU / SHA-256's CPU", us.cpu / sha.cpu, "x", most=3))
    bench.add(Row("weights: wall / SHA-256's wall", us.wall / sha.wall, "x", most=1.6))
    bench.add(Row("weights: peak memory, sum of all processes", us.peak / MB, "MB", most=300))
    if "modelaudit" in best:
        ratio = best["modelaudit"].cpu / us.cpu
        bench.add(Row("weights: modelaudit's CPU / ours", ratio, "x", least=3))


RIVALS = {"fickling": 20.0, "picklescan": 4.0}


def opcode_pickle(bench: Bench, folder: Path, megabytes: float) -> None:
    """Measure a pickle that is all opcodes against fickling and picklescan."""
    path = folder / "table.pkl"
    size = inputs.table(path, int(megabytes * MB))
    rivals = [name for name in RIVALS if has(name)]
    many = {"pratique": ours(path)} | {name: peer(name, path) for name in rivals}
    best = bench.race(f"opcode-heavy pickle, {size / MB:.1f} MB", many)
    us, inner = best["pratique"], library(bench, path, rivals)
    for name in rivals:
        ratio = best[name].wall / us.wall
        bench.add(Row(f"pickle: {name}'s wall / ours, commands", ratio, "x", least=RIVALS[name]))
        ratio = inner[name] / inner["pratique"]
        bench.add(Row(f"pickle: {name}'s time / ours, libraries", ratio, "x"))
    bench.add(Row("pickle: peak memory less the file", (us.peak - size) / MB, "MB", most=100))
    dense = folder / "records.pkl"
    inputs.records(dense, int(megabytes * MB / 4))
    inner = library(bench, dense, rivals)
    for name in rivals:
        ratio = inner[name] / inner["pratique"]
        bench.add(Row(f"dense pickle: {name}'s time / ours, libraries", ratio, "x"))


def large_pickle(bench: Bench, folder: Path) -> None:
    """Measure a pickle of 222 MB against picklescan: a scan must stay small where a file is not."""
    path = folder / "large.pkl"
    size = inputs.table(path, 208 * MB)
    many = {"pratique": ours(path)}
    if has("picklescan"):
        many["picklescan"] = peer("picklescan", path)
    best = bench.race(f"large pickle, {size / MB:.0f} MB", many)
    path.unlink()
    us = best["pratique"]
    if "picklescan" in best:
        ratio = best["picklescan"].wall / us.wall
        bench.add(Row("large pickle: picklescan's wall / ours", ratio, "x", least=4))
    bench.add(Row("large pickle: peak memory", us.peak / MB, "MB", most=300))


def library(bench: Bench, path: Path, names: Sequence[str]) -> dict[str, float]:
    """Return the seconds inside each library, without start-up and workers."""
    best: dict[str, float] = {}
    for _ in range(bench._rounds):  # noqa: SLF001 - the same number of turns
        for name in ["pratique", *names]:
            if name == "pratique":
                words, said = [sys.executable, "-m", "bench.inside", str(path)], None
            else:
                python = next(p for p in PEERS if p.name == name).python
                words, said = [str(python), str(DRIVER), name, "600"], f"{path}\n"
            told = subprocess.run(
                words, input=said, capture_output=True, text=True, check=True, cwd=ROOT
            )
            seconds = float(json.loads(told.stdout)["seconds"])
            best[name] = min(seconds, best.get(name, seconds))
    for name, seconds in best.items():
        print(f"library only: {name} {seconds:.3f} s", flush=True)
        bench.raw.append(f"| library only, {path.name} | {name} | {seconds:.2f} | | | |")
    return best


def start_up(bench: Bench, folder: Path) -> None:
    """Report how long the smallest things take."""
    path = folder / "small.safetensors"
    inputs.weights(path, 1)
    small = folder / "one.npy"
    small.write_bytes(
        b"\x93NUMPY\x01\x00v\x00" + HEADER.ljust(117).encode() + b"\n" + os.urandom(MB // 4 * 4)
    )
    path.unlink()
    many = {"--version": [PRATIQUE, "--version"], "scan of 1 MB": ours(small)}
    best = bench.race("start-up", many, quick=True)
    bench.add(Row("`pratique --version` (target 150 ms)", best["--version"].wall * 1000, "ms"))
    bench.add(Row("scan of a 1 MB file (target 700 ms)", best["scan of 1 MB"].wall * 1000, "ms"))


def small_files(bench: Bench, folder: Path, count: int) -> None:
    """Measure a folder of small files against modelaudit; the large folder is ours alone."""
    some, many = folder / "some", folder / "many"
    inputs.small(some, count // 10)
    race = {"pratique": ours(some)}
    if has("modelaudit"):
        race["modelaudit"] = peer("modelaudit", some)
    best = bench.race(f"{count // 10} small files", race)
    if "modelaudit" in best:
        ratio = best["modelaudit"].wall / best["pratique"].wall
        bench.add(Row("small files: modelaudit's wall / ours", ratio, "x", least=1))
    inputs.small(many, count)
    wall = bench.race(f"{count} small files", {"pratique": ours(many)})["pratique"].wall
    bench.add(Row("small files (target 200/s)", count / wall, "files/s"))


HEADER = "{'descr': '<u4', 'fortran_order': False, 'shape': (250000,), }"


def has(name: str) -> bool:
    """Tell whether a peer is installed."""
    return next(p for p in PEERS if p.name == name).python.is_file()


def page(bench: Bench) -> str:
    """Return docs/benchmarks.md."""
    today = dt.datetime.now(tz=dt.UTC).date()
    peers = ", ".join(f"{p.name} {p.version}" for p in PEERS if has(p.name))
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    lines = [
        (Path(__file__).parent / "benchmarks.intro.md").read_text(),
        f"Made by `make bench ARGS=--write` at commit {commit()} on {today}: {machine}.",
        f"Peers: {peers}.",
        "\n| what | measured | bound | |\n|---|--:|--:|---|",
        *(row.shown() for row in bench.rows),
        "\n| run | command | wall s | CPU s | peak MB | exit |\n|---|---|--:|--:|--:|--:|",
        *bench.raw,
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the benchmark; return 1 when a bound is broken."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument(
        "--only",
        default="",
        help="start, files, pickle, large, weights, formats, sandbox or advisories",
    )
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    for one in PEERS:
        if one.name in {"modelaudit", "picklescan", "fickling"}:
            one.install()
    with tempfile.TemporaryDirectory(
        prefix="pratique-bench-", dir=os.environ.get("BENCH_TMP")
    ) as name:
        folder = Path(name)
        bench = Bench(folder, told.rounds)
        hurried = bench.hurried(2)  # a peer takes a minute for each turn
        steps: dict[str, Callable[[], None]] = {
            "start": lambda: start_up(bench, folder),
            "files": lambda: small_files(
                hurried, folder, int(os.environ.get("BENCH_FILES", "10000"))
            ),
            "pickle": lambda: opcode_pickle(
                hurried, folder, float(os.environ.get("BENCH_MB", "24"))
            ),
            "large": lambda: large_pickle(bench.hurried(1), folder),
            "weights": lambda: big_weights(bench, folder, float(os.environ.get("BENCH_GB", "4"))),
            "formats": lambda: formats(bench.add, bench.raw),
            "sandbox": lambda: sandboxes(bench.add),
            "advisories": lambda: advisories(bench.add),
        }
        for step, run in steps.items():
            if step.startswith(told.only):
                run()
    text = page(bench)
    print("\n" + text)
    if told.write:
        (ROOT / "docs" / "benchmarks.md").write_text(text)
    return 0 if all(row.kept for row in bench.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
