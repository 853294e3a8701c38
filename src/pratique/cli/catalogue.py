"""`rules` lists the rules, `explain` tells one rule's page."""

import difflib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pratique.cli import vulnerability
from pratique.cli.databases import Folder
from pratique.cli.pages import rule_page
from pratique.cli.reports.account import cards
from pratique.cli.reports.as_json import rule_card
from pratique.cli.reports.words import many, severity_word
from pratique.core.errors import UsageError
from pratique.detectors.index import find


def rules(
    output: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="text or json.")
    ] = "text",
    check: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Only compile your own rules of this folder, and tell."),
    ] = None,
) -> None:
    """List every rule: id, slug, stage, severity, what it finds."""
    if check:
        from pratique.flows.user_rules import user_rules  # noqa: PLC0415 - not for a mere list

        sound = user_rules(check)
        typer.echo(f"{many(len(sound), 'file')} of rules, all sound")
        return
    if output not in {"text", "json"}:
        raise UsageError(f"--format {output!r}: rules are listed as text or json")
    if output == "json":
        json.dump([rule_card(rule) for rule in sorted(cards())], sys.stdout, indent=1)
        sys.stdout.write("\n")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("rule", "slug", "stage", "severity", "finds"):
        table.add_column(head, overflow="fold", no_wrap=head in {"rule", "severity"})
    for rule in sorted(cards()):
        card, page = cards()[rule]
        words = (card.id, card.slug, card.stage.value, severity_word(card.severity), page.title)
        table.add_row(*map(Text, words))
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(Text(f"{many(len(cards()), 'rule')}; `pratique explain RULE` tells more", "dim"))


def explain(
    rule: Annotated[
        str,
        typer.Argument(help="A rule's id or slug, or CVE-..., GHSA-..., PYSEC-...", metavar="RULE"),
    ],
    db: Folder = None,
) -> None:
    """Tell a rule's page, or what is known of a vulnerability: its records, and which rule looks.

    A page says what a rule looks for, why it matters, what to do, what it cannot see.
    """
    made = find(rule)
    if made is None and vulnerability.is_name(rule):
        vulnerability.tell(rule, db)
        return
    if made is None:
        names = [name for card, _ in cards().values() for name in (card.id, card.slug)]
        near = difflib.get_close_matches(rule, names + [n.lower() for n in names], 3, 0.5)
        known = (
            "did you mean " + " or ".join(dict.fromkeys(near)) + "?" if near else "no such rule;"
        )
        raise UsageError(f"explain {rule!r}: {known} `pratique rules` lists them")
    from rich.markdown import Markdown  # noqa: PLC0415 - its parsers take 0.1 s to import

    Console(width=None if sys.stdout.isatty() else 100).print(Markdown(rule_page(made.id)))
