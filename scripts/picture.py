"""Make the README's picture from a real scan: `picture.py OUT.svg PATH`."""

import io
import sys
from pathlib import Path

from rich.console import Console

from pratique import __version__
from pratique.artifacts.sources.opening import open_source
from pratique.cli.app import default_cache
from pratique.cli.judging import Judge, load_pack
from pratique.cli.reports.account import Account, Target
from pratique.cli.reports.text import write_text
from pratique.flows import scan as flow
from pratique.flows.asked import Asked

WIDTH = 104


def main() -> int:
    """Scan PATH, draw its text report, and write it to OUT.svg."""
    if len(sys.argv) != 3:  # noqa: PLR2004 - the script's name and two words
        print("usage: picture.py OUT.svg PATH", file=sys.stderr)
        return 2
    out, address = Path(sys.argv[1]), sys.argv[2]
    judge = Judge(load_pack("default"))
    scan = flow.scan(open_source(address), Asked(cache=default_cache()))
    draw(Account((Target(scan, judge.decide(scan)),), __version__), out, f"pratique scan {address}")
    print(f"{out}: {out.stat().st_size} bytes")
    return 0


def draw(account: Account, out: Path, title: str) -> None:
    """Write the text report of an account as an SVG."""
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        emoji=False,
        markup=False,
    )
    write_text(account, console)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(console.export_svg(title=title, unique_id="report"))


if __name__ == "__main__":
    sys.exit(main())
