"""Hand hostile files on in other ways, packed, renamed or cut, and write which are still found.

    python scripts/prove_carriers.py [--each 2] [--page docs/proofs/carriers.md]

The files are some of each family of evals/cases.py: harmless, made anew, never loaded. Exits 1
where nothing grave is said of a carrier whose file is found plain; those that only their name
gives away (INT003) are left out, for a carrier has another name.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from evals.carriers import CARRIERS  # noqa: E402 - the paths are set above
from evals.cases import Case, generated  # noqa: E402
from evals.reports import grave, scanned  # noqa: E402
from evals.revision import commit  # noqa: E402

BY_NAME = {"INT003"}
LARGEST = 200_000
BATCH = 40
PLAIN = "as it is"
_INTRO = """# The same files, handed on in other ways

Made by `python scripts/prove_carriers.py --each {each}` at commit {commit}, {day}.

{files} hostile files of {families} families, {each} of each at most, chosen by a fixed seed, in
{ways} carriers. **{found} of {total} are found**: rejected or sent to review by one of the rules
that find the file plain, so that a rule about the wrapping alone does not count. Files that only
their name gives away are left out. Where bytes behind a file make true what its header said of its
size, another rule speaks than before.

| carrier | found |
|---|--:|
"""


def main() -> int:
    """Write the page; return 1 where a carrier hides a file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--each", type=int, default=2)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "proofs" / "carriers.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        chosen = list(choose(Path(name) / "cases", asked.each))
        told = dict(carried(chosen, Path(name)))
    plain = [at for at in range(len(chosen)) if told[PLAIN, at] - BY_NAME]
    lost = [
        (way, at)
        for way in CARRIERS
        for at in plain
        if told[way, at].isdisjoint(told[PLAIN, at] - BY_NAME)
    ]
    ways = [way for way, _ in lost]
    lines = [f"| {way} | {len(plain) - ways.count(way)} of {len(plain)} |" for way in CARRIERS]
    lines += ["", *(f"- not found: {way}: `{chosen[at].path.name}`" for way, at in lost)]
    total = len(plain) * len(CARRIERS)
    intro = _INTRO.format(
        commit=commit(),
        day=datetime.now(UTC).date(),
        files=len(plain),
        families=len({chosen[at].family for at in plain}),
        each=asked.each,
        ways=len(CARRIERS),
        found=total - len(lost),
        total=total,
    )
    asked.page.write_text(intro + "\n".join(lines).rstrip() + "\n")
    print(f"{total - len(lost)} of {total} found")
    silent = [key for key in lost if not told[key]]
    return 1 if silent or not plain else 0


def choose(folder: Path, each: int) -> Iterator[Case]:
    """Yield some hostile files of every family, the same ones each time."""
    folder.mkdir()
    rng, families = random.Random(11), dict[str, list[Case]]()  # noqa: S311 - a choice, no secret
    for case in generated(folder):
        if case.hostile and case.path.is_file() and case.path.stat().st_size <= LARGEST:
            families.setdefault(case.family, []).append(case)
    for _, rows in sorted(families.items()):
        yield from rng.sample(rows, min(each, len(rows)))


def carried(cases: Sequence[Case], folder: Path) -> Iterator[tuple[tuple[str, int], set[str]]]:
    """Yield (carrier, file) and the rules that say something grave, by the command line."""
    made: list[tuple[tuple[str, int], Path]] = []
    for at, case in enumerate(cases):
        for way, carrier in CARRIERS.items():
            body, name = carrier(case.path.read_bytes(), case.path.name)
            place = folder / "carried" / str(len(made))
            place.mkdir(parents=True)
            (place / name).write_bytes(body)
            made.append(((way, at), place))
    for start in range(0, len(made), BATCH):
        part = made[start : start + BATCH]
        rows = scanned([place for _, place in part], folder / "no-database")
        for (key, _), row in zip(part, rows, strict=True):
            yield key, set(grave(row))
        print(f"{min(start + BATCH, len(made))} of {len(made)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
