"""One run of `pratique scan`: addresses in, one report out."""

import io
import os
import stat
import sys
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TextIO

from rich.console import Console

from pratique import __version__
from pratique.advisories.vex import Statement
from pratique.artifacts.sources.base import Source
from pratique.artifacts.sources.file import FileSource
from pratique.artifacts.sources.opening import open_source
from pratique.cli import intended
from pratique.cli.judging import Judge
from pratique.cli.output import check_place, written
from pratique.cli.progress import watched
from pratique.cli.reports.account import Account, Target
from pratique.cli.reports.as_json import write_json
from pratique.cli.reports.as_markdown import write_markdown
from pratique.cli.reports.as_sarif import write_sarif
from pratique.cli.reports.text import write_text
from pratique.cli.runs import Runs
from pratique.core.errors import MalformedError, UsageError
from pratique.core.finding import Digest, Stage
from pratique.core.limits import MiB
from pratique.core.ports import Watcher
from pratique.flows.asked import Asked

FORMATS = ("text", "json", "sarif", "markdown")
WIDTH = 100
MOST_LISTED = 64 * MiB
INCOMPLETE = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for.

    `runs` are those of a detonation; `only` tells that nothing else was asked for.
    """

    addresses: tuple[str, ...]
    judge: Judge
    asked: Asked
    format: str = "text"
    output: Path | None = None
    progress: bool | None = None
    verbose: bool = False
    baseline: bool = False
    signed_by: str | None = None
    signature: Path | None = None
    expect: Digest | None = field(default=None)
    runs: Runs | None = None
    only: Stage | None = None
    timeline: bool = False


def run(wanted: Wanted) -> int:
    """Scan every address, write one report, and return the exit code.

    Raises:
        PratiqueError: an address is none, or the machine cannot do it.

    """
    if wanted.expect and len(wanted.addresses) > 1:
        raise UsageError("--expect-digest: says what one artifact is; scan them one by one")
    if wanted.runs is not None:
        _only_here(wanted.addresses)
    if wanted.output is not None:
        check_place(wanted.output)
    keep = wanted.asked.cache / "hub" if wanted.asked.cache else None
    sources = [open_source(address, keep) for address in wanted.addresses]
    if wanted.output is not None:
        _spare_the_scanned(wanted.output, sources)
    wanted = _prepared(wanted)
    console = Console(stderr=True)
    shown = console.is_terminal if wanted.progress is None else wanted.progress
    with watched(console, shown=shown) as watcher:
        targets = tuple(_target(source, wanted, watcher) for source in sources)
    account = Account(targets, __version__, wanted.baseline)
    _write(account, wanted)
    # a debugging aid may never look like an admission, whatever a lax policy says
    return account.exit_code or (0 if wanted.asked.jail else INCOMPLETE)


def listed(stream: int, *, by_nul: bool) -> list[str]:
    """Return the addresses on standard input: one a line, or ended by NUL.

    Raises:
        UsageError: the list is empty, or absurdly long.

    """
    with os.fdopen(os.dup(stream), "rb") as lines:
        body = lines.read(MOST_LISTED + 1)
    if len(body) > MOST_LISTED:
        raise UsageError(f"-: the list on standard input is longer than {MOST_LISTED} bytes")
    names = body.split(b"\0") if by_nul else body.splitlines()
    found = [os.fsdecode(name) for name in names if name.strip()]
    if not found:
        raise UsageError("-: the list on standard input is empty")
    return found


def statements(files: list[Path] | None) -> tuple[Statement, ...]:
    """Return what VEX documents say.

    Raises:
        UsageError: a file is none.

    """
    if not files:
        return ()
    from pratique.advisories import vex  # noqa: PLC0415 - most scans have none

    found: list[Statement] = []
    for file in files:
        try:
            with file.open("rb") as opened:
                found += vex.read(opened.read(vex.MOST_BYTES + 1))
        except OSError as e:
            raise UsageError(f"--vex {str(file)!r}: {e.strerror}") from e
        except MalformedError as e:
            raise UsageError(f"--vex {str(file)!r}: {e}") from e
    return tuple(found)


def packed_rules(folders: list[Path] | None) -> bytes:
    """Return the user's own rules, packed.

    Raises:
        UsageError: they are broken, or cannot be read.

    """
    if not folders:
        return b""
    from pratique.flows.user_rules import given  # noqa: PLC0415 - most scans have none

    return given(folders)


def _only_here(addresses: tuple[str, ...]) -> None:
    """Refuse to run what is not on this machine, before anything is fetched."""
    for address in addresses:
        if "://" in address and not os.path.lexists(address):
            says = "only a file or a folder of this machine can be run"
            raise UsageError(f"{address!r}: {says}; download the model, then name its folder")


def _prepared(wanted: Wanted) -> Wanted:
    """Return the same with what runs models: a tier that is not there is told before the work."""
    if wanted.runs is None:
        return wanted
    detonator = wanted.runs.detonator(wanted.judge.pack, wanted.asked.cache)
    return replace(wanted, asked=replace(wanted.asked, detonator=detonator))


def _target(source: Source, wanted: Wanted, watcher: Watcher) -> Target:
    # the flows bring a database and numpy along: `--help` and `rules` do without
    from pratique.flows import scan as flow  # noqa: PLC0415
    from pratique.flows.detonate import detonate  # noqa: PLC0415

    publisher = intended.publisher(source, wanted.signed_by, wanted.signature)
    asked = replace(wanted.asked, watcher=watcher, expect=wanted.expect, publisher=publisher)
    if wanted.only is not None and asked.detonator is not None:
        scan = detonate(source, asked, asked.detonator)
    else:
        scan = flow.scan(source, asked)
    return Target(scan, wanted.judge.decide(scan), wanted.judge.known)


def _spare_the_scanned(to: Path, sources: list[Source]) -> None:
    """Refuse to write the report over a file that is scanned."""
    for source in sources:
        if isinstance(source, FileSource) and to.exists() and source.path.exists():
            seen = to.stat()
            if stat.S_ISREG(seen.st_mode) and os.path.samestat(seen, source.path.stat()):
                raise UsageError(f"-o {str(to)!r}: this is the file to be scanned")


def _write(account: Account, wanted: Wanted) -> None:
    with written(wanted.output) as out:
        if wanted.format == "json":
            write_json(account, out)
        elif wanted.format == "sarif":
            write_sarif(account, out)
        elif wanted.format == "markdown":
            write_markdown(account, out)
        else:
            _write_text(account, out, wanted)


def _write_text(account: Account, out: TextIO, wanted: Wanted) -> None:
    tell = partial(write_text, account, verbose=wanted.verbose, timeline=wanted.timeline)
    if out is sys.stdout and out.isatty():
        tell(Console(highlight=False, emoji=False, markup=False))
        return
    body = io.StringIO()
    tell(Console(file=body, width=WIDTH, highlight=False, emoji=False, markup=False))
    out.writelines(f"{line.rstrip()}\n" for line in body.getvalue().splitlines())
