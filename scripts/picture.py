"""Make the README's picture from a real scan of a small hostile folder.

    python -m scripts.picture [OUT.svg]

The folder is that of `scripts/borrowed_model.py`; the default place is docs/images/report.svg. The
seconds that a scan took differ from run to run, so nothing checks that the picture is fresh.
"""

import contextlib
import io
import re
import sys
import tempfile
from pathlib import Path

from rich import _export_format as export
from rich.console import Console
from rich.text import Text

from pratique import __version__
from pratique.artifacts.sources.opening import open_source
from pratique.cli.judging import Judge, load_pack
from pratique.cli.reports.account import Account, Target
from pratique.cli.reports.text import write_text
from pratique.flows import scan as flow
from pratique.flows.asked import Asked
from scripts.borrowed_model import write

ROOT = Path(__file__).parent.parent
WIDTH = 104
NAME = "borrowed-model"
# Rich's own frame asks a server for its font, which a picture on a page may not do.
FRAME = re.sub(r"@font-face \{\{.*?\}\}\s*", "", export.CONSOLE_SVG_FORMAT, flags=re.DOTALL)
FONTS = "Fira Code, ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace"


def main() -> int:
    """Write the folder, scan it, draw the text report."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs/images/report.svg").absolute()
    with tempfile.TemporaryDirectory() as home, contextlib.chdir(home):
        write(Path(NAME))
        judge = Judge(load_pack("default"))
        scan = flow.scan(open_source(NAME), Asked())
        account = Account((Target(scan, judge.decide(scan)),), __version__)
    draw(account, out, f"pratique scan {NAME}")
    print(f"{out}: {out.stat().st_size} bytes")
    return 0


def draw(account: Account, out: Path, command: str) -> None:
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
    console.print(Text.assemble((" $ ", "dim"), (command, "bold")))
    write_text(account, console)
    frame = FRAME.replace("Fira Code, monospace", FONTS)
    picture = console.export_svg(title="Pratique", unique_id="report", code_format=frame)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(picture)


if __name__ == "__main__":
    sys.exit(main())
