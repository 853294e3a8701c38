"""Run the escape suite in every tier that this machine offers, and in the control, and write it up.

    python -m scripts.escape                     all columns; writes docs/proofs/escape.md and .json
    python -m scripts.escape --check             tier 1 only, compared with the committed .json
    python -m scripts.escape --only control --names fork-bomb outlive-by-double-fork

Every column runs in a child of its own in a bare network namespace; nothing is started elsewhere.
Exit 1 when a cell of tier 1 or 3 is open, or, with --check, worse than the committed one.
"""

import argparse
import json
import os
import platform
import resource
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pratique.core.errors import PratiqueError
from pratique.sandbox import escapes
from pratique.sandbox.escape_suite import matrix
from pratique.sandbox.escapes import Promise, Result, Verdict
from pratique.sandbox.port import Sandbox, Tier
from pratique.sandbox.tiers import sandbox as of_tier

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "proofs" / "escape.md"
KEPT = ROOT / "docs" / "proofs" / "escape.json"
COLUMNS: dict[str, Tier | None] = {
    "control": None,
    "jail-serve": Tier.JAIL,
    "jail-record": Tier.JAIL,
    "gvisor": Tier.GVISOR,
    "microvm": Tier.MICROVM,
}
SHARDS = 4
"""Children that share one column: most attempts wait for something, not for a processor."""

ORDERED = "persistence"
"""The group whose attempts belong together."""

CHECKED = ("jail-serve", "jail-record")
MUST_HOLD = (Tier.JAIL, Tier.MICROVM)
NOT_OFFERED = 4
_COLUMN_S = 1800


