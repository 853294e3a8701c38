"""`self-test` shows which mechanisms this machine offers, each tried for real."""

from importlib import import_module
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pratique.cli.reports.safe import plain

INCOMPLETE = 3


def self_test() -> None:
    """Try every isolation mechanism on this machine; exit 0 if a scan here can be complete."""
    probes: tuple[Any, ...] = import_module("pratique.sandbox.selftest").self_test()
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for probe in probes:
        mark = Text("held", "green") if probe.held else Text("missing", "magenta")
        table.add_row(mark, Text(plain(probe.name)), Text(plain(probe.says), "dim"))
    held = {probe.name.split("-")[0] for probe in probes if probe.held}
    sound = {"landlock", "seccomp"} <= held
    console = Console()
    console.print(table)
    console.print()
    if sound:
        console.print(Text("A scan on this machine can be complete.", "bold green"))
        return
    lost = " and ".join(sorted({"landlock", "seccomp"} - held))
    says = f"Without {lost} every scan on this machine ends as incomplete."
    console.print(Text(says, "bold magenta"))
    raise typer.Exit(INCOMPLETE)
