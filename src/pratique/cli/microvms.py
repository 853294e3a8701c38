"""`pratique microvm build`: make what tier 3 boots, once."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from pratique.cli.reports.safe import plain

INCOMPLETE = 3

app = typer.Typer(help="Prepare the microVM, the strongest sandbox.", no_args_is_help=True)


@app.callback()
def top() -> None:
    """Prepare the microVM, the strongest sandbox."""


@app.command()
def build(
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where image and snapshot are kept.",
            show_default="pratique/microvm in the user's cache folder",
        ),
    ] = None,
) -> None:
    """Build the image from Debian's packages, boot it once, and take its snapshot.

    Needs apt (to download, not to install; no root) and qemu-system-x86. Exit 3 when the machine
    does not offer the tier afterwards.
    """
    # the tier brings its launchers along: other commands do without
    from pratique.sandbox.microvm import image  # noqa: PLC0415
    from pratique.sandbox.microvm.sandbox import MicroVmSandbox  # noqa: PLC0415

    console = Console(highlight=False)
    began = time.monotonic()
    place = (folder or image.default_folder()).absolute()
    built = image.build(place, lambda says: console.print(Text(plain(says), "dim")))
    console.print(f"image  {plain(str(built.folder))}")
    found = MicroVmSandbox(place).offer()
    says = found.says if found.usable else f"not offered: {found.says}; to get it: {found.mend}"
    console.print(Text(plain(says), "green" if found.usable else "magenta"))
    console.print(f"done in {time.monotonic() - began:.0f} s")
    if not found.usable:
        raise typer.Exit(INCOMPLETE)