def main() -> int:
    """Run what was asked for, or be the inside of one column."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--names", nargs="+", default=[], help="attempts to make (all)")
    parser.add_argument("--only", nargs="+", choices=COLUMNS, help="columns to run (all)")
    parser.add_argument("--check", action="store_true", help="compare with the committed matrix")
    parser.add_argument(
        *("--broken",),
        action="store_true",
        help="put the control in the place of tier 1: then --check must fail",
    )
    parser.add_argument("--inside", choices=COLUMNS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        return inside(asked.inside, asked.names or None, broken=asked.broken)
    wanted: Sequence[str] = asked.only or (CHECKED if asked.check else tuple(COLUMNS))
    began = time.monotonic()
    found, missing = run(wanted, asked.names, broken=asked.broken)
    print(f"\n{time.monotonic() - began:.0f} s")
    return finish(found, missing, asked)


# --- inside of a column --------------------------------------------------------------------------


def inside(column: str, names: Sequence[str] | None, *, broken: bool) -> int:
    """Enclose this process, run one column, and print each result as a line of JSON."""
    tier = COLUMNS[column]
    bare = tier is None or broken
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # some attempts of the control crash
    escapes.enclose(user=bare)
    sandbox: Sandbox | escapes.Control = escapes.Control()
    if tier is not None and not bare:
        sandbox = of_tier(tier)
        offered = sandbox.offer()
        if not offered.usable:
            print(json.dumps({"missing": f"{offered.says}; {offered.mend}"}), flush=True)
            return NOT_OFFERED
    escapes.run(sandbox, names, record=column.endswith("-record"), tell=_say)
    return 0


def _say(result: Result) -> None:
    print(json.dumps(asdict(result)), flush=True)


# --- outside -------------------------------------------------------------------------------------


def run(
    columns: Sequence[str], names: Sequence[str], *, broken: bool
) -> tuple[dict[str, list[Result]], dict[str, str]]:
    """Run the columns; return their results, and which tiers are missing and why.

    Raises:
        PratiqueError: a column broke off.

    """
    found: dict[str, list[Result]] = {c: [] for c in columns}
    missing: dict[str, str] = {}
    failed: list[str] = []
    promises = escapes.catalogue()
    shards = list(_shards([p for p in promises if not names or p.name in names]))

    def one(column: str, shard: Sequence[str]) -> None:
        for line in _lines(column, shard, failed, broken=broken):
            if "missing" in line:
                missing[column] = str(line["missing"])
                continue
            result = Result(**{**line, "verdict": Verdict(line["verdict"])})
            found[column].append(result)
            print(_line(column, result), flush=True)

    for column in columns:  # one after another: a machine busy with all would meet deadlines late
        _together([partial(one, column, shard) for shard in shards])
    if failed:
        raise PratiqueError("; ".join(failed))
    order = {p.name: n for n, p in enumerate(promises)}
    ran = {c: sorted(r, key=lambda r: order[r.attempt]) for c, r in found.items()}
    return {c: r for c, r in ran.items() if c not in missing}, missing


def _shards(promises: Sequence[Promise]) -> Iterator[list[str]]:
    """Yield the names of attempts that one child makes: all quiet ones, and loud ones in turn."""
    quiet = [p.name for p in promises if not p.alone or p.group == ORDERED]
    loud = [p.name for p in promises if p.name not in quiet]
    every = [quiet, *(loud[n :: SHARDS - 1] for n in range(SHARDS - 1))]
    yield from (shard for shard in every if shard)


def _line(column: str, r: Result) -> str:
    return f"{column:12} {r.attempt:42} {r.verdict:14} {r.seconds:6.2f} s  {r.says}"


def _together(tasks: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _lines(
    column: str, names: Sequence[str], failed: list[str], *, broken: bool
) -> Iterator[dict[str, Any]]:
    canary = {escapes.VARIABLE: secrets.token_hex(16)}
    flag = ["--broken"] if broken else []
    command = [sys.executable, "-m", "scripts.escape", "--inside", column, *flag]
    command += ["--names", *names] if names else []
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | canary, stdout=subprocess.PIPE, text=True
    ) as child:
        end = threading.Timer(_COLUMN_S, child.kill)
        end.start()
        try:
            for line in child.stdout or ():
                yield json.loads(line)
        finally:
            end.cancel()
    if child.returncode not in (0, NOT_OFFERED):
        failed.append(f"{column}: the suite itself ended with {child.returncode}")


def finish(
    found: Mapping[str, Sequence[Result]], missing: Mapping[str, str], asked: argparse.Namespace
) -> int:
    """Write or compare, say what is open, and return the exit code."""
    cells = matrix.cells(found)
    for column, rows in cells.items():
        told = ", ".join(f"{n} {verdict}" for verdict, n in matrix.counts(rows).items())
        print(f"{column}: {told}")
    for column, why in missing.items():
        print(f"NOT TRIED: {column}: {why}")
    if asked.check:
        before = json.loads(KEPT.read_text())["columns"]
        made = {
            c: {n: v for n, v in before.get(c, {}).items() if not asked.names or n in rows}
            for c, rows in cells.items()
        }
        bad = list(matrix.worse(made, cells))
    else:
        bad = list(_open(cells))
        if not asked.names and not asked.only:
            write(cells, missing)
    if not cells:
        print("nothing was tried here, so nothing is known")
    for line in bad:
        print(f"WORSE: {line}" if asked.check else f"OPEN: {line}")
    return 1 if bad or not cells else 0


def _open(cells: matrix.Cells) -> Iterator[str]:
    for column, rows in cells.items():
        if COLUMNS[column] in MUST_HOLD:
            yield from (f"{column}: {n}: {c[1]}" for n, c in rows.items() if c[0] == Verdict.OPEN)


def write(cells: matrix.Cells, missing: Mapping[str, str]) -> None:
    """Write the page and what `--check` compares with."""
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "user": "root" if os.geteuid() == 0 else "an ordinary user",
    }
    KEPT.write_text(matrix.dumps(cells, about))
    PAGE.write_text(matrix.page(cells, escapes.catalogue(), about, missing))
    print(f"wrote {PAGE.relative_to(ROOT)} and {KEPT.relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PratiqueError as e:
        print(f"escape: {e}; {e.hint()}", file=sys.stderr)
        sys.exit(2)
