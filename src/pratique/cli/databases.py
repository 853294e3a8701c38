"""`pratique db`: take in advisories, and tell how old they are."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pratique.cli import rematched
from pratique.cli.caching import default_cache
from pratique.cli.reports.words import many
from pratique.core.errors import MachineError, UsageError

INCOMPLETE = 3
MOST_IDS = 8

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
    from pratique.advisories.install import default_folder, now, stale  # noqa: PLC0415 - 0.1 s
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
        f"{many(built.records, 'record')} ({built.withdrawn} withdrawn, {built.refused.count} "
        f"refused, {len(set(built.unmatchable))} that can never match) of "
        f"{many(built.packages, 'package')}; newest {built.newest[:10] or 'unknown'}"
    )
    for says in (stale(built.newest, usual_age(), now()), _to_come(built.to_come)):
        if says:
            console.print(Text(says), soft_wrap=True)


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
    moment = install.now()
    database, snapshot = install.snapshot_of(folder, max_age, moment)
    told: dict[str, Any] = {"folder": str(folder), "trouble": snapshot.trouble}
    try:
        there, provenance = install.opened(folder)
    except MachineError:
        pass
    else:
        told |= {**provenance, **{k: v for k, v in there.about.items() if k in _SHOWN}}
        told["age_days"] = (moment - datetime.fromisoformat(told["made"])).days
        there.close()
    if database is not None:
        database.close()
    limit = usual_age() if max_age is None else max_age
    warnings = [install.stale(str(told.get("newest", "")), limit, moment)]
    warnings.append(_to_come(told.get("to_come", [])))
    told["warnings"] = [says for says in warnings if says]
    if as_json:
        json.dump(told | {"hint": snapshot.hint}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _shown(told)
        for says in told["warnings"]:
            typer.echo(says)
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
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="List every change, however many.")
    ] = False,
    db: Folder = None,
) -> None:
    """Match every scanned model with the database again and tell what changed; no model is read.

    Exits 0 whatever changed, 3 where not every inventory could be read or there is no database, and
    2 where no results are kept.
    """
    from pratique.advisories import install  # noqa: PLC0415 - takes 0.1 s
    from pratique.flows import rematch as flow  # noqa: PLC0415

    place = cache or default_cache()
    if place is None:
        raise UsageError("no folder of results; name it with --cache")
    folder = db or install.default_folder()
    changes = list(flow.rematch(place, folder, install.now()))
    if as_json:
        json.dump(rematched.value(changes), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        for line in rematched.lines(changes, every=verbose):
            typer.echo(line)
    if any(one.trouble for one in changes):
        raise typer.Exit(INCOMPLETE)


_SHOWN = frozenset(
    ("newest", "withdrawn", "advisories", "packages", "refused", "unmatchable", "ecosystems")
) | {"kev", "epss", "to_come"}


def usual_age() -> int | None:
    """Return how old the default policy lets advisories be."""
    from pratique.policy import pack  # noqa: PLC0415 - its expressions take 0.1 s

    return pack.load("default").max_age_days


def _to_come(ids: Sequence[str]) -> str:
    """Return what is odd about records of the future, which do not count as the newest."""
    if not ids:
        return ""
    more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""  # noqa: PLR2004 - a few to look at
    says = "says that it changes in the future" if len(ids) == 1 else "say that they change later"
    return f"{', '.join(ids[:3])}{more} {says}; what is newest is told without them"


def _shown(told: dict[str, Any]) -> None:
    table = Table.grid(padding=(0, 2))
    if "age_days" in told:
        told = told | {"made": f"{told['made']} ({many(told['age_days'], 'day')} ago)"}
    for word in ("folder", "made", "newest", "records", "withdrawn", "refused", "packages"):
        if word in told:
            table.add_row(word, Text(str(told[word])))
    for name, count in told.get("ecosystems", {}).items():
        table.add_row("", Text(f"{name}: {many(count, 'package')}"))
    if "unmatchable" in told:
        ids = told["unmatchable"]
        more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
        table.add_row("never match", Text((", ".join(ids[:MOST_IDS]) or "none") + more))
    for source in told.get("sources", []):
        says = f"{source['address']} (sha256 {source['sha256'][:16]}, licence: {source['licence']})"
        table.add_row(Text(str(source["name"])), Text(says))
    for word in ("kev", "epss"):
        table.add_row(word.upper(), Text(str(told.get(word) or "not given")))
    width = None if sys.stdout.isatty() else 160
    Console(width=width, highlight=False, emoji=False, soft_wrap=True).print(table)
