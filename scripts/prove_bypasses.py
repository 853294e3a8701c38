"""Scan a file for every published bypass of a scanner or a loader's safe mode, and write the page.

    python scripts/prove_bypasses.py [--page docs/proofs/bypasses.md]

The files are those of evals/bypasses.py: harmless, made anew, never loaded. Exits 1 where one is
admitted or only left unread.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from evals.bypasses import Bypass, bypasses  # noqa: E402 - the paths are set above
from evals.reports import grave, scanned  # noqa: E402
from evals.revision import commit  # noqa: E402

MOST_RULES = 5
_INTRO = """# Published bypasses

Made by `python scripts/prove_bypasses.py` at commit {commit}, {day}.

**{found} of {total} are found**: rejected or sent to review, with a finding that names what it is.
Each file is made from the advisory's words by `evals/bypasses.py`, under the name that the advisory
has it; it would only touch a canary or ask a documentation address, and nothing is loaded. That a
technique is found in the shape in which it was published says nothing of shapes that nobody has
published.
"""


def main() -> int:
    """Write the page; return 1 where a bypass is not found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "proofs" / "bypasses.md")
    asked = parser.parse_args()
    rows = list(bypasses())
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(at) for at in range(len(rows))]
        for folder, row in zip(folders, rows, strict=True):
            folder.mkdir()
            (folder / row.name).write_bytes(row.make())
        told = scanned(folders, Path(name) / "no-database")
    found = [bool(grave(one)) for one in told]
    asked.page.write_text(page(rows, told))
    print(f"{sum(found)} of {len(rows)} bypasses found")
    return 0 if all(found) else 1


def page(rows: Sequence[Bypass], told: Sequence[dict[str, Any]]) -> str:
    """Return the page."""
    found = sum(bool(grave(one)) for one in told)
    lines = [
        _INTRO.format(commit=commit(), day=datetime.now(UTC).date(), found=found, total=len(rows)),
        "| advisory | about | technique | file | verdict | rules |",
        "|---|---|---|---|---|---|",
    ]
    for row, one in zip(rows, told, strict=True):
        names = grave(one)
        rules = ", ".join(names[:MOST_RULES]) + (", ..." if len(names) > MOST_RULES else "")
        cells = (row.ids, row.about, row.technique, f"`{row.name}`", one["verdict"], rules)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
