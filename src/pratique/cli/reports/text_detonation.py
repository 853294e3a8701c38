"""The part of the report for a person that tells what loaders did, as tables of Rich."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pratique.cli.reports.safe import plain
from pratique.cli.reports.timeline import Deed, Pair, outcome, pairs, setting
from pratique.cli.reports.words import many
from pratique.core.trace import Detonation

MOST_PAIRS = 40
MOST_DEEDS = 25
MOST_DEEDS_EVER = 2_000
_OUTCOME = {"denied": "red", "faked": "yellow", "": "dim"}


def detonation(seen: Detonation, *, every: bool) -> RenderableType:
    """Return how a model was run and what was seen; a line for each honest loader."""
    return Group(*_parts(seen, every=every))


def _parts(seen: Detonation, *, every: bool) -> Iterator[RenderableType]:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True, min_width=9)
    facts.add_column(overflow="fold")
    for word, value in setting(seen):
        facts.add_row(Text(word, "dim"), Text(value))
    yield facts
    some = pairs(seen)
    for pair in some[: None if every else MOST_PAIRS]:
        yield from _pair(pair, every=every)
    if not every and len(some) > MOST_PAIRS:
        yield Text(f"and {many(len(some) - MOST_PAIRS, 'more loader')}: see --timeline", "italic")
    if not some:
        yield Text("nothing was run", "magenta")


def _pair(pair: Pair, *, every: bool) -> Iterator[RenderableType]:
    deeds = pair.deeds(every=every)
    mark = Text("● ", "red") if pair.deeds(every=False) else Text("○ ", "green")
    yield Text.assemble(mark, (plain(pair.head), "bold"), f"  {pair.tail}", overflow="fold")
    if not deeds:
        return
    most = MOST_DEEDS_EVER if every else MOST_DEEDS
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=28)
    for deed in deeds[:most]:
        table.add_row(*_row(pair, deed))
    yield Padding(table, (0, 0, 0, 2))
    if len(deeds) > most:
        more = many(len(deeds) - most, "more event")
        yield Padding(Text(f"and {more}: see --timeline or --format json", "italic"), (0, 0, 0, 2))


def _row(pair: Pair, deed: Deed) -> tuple[Text, ...]:
    event = deed.event
    word, times = outcome(event), f" (x{deed.count})" if deed.count > 1 else ""
    heard = " (heard)" if event.source == "python" else ""
    under = plain(pair.under(deed), 80)
    return (
        Text(f"+{event.at_ms / 1000:.3f} s", "dim"),
        Text(plain(event.phase, 12), "dim"),
        Text(f"p{event.process}" if event.process else event.source, "dim"),
        Text(plain(event.call, 16), "bold"),
        Text(f"{deed.says}{times}{heard}"),
        Text(word, _OUTCOME[word]),
        Text(under, "dim" if under == "always" else "yellow"),
    )
