"""`self-test` shows which mechanisms this machine offers, each tried for real."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pratique.cli.reports.safe import plain
from pratique.cli.reports.words import many
from pratique.sandbox import selftest, tiers
from pratique.sandbox.selftest import Probe

INCOMPLETE = 3
_PROFILES: dict[bool, tuple[bool, ...]] = {False: (), True: (False, True)}
NEEDED = frozenset({"landlock", "seccomp"})
_PARTS = {
    "machine": ("This machine offers", "offered", "missing"),
    "jail": ("What holds a worker", "holds", "missing"),
    "attempt": ("What a worker tried in vain", "stopped", "got through"),
    "allowed": ("What a worker may do", "works", "fails"),
}


def self_test(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every attempt.")] = False,
    escape: Annotated[
        bool,
        typer.Option(
            "--escape", help="Also try every way out of the jail that runs models (2 min)."
        ),
    ] = False,
) -> None:
    """Try every isolation mechanism on this machine; exit 0 if a scan here can be complete."""
    probes = selftest.self_test()
    console = Console(highlight=False)
    for part in _PARTS:
        some = [probe for probe in probes if _split(probe.name)[0] == part]
        if some:
            _tell(console, part, some, verbose=verbose)
    _tell_tiers(console, verbose=verbose)
    gone = sum(
        _tell_escapes(console, record=record, verbose=verbose) for record in _PROFILES[escape]
    )
    trouble = _trouble(probes)
    console.print()
    if trouble:
        says = f"A scan on this machine ends as incomplete: {trouble}."
        console.print(Text(says, "bold magenta"))
        raise typer.Exit(INCOMPLETE)
    if gone:
        says = f"Run no model here in tier 1: {many(gone, 'way')} out of it stayed open."
        console.print(Text(says, "bold magenta"))
        raise typer.Exit(INCOMPLETE)
    console.print(Text("A scan on this machine can be complete.", "bold green"))


def _tell(console: Console, part: str, probes: Sequence[Probe], *, verbose: bool) -> None:
    head, good, bad = _PARTS[part]
    held = sum(probe.held for probe in probes)
    console.print(Text.assemble("\n", (head, "bold"), (f"  {held} of {len(probes)}", "dim")))
    table = Table.grid(padding=(0, 2, 0, 0))
    for probe in probes:
        if verbose or not probe.held or part in {"machine", "jail"}:
            mark = Text(f"  {good}", "green") if probe.held else Text(f"  {bad}", "magenta")
            says = plain(probe.says) if plain(probe.says) != good else ""
            table.add_row(mark, Text(plain(_split(probe.name)[1])), Text(says, "dim"))
    if table.row_count:
        console.print(table)


def _tell_tiers(console: Console, *, verbose: bool) -> None:
    """Show which sandboxes can run a model here; each one was started for that."""
    console.print(Text("\nWhere a model can be run (detonation, cells)", "bold"))
    table = Table.grid(padding=(0, 2, 0, 0))
    for offer in tiers.offers():
        mark = Text("  offered", "green") if offer.usable else Text("  missing", "magenta")
        says = offer.says if verbose or not offer.usable else _short(offer.says)
        table.add_row(mark, Text(tiers.words(offer.tier)), Text(plain(says), "dim"))
        if not offer.usable and offer.mend:
            table.add_row("", "", Text(f"to get it: {plain(offer.mend)}"))
    console.print(table)


def _short(says: str) -> str:
    """Return a tier's account without the names of all that holds it."""
    *before, held = says.split("; ")
    return "; ".join(
        [*before[:1], f"{held.count(',') + 1} mechanisms hold it (--verbose names them)"]
    )


def _tell_escapes(console: Console, *, record: bool, verbose: bool) -> int:
    """Try every way out of the jail; show those that are open, and return how many there are."""
    # the suite brings its targets along: only who asks for it needs them
    from pratique.sandbox import escape_trial  # noqa: PLC0415

    found = list(escape_trial.jail(record=record))
    shown = [r for r in found if verbose or r.verdict == "open"]
    bad = sum(r.verdict == "open" for r in found)
    who = "a recorded inmate" if record else "a serving inmate"
    console.print(
        Text(f"\nWhat {who} of the jail tried  {len(found) - bad} of {len(found)} held", "bold")
    )
    table = Table.grid(padding=(0, 2, 0, 0))
    for r in shown:
        mark = Text("  open", "magenta") if r.verdict == "open" else Text("  held", "green")
        table.add_row(mark, Text(plain(r.attempt)), Text(plain(r.says), "dim"))
    console.print(table)
    return bad


def _trouble(probes: Sequence[Probe]) -> str:
    """Return why no scan here can be complete, or nothing."""
    named = [(*_split(probe.name), probe.held) for probe in probes]
    held = {name.split("-")[0] for part, name, good in named if part == "jail" and good}
    if NEEDED - held:
        return f"{' and '.join(sorted(NEEDED - held))} cannot hold a worker"
    through = [name for part, name, good in named if part in {"attempt", "allowed"} and not good]
    return f"{plain(through[0])!r} did not come out as it must" if through else ""


def _split(name: str) -> tuple[str, str]:
    """Return the part and the name of a probe; one without a part is about the jail."""
    part, colon, rest = name.partition(": ")
    return (part, rest) if colon and part in _PARTS else ("jail", name)
