"""Write the generated pages: rules, command line, JSON schema. `--check` tells which are stale."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from pratique.artifacts.readers.catalog import readers_key
from pratique.cli.app import whole
from pratique.cli.pages import rule_page
from pratique.cli.reports.account import cards
from pratique.cli.reports.schema import schema
from pratique.cli.reports.words import severity_word
from pratique.core.finding import RuleId, Stage
from pratique.detectors import index
from pratique.detectors.catalog import catalogued

DOCS = Path(__file__).parent.parent / "docs"
GENERATED = "<!-- written by scripts/make_reference.py; do not edit -->\n"


def main() -> int:
    """Write every page, or with `--check` return 1 where one is not what it would be."""
    body = index.written(catalogued(), readers_key())
    if not index.FILE.exists() or index.FILE.read_text() != body:
        if "--check" in sys.argv[1:]:
            print(f"{index.FILE.name}: stale; run scripts/make_reference.py")
            return 1
        index.FILE.write_text(body)  # first: the pages are made from it
    pages = dict(all_pages())
    stale = [path for path, body in pages.items() if not path.exists() or path.read_text() != body]
    stale += [path for path in (DOCS / "rules").glob("*.md") if path not in pages]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(DOCS.parent)}: stale; run scripts/make_reference.py")
        return 1 if stale else 0
    for path in stale:
        if path in pages:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages[path])
        else:
            path.unlink()
    print(f"{len(pages)} pages, {len(stale)} of them new or changed")
    return 0


def all_pages() -> Iterator[tuple[Path, str]]:
    """Yield every generated page with its body."""
    for rule in sorted(cards()):
        yield DOCS / "rules" / f"{cards()[rule][0].slug}.md", GENERATED + rule_page(rule)
    yield DOCS / "rules" / "index.md", GENERATED + rule_index()
    yield DOCS / "reference" / "cli.md", GENERATED + cli_page()
    yield DOCS / "reference" / "scan.schema.json", json.dumps(schema(), indent=2) + "\n"


def rule_index() -> str:
    """Return the list of rules by stage; a stage without any is named, not left out."""
    lines = ["# Rules", "", "`pratique explain RULE` tells the same on a terminal.", ""]
    for stage in Stage:
        rules = [rule for rule, (card, _) in sorted(cards().items()) if card.stage is stage]
        lines += [f"## {stage.value.capitalize()}", ""]
        if rules:
            lines += ["| rule | severity | finds |", "|---|---|---|", *map(_index_row, rules), ""]
        else:
            lines += ["No rule in this version: reports and badges list this stage as absent.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _index_row(rule: RuleId) -> str:
    card, page = cards()[rule]
    name = f"[{card.id} {card.slug}]({card.slug}.md)"
    return f"| {name} | {severity_word(card.severity)} | {page.title} |"


def cli_page() -> str:
    """Return the page of the command line, from the same declarations that parse it."""
    top: Any = typer.main.get_command(whole())
    lines = ["# Command line", "", top.help, "", top.epilog, ""]
    for path, command in _commands(top, "pratique"):
        lines += [f"## `{path}`", "", (command.help or "").partition("\f")[0].strip(), ""]
        rows = [_option_row(p) for p in command.params if not getattr(p, "hidden", False)]
        if rows:
            lines += ["| option | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines).rstrip() + "\n"


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - Typer's own
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _option_row(param: Any) -> str:  # noqa: ANN401 - Typer's own
    names = param.opts + param.secondary_opts
    if param.param_type_name == "argument":
        names = [param.metavar or param.name.upper()]
    told = ", ".join(f"`{name}`" for name in names) + _takes(param)
    return f"| {told} | {param.help or ''}{_default(param)} |"


def _takes(param: Any) -> str:  # noqa: ANN401 - Typer's own
    """Return the word for an option's value; a switch has two names, or a truth as default."""
    switch = param.secondary_opts or isinstance(param.default, bool)
    if param.param_type_name == "argument" or switch:
        return ""
    return f" `{param.metavar or 'VALUE'}`"


def _default(param: Any) -> str:  # noqa: ANN401 - Typer's own
    shown = getattr(param, "show_default", None)
    if isinstance(shown, str):
        return f" Default: {shown}."
    value = param.default
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return f" Default: `{getattr(value, 'value', value)}`."
    return ""


if __name__ == "__main__":
    sys.exit(main())
