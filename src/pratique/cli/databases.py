"""`pratique db`: take in advisories, and tell how old they are."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pratique.cli.caching import default_cache
from pratique.core.errors import MachineError, UsageError

INCOMPLETE = 3
MOST_SHOWN = 20

app = typer.Typer(help="The advisory database: known vulnerabilities of packages.")
Folder = Annotated[
    Path | None,
    typer.Option(
        "--db",
        metavar="DIR",
        help="The folder of the advisory database.",
        envvar="PRATIQUE_DB",
        show_default="pratique/advisories in the user's data folder",
    ),
]


@app.command("update")
def update(  # noqa: PLR0913 - each option is an argument
    *,
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="[ECOSYSTEM=]FILE|URL",
            help="An OSV all.zip; again for another ecosystem.",
            show_default="OSV's own archive",
        ),
    ] = None,
    ecosystem: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="PyPI, npm, Go, crates.io, Debian.", show_default="PyPI"),
    ] = None,
    kev: Annotated[
        str, typer.Option(metavar="FILE|URL|default", help="CISA's exploited vulnerabilities.")
    ] = "",
    epss: Annotated[
        str, typer.Option(metavar="FILE|URL|default", help="FIRST's exploit probabilities.")
    ] = "",
    mirror: Annotated[
        str, typer.Option(metavar="URL", help="Instead of OSV: URL/ECOSYSTEM/all.zip.")
    ] = "",
    proxy: Annotated[
        str,
        typer.Option(metavar="URL", help="The proxy to go through.", show_default="HTTPS_PROXY"),
    ] = "",
    licence: Annotated[
        str, typer.Option(metavar="TEXT", help="The licence of what --from names.")
    ] = "",
    db: Folder = None,
) -> None:
    """Take in advisories. The old database stays in use until the new one is whole."""
    from pratique.advisories.install import default_folder, now  # noqa: PLC0415 - takes 0.1 s
    from pratique.flows import advisories as flow  # noqa: PLC0415

    console = Console(stderr=True)
    wish = flow.Wish(
        sources=tuple(sources or ()),
        ecosystems=tuple(ecosystem or ()),
        kev=kev,
        epss=epss,
        mirror=mirror,
        proxy=proxy,
        licence=licence,
    )
    folder = db or default_folder()
    built = flow.update(folder, wish, now(), lambda says: console.print(Text(says), soft_wrap=True))
    for name, why in built.refused.named[:10]:
        console.print(Text(f"refused {name}: {why}"), soft_wrap=True)
    typer.echo(
        f"{built.records} records ({built.withdrawn} withdrawn, {built.refused.count} refused, "
        f"{len(set(built.unmatchable))} that can never match) of {built.packages} packages; "
        f"newest {built.newest or 'unknown'}"
    )


@app.command("status")
def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    max_age: Annotated[
        int | None, typer.Option(metavar="DAYS", help="How old it may be.", show_default="any age")
    ] = None,
    db: Folder = None,
) -> None:
    """Tell where the database came from, how old it is and what it holds; exits 3 without one."""
    from pratique.advisories import install  # noqa: PLC0415 - takes 0.1 s

    folder = db or install.default_folder()
    database, snapshot = install.snapshot_of(folder, max_age, install.now())
    told: dict[str, object] = {"folder": str(folder), "trouble": snapshot.trouble}
    try:
        there, provenance = install.opened(folder)
    except MachineError:
        pass
    else:
        told |= {**provenance, **{k: v for k, v in there.about.items() if k in _SHOWN}}
        there.close()
    if database is not None:
        database.close()
    if as_json:
        json.dump(told | {"hint": snapshot.hint}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _shown(told)
        if snapshot.trouble:
            typer.echo(f"{snapshot.trouble}; {snapshot.hint}")
    if snapshot.trouble:
        raise typer.Exit(INCOMPLETE)


@app.command("rematch")
def rematch(
    *,
    cache: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder of results.", envvar="PRATIQUE_CACHE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    db: Folder = None,
) -> None:
    """Match every scanned model with the database again and tell what changed; no model is read."""
    from pratique.advisories import install  # noqa: PLC0415 - takes 0.1 s
    from pratique.flows import rematch as flow  # noqa: PLC0415

    place = cache or default_cache()
    if place is None:
        raise UsageError("no folder of results; name it with --cache")
    folder = db or install.default_folder()
    changes = list(flow.rematch(place, folder, install.now()))
    changed = [one for one in changes if one.new or one.gone]
    if as_json:
        told = {"models": len(changes), "changed": [asdict(one) for one in changed]}
        json.dump(told, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    for one in changed:
        typer.echo(f"{one.name} ({one.root[:19]})")
        for sign, rows in (("+", one.new), ("-", one.gone)):
            for component, advisory, state in rows[:MOST_SHOWN]:
                typer.echo(f"  {sign} {component}: {advisory} {state}")
            if len(rows) > MOST_SHOWN:
                typer.echo(f"  {sign} and {len(rows) - MOST_SHOWN} more")
    typer.echo(f"{len(changes)} models matched, {len(changed)} changed; no model byte was read")


_SHOWN = frozenset(
    ["withdrawn", "advisories", "packages", "refused", "unmatchable", "ecosystems", "kev", "epss"]
)


def _shown(told: dict[str, object]) -> None:
    table = Table.grid(padding=(0, 2))
    for word in ("folder", "made", "newest", "records", "withdrawn", "refused", "packages"):
        if word in told:
            table.add_row(word, Text(str(told[word])))
    unmatchable = told.get("unmatchable")
    if isinstance(unmatchable, list):
        table.add_row("never match", Text(", ".join(map(str, unmatchable[:8])) or "none"))
    sources = told.get("sources")
    for source in sources if isinstance(sources, list) else []:
        says = f"{source['address']} (sha256 {source['sha256'][:16]}, {source['licence']})"
        table.add_row(Text(str(source["name"])), Text(says))
    for word in ("kev", "epss"):
        table.add_row(word.upper(), Text(str(told.get(word) or "not given")))
    Console(highlight=False, emoji=False, soft_wrap=True).print(table)
