"""Seconds for each format next to the fastest peer that reads it: `--only formats`.

The files are the real ones of the evaluation (evals/MANIFEST.json). Only libraries are timed, in
turns, without start-up and workers; each file's best time counts. A peer gates where it takes the
format's bytes apart as we do (`READS`) and came to a verdict. The others, who look at names, at the
first bytes or only at pickles inside, and pass over the rest, are told in the table of runs.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.rows import Row
from evals import corpus
from evals.peers import PEERS, ask

ROOT: Final = Path(__file__).parent.parent
ROUNDS: Final = 2
PEER_SECONDS: Final = 120.0
MOST_BYTES: Final = 3_000_000
"""Of one format: what is fast on 3 MB is fast on 300, and no peer is waited for."""

LEAST_BYTES: Final = 2_000
"""A smaller format's time is that of a call, which `small files` measures."""

Times = Mapping[Path, float]

READS: Final = {
    "pickle": ("picklescan", "fickling", "hayward", "modelaudit"),
}
"""Where more than modelaudit read all of a file; everywhere else it alone does."""

ENDINGS: Final = {
    "torch archive": (".pt", ".pth", ".ckpt", ".jit"),
    "joblib": (".joblib", ".joblib.gz"),
    "pickle": (".pkl", ".pickle"),
    "npy and npz": (".npy", ".npz"),
    "HDF5": (".h5", ".hdf5"),
    "Keras archive": (".keras",),
    "TensorFlow graph": (".pb",),
    "TensorFlow Lite": (".tflite",),
    "ONNX": (".onnx",),
    "safetensors": (".safetensors",),
    "XML": (".xml", ".pmml"),
    "Arrow and Parquet": (".arrow", ".feather", ".parquet"),
    "MessagePack": (".msgpack",),
    "xgboost and lightgbm": (".ubj", ".json", ".txt", ".bst"),
}


def formats(add: Callable[[Row], None], raw: list[str]) -> None:
    """Add a row for each format, gated where a peer reads it; tell every peer's seconds."""
    groups = grouped(corpus.fetch())
    files = [path for paths in groups.values() for path in paths]
    mine: dict[Path, float] = {}
    theirs: dict[str, dict[Path, float]] = {peer.name: {} for peer in PEERS}
    for _ in range(ROUNDS):
        least(mine, ours(files))
        for peer in PEERS:
            least(theirs[peer.name], read_by(peer.name, files))
    for name, paths in groups.items():
        spent = sum(mine[path] for path in paths)
        raw.append(f"| library only, {len(paths)} x {name} | pratique | {spent:.3f} | | | |")
        raw += [told(name, paths, peer, times) for peer, times in theirs.items() if times]
        add(row(name, paths, mine, theirs))


def told(name: str, paths: Sequence[Path], peer: str, times: Times) -> str:
    """Return what a peer took for the files of a format that it gave a verdict on."""
    read = [times[path] for path in paths if path in times]
    return (
        f"| library only, {len(read)} of {len(paths)} x {name} | {peer} | {sum(read):.3f} | | | |"
    )


def row(name: str, paths: Sequence[Path], mine: Times, theirs: Mapping[str, Times]) -> Row:
    """Return how the fastest peer that read most of these files compares, or our speed alone."""
    ratios = {}
    for peer in READS.get(name, ("modelaudit",)):
        read = [path for path in paths if path in theirs[peer]]
        if 2 * len(read) >= len(paths):
            ratios[peer] = sum(theirs[peer][p] for p in read) / sum(mine[p] for p in read)
    what = f"{name}, {len(paths)} real files"
    if not ratios:
        size = sum(path.stat().st_size for path in paths)
        speed = size / sum(mine[path] for path in paths) / 1e6
        return Row(f"{what}: no peer reads them", speed, "MB/s")
    fastest = min(ratios, key=ratios.__getitem__)
    return Row(f"{what}: {fastest}'s time / ours", ratios[fastest], "x", least=1)


def grouped(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the files of each format, by the endings that their libraries give them."""
    groups: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(files, key=lambda p: p.stat().st_size):
        for name, endings in ENDINGS.items():
            size = path.stat().st_size
            room = sum(p.stat().st_size for p in groups[name]) + size <= MOST_BYTES
            if path.name.endswith(endings) and size >= LEAST_BYTES and (room or not groups[name]):
                groups[name].append(path)
                break
    return {name: paths for name, paths in groups.items() if paths}


def ours(files: Sequence[Path]) -> Times:
    """Return the seconds that readers, the one pass and rules take for each file."""
    words = [sys.executable, "-m", "bench.inside", *map(str, files)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    rows = map(json.loads, done.stdout.splitlines())
    return {path: row["seconds"] for path, row in zip(files, rows, strict=True)}


def read_by(name: str, files: Sequence[Path]) -> Times:
    """Return a peer's seconds for each file that it read."""
    peer = next(p for p in PEERS if p.name == name)
    if not peer.python.is_file():
        return {}
    with tempfile.TemporaryDirectory() as home:
        said = list(ask(peer, files, Path(home), PEER_SECONDS))
    return {v.path: max(v.seconds, 1e-4) for v in said if v.verdict != "unread"}


def least(best: dict[Path, float], times: Times) -> None:
    """Keep the better time of each file."""
    for path, seconds in times.items():
        best[path] = min(seconds, best.get(path, seconds))
