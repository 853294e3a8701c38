"""Tell for every benign file of the evaluation which share of its bytes a reader accounted for.

    python scripts/prove_coverage.py [--page docs/proofs/coverage.md]

The files are those that evals/benign.py makes and the real ones of evals/MANIFEST.json, members of
archives among them. Exits 1 where a file that a reader knows is not accounted for in full.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from evals import corpus  # noqa: E402 - the paths are set above
from evals.cases import generated  # noqa: E402
from evals.revision import commit  # noqa: E402

BATCH = 20
LAYOUT = "INT001"
_INTRO = """# Bytes accounted for

Made by `python scripts/prove_coverage.py` at commit {commit}, {day}, over {files} benign files
({real} real ones out of PyPI packages) with {parts} parts: files and members of archives.

A reader claims the bytes that it understood. **{full} of {files} files are claimed to the last
byte**; {unknown} are of formats that no reader knows, and are told as not examined; {rest} have
a reader that did not get to the end. Each of both is listed below with the report's own words.

| sort | files | in full | bytes | claimed |
|---|--:|--:|--:|--:|
"""


@dataclass(slots=True)
class Told:
    """What the report says of one file and its members."""

    path: Path
    family: str
    size: int = 0
    covered: int = 0
    parts: int = 0
    whys: list[str] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Tell whether every byte of every part is claimed."""
        return bool(self.parts) and self.covered == self.size and not self.whys

    @property
    def unknown(self) -> bool:
        """Tell whether no reader knows what it is."""
        return any("no reader knows" in why for why in self.whys)


def main() -> int:
    """Write the page; return 1 where a known format is not accounted for in full."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "proofs" / "coverage.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        made = [(c.path, f"made: {c.family}") for c in generated(home) if not c.hostile]
        real = [(path, f"real: {path.suffix or path.name}") for path in corpus.fetch()]
        told = list(scanned([*made, *real], home / "no-database"))
    asked.page.write_text(page(told, len(real)))
    rest = [one for one in told if not one.full and not one.unknown]
    print(f"{sum(one.full for one in told)} of {len(told)} files are claimed to the last byte")
    return 1 if rest else 0


def scanned(rows: Sequence[tuple[Path, str]], database: Path) -> Iterator[Told]:
    """Yield what the command line's report says of each file."""
    program = str(Path(sys.executable).parent / "pratique")
    for at in range(0, len(rows), BATCH):
        some = rows[at : at + BATCH]
        words = [program, "scan", *(str(path) for path, _ in some), "--format", "json"]
        words += ["--no-cache", "--db", str(database)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        targets = json.loads(done.stdout)["targets"]
        for (path, family), target in zip(some, targets, strict=True):
            yield account(Told(path, family), target)
        print(f"{min(at + BATCH, len(rows))} of {len(rows)}", file=sys.stderr, flush=True)


def account(told: Told, target: dict[str, Any]) -> Told:
    """Take in what the layout rule saw of each part of a target."""
    for file in target["files"]:
        for check in file["checks"]:
            if any(rule.startswith(f"{LAYOUT}@") for rule in check["rules"]):
                told.parts += 1
                told.size += check["size"]
                told.covered += check["covered"]
                if check["coverage"] != "full":
                    place = "!".join([file["path"], *check["members"]])
                    told.whys.append(f"{place}: {check['why']}")
    return told


def page(told: Sequence[Told], real: int) -> str:
    """Return the page."""
    families: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        families[one.family].append(one)
    unknown = [one for one in told if one.unknown]
    rest = [one for one in told if not one.full and not one.unknown]
    text = _INTRO.format(
        commit=commit(),
        day=datetime.now(UTC).date(),
        files=len(told),
        real=real,
        parts=sum(one.parts for one in told),
        full=sum(one.full for one in told),
        unknown=len(unknown),
        rest=len(rest),
    )
    for family, group in sorted(families.items()):
        size, covered = sum(o.size for o in group), sum(o.covered for o in group)
        share = f"{100 * covered / size:.2f} %" if size else "-"
        full = sum(o.full for o in group)
        text += f"| {family} | {len(group)} | {full} | {size:,} | {share} |\n"
    for title, some in (
        ("A reader did not get to the end", rest),
        ("No reader knows them", unknown),
    ):
        text += f"\n## {title}\n\n" + "".join(
            f"- `{one.path.name}`: {one.whys[0][-200:] if one.whys else 'no part was told'}\n"
            for one in some
        )
    return text


if __name__ == "__main__":
    sys.exit(main())
