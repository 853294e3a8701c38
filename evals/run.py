"""Detection and false alarms, next to other scanners: `make eval`, `make eval ARGS=--write`."""

import argparse
import contextlib
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from evals import corpus
from evals.cases import Case, generated, samples
from evals.peers import PEERS, Verdict, ask, quiet_environment
from evals.revision import commit

ROOT = Path(__file__).parent.parent
OURS = "pratique"
PATH_SECONDS = 120
SAYS = {"admit": "clean", "review": "flagged", "reject": "flagged", "incomplete": "unread"}
BATCH = 20
Tally = dict[str, dict[Path, Verdict]]


def ours(paths: Sequence[Path], home: Path, jobs: int) -> Iterator[Verdict]:
    """Yield pratique's verdict on each path, by its command line's JSON report."""
    groups = [paths[at : at + BATCH] for at in range(0, len(paths), BATCH)]
    with ThreadPoolExecutor(jobs) as pool:
        for told in pool.map(lambda group: scanned(group, home), groups):
            yield from told


def scanned(paths: Sequence[Path], home: Path) -> list[Verdict]:
    """Return the verdicts of one run; when it fails, those of one run for each path."""
    program = str(Path(sys.executable).parent / "pratique")
    words = [program, "scan", *map(str, paths), "--format", "json", "--jobs", "1", "--no-cache"]
    start = time.perf_counter()
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=PATH_SECONDS * len(paths),
            env=quiet_environment(home),
            check=False,
        )
    except subprocess.TimeoutExpired:
        why = "out of time"
    else:
        seconds = (time.perf_counter() - start) / len(paths)
        why = f"exit {done.returncode}: " + done.stderr.decode(errors="replace").strip()[-200:]
        with contextlib.suppress(ValueError, KeyError):
            targets = json.loads(done.stdout)["targets"]
            if len(targets) == len(paths):
                return [said(path, row, seconds) for path, row in zip(paths, targets, strict=True)]
    if len(paths) == 1:
        return [Verdict(paths[0], "unread", why)]
    return [one for path in paths for one in scanned([path], home)]


def said(path: Path, row: dict[str, Any], seconds: float) -> Verdict:
    """Return one target's verdict; `why` names the rules that spoke and what was not examined."""
    rules = sorted({f"{f['rule']} {f['severity']}" for f in row["findings"]})
    gaps = sorted({str(gap.get("why", gap))[:80] for gap in row.get("not_examined", [])})
    why = "; ".join([*rules, *gaps[:2]])
    return Verdict(path, SAYS.get(row["verdict"], "unread"), why, seconds)


def judge(cases: Sequence[Case], names: Sequence[str], home: Path, seconds: float) -> Tally:
    """Return every tool's verdict on every path."""
    paths = [case.path for case in cases]
    tally: Tally = {}
    for name in names:
        start = time.perf_counter()
        if name == OURS:
            told: Iterable[Verdict] = ours(paths, home, os.cpu_count() or 1)
        else:
            peer = next(p for p in PEERS if p.name == name)
            peer.install()
            told = ask(peer, paths, home, seconds)
        tally[name] = {v.path: v for v in told}
        print(f"{name}: {len(paths)} cases in {time.perf_counter() - start:.0f} s", flush=True)
    return tally


def table(cases: Sequence[Case], tally: Tally, *, hostile: bool) -> list[str]:
    """Return Markdown: a row for each family, a column for each tool; `+n` were not read."""
    families: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.hostile is hostile:
            families[case.family].append(case)
    rows = ["| family | n | " + " | ".join(tally) + " |", "|---|--:|" + "--:|" * len(tally)]
    everything = [case for group in families.values() for case in group]
    for family, group in [*sorted(families.items()), ("**all**", everything)]:
        cells = []
        for verdicts in tally.values():
            said = [verdicts[c.path].verdict for c in group]
            flagged, unread = said.count("flagged"), said.count("unread")
            share = f"{100 * flagged / len(group):.0f} %" if hostile and group else str(flagged)
            cells.append(share + (f" +{unread}" if unread else ""))
        rows.append(f"| {family} | {len(group)} | " + " | ".join(cells) + " |")
    return rows


def misses(cases: Sequence[Case], tally: Tally, base: Path) -> list[str]:
    """Return what we got wrong, case by case: a table of means hides the one that matters."""
    out = []
    for case in cases:
        got = tally[OURS][case.path]
        wanted = "flagged" if case.hostile else "clean"
        if got.verdict != wanted:
            place = (
                case.path.relative_to(base) if case.path.is_relative_to(base) else case.path.name
            )
            out.append(
                f"- {got.verdict} instead of {wanted}: `{case.family}` `{place}` {got.why}".rstrip()
            )
    return out


def page(cases: Sequence[Case], tally: Tally, base: Path, spent: float) -> str:
    """Return docs/evaluation.md."""
    real = [c for c in cases if c.family.startswith("real/")]
    made = [c for c in cases if not c.family.startswith("real/")]
    versions = ", ".join(f"{p.name} {p.version}" for p in PEERS if p.name in tally)
    intro = (Path(__file__).parent / "evaluation.intro.md").read_text()
    today = dt.datetime.now(tz=dt.UTC).date()
    lines = [
        intro,
        (
            f"Made by `make eval ARGS=--write` at commit {commit()} on {today}, Python"
            f" {platform.python_version()}, {os.cpu_count()} cores, in {spent / 60:.0f} minutes."
            f" Peers: {versions or 'none'}."
        ),
        "\n## Hostile: share flagged (`+n`: n more that the tool could not read)\n",
        *table(made, tally, hostile=True),
        "\n## Benign, made here: number flagged\n",
        *table(made, tally, hostile=False),
        "\n## Benign, real files from PyPI packages: number flagged\n",
        *table(real, tally, hostile=False),
        "\n## What Pratique got wrong\n" if OURS in tally else "",
        *((misses(cases, tally, base) or ["Nothing."]) if OURS in tally else []),
    ]
    return "\n".join(lines) + "\n"


def asked() -> argparse.Namespace:
    """Return what the command line says."""
    names = [OURS, *(p.name for p in PEERS)]
    parser = argparse.ArgumentParser(prog="make eval", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/evaluation.md")
    parser.add_argument("--tools", default=",".join(names), help="which, separated by commas")
    parser.add_argument("--only", default="", help="only families that begin with this")
    parser.add_argument("--no-corpus", action="store_true", help="leave the real files out")
    parser.add_argument("--peer-seconds", type=float, default=420, help="most time for one peer")
    parser.add_argument("--keep", type=Path, help="lay the cases out here, and leave them")
    return parser.parse_args()


def main() -> int:
    """Run the evaluation and print its tables."""
    told, start = asked(), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="pratique-eval-") as temporary:
        base = (told.keep or Path(temporary) / "cases").absolute()
        home = Path(temporary) / "home"
        home.mkdir()
        cases = [*generated(base), *samples(base)]
        if not told.no_corpus:
            cases += [
                Case(f"real/{path.suffix.lstrip('.') or 'none'}", hostile=False, path=path)
                for path in corpus.fetch()
            ]
        cases = [case for case in cases if case.family.startswith(told.only)]
        print(f"{len(cases)} cases, {sum(c.hostile for c in cases)} hostile", flush=True)
        tally = judge(cases, told.tools.split(","), home, told.peer_seconds)
        text = page(cases, tally, base, time.perf_counter() - start)
    print(text)
    if told.write:
        (ROOT / "docs" / "evaluation.md").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
