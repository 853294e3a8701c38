"""The commands and their options: argv into one `Wanted`, nothing decided here."""

import json
import os
import re
import sys
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from pratique import __version__
from pratique.cli import databases, intended, machine, microvms
from pratique.cli.bom import bom
from pratique.cli.caching import default_cache
from pratique.cli.catalogue import explain, rules
from pratique.cli.detonating import detonate
from pratique.cli.judging import Judge, load_baseline, load_pack
from pratique.cli.options import (
    ClamdOption,
    Conditions,
    DeepToo,
    ExpectDigest,
    Format,
    Output,
    Policy,
    Progress,
    Python,
    ReportFormat,
    RunDeadline,
    RunTotal,
    Signature,
    SignedBy,
    TierName,
    Timeline,
    UserRulesOption,
    Vex,
    Waivers,
)
from pratique.cli.reports.schema import schema
from pratique.cli.runs import Runs
from pratique.cli.scanning import Wanted, listed, packed_rules, run, statements
from pratique.core.errors import UsageError
from pratique.core.finding import Severity
from pratique.core.limits import GiB, KiB, Limits, MiB
from pratique.flows.asked import Asked

MOST_JOBS = 64
_SIZE = re.compile(r"(\d{1,12})\s*(|k|m|g|t)(?:i?b)?", re.IGNORECASE)
_UNIT = {"": 1, "k": KiB, "m": MiB, "g": GiB, "t": GiB * KiB}

app = typer.Typer(
    help="Take in third-party AI models without trusting them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 admitted, 1 needs review or rejected, 2 wrong use, 3 incomplete.",
)


class FailOn(StrEnum):
    """The severities, as they are typed."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@app.callback()
def top(
    *,
    version: Annotated[bool, typer.Option("--version", "-V", help="Tell the version.")] = False,
) -> None:
    """Take in third-party AI models without trusting them."""
    if version:
        typer.echo(f"pratique {__version__}")
        raise typer.Exit


@app.command()
def scan(  # noqa: PLR0913 - each option is an argument
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="A file, a folder, an archive, hf://ORG/NAME@REVISION, or - for a list on "
            "standard input. Nothing in a folder is left out, .git and hidden files included.",
        ),
    ],
    *,
    output_format: ReportFormat = Format.TEXT,
    output: Output = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            metavar="SEVERITY",
            help="info, low, medium, high or critical: findings from it on stand in the way.",
            show_default="what the policy says",
        ),
    ] = None,
    fail_on_coverage: Annotated[
        bool, typer.Option("--fail-on-coverage", help="Incomplete coverage asks for review, too.")
    ] = False,
    policy: Policy = "default",
    waivers: Waivers = None,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A former JSON report: only new findings count."),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder of results and fetched files.",
            envvar="PRATIQUE_CACHE",
            show_default="pratique in the user's cache folder",
        ),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Keep nothing after this run.")
    ] = False,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            "-j",
            metavar="N",
            min=1,
            max=MOST_JOBS,
            help="Files read at a time.",
            show_default="one for each CPU, at most 4",
        ),
    ] = min(4, os.cpu_count() or 2),
    progress: Progress = None,
    no_jail: Annotated[
        bool,
        typer.Option("--no-jail", help="Debugging aid: read without isolation; never exits 0."),
    ] = False,
    expect_digest: ExpectDigest = None,
    signed_by: SignedBy = None,
    signature: Signature = None,
    vex: Vex = None,
    user_rules: UserRulesOption = None,
    clamd: ClamdOption = None,
    db: databases.Folder = None,
    deadline: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Seconds for one file, beyond its size's share."),
    ] = None,
    max_expanded: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Most bytes a file may unpack to, as 16GiB.")
    ] = None,
    by_nul: Annotated[
        bool, typer.Option("-0", "--null", help="The list on standard input is ended by NUL.")
    ] = False,
    deep: DeepToo = False,
    python: Python = None,
    tier: TierName = None,
    condition: Conditions = None,
    run_deadline: RunDeadline = None,
    run_total: RunTotal = None,
    timeline: Timeline = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every finding and gap, and tracebacks.")
    ] = False,
) -> None:
    """Inspect models and tell what they hold, how far was looked, and what a policy decides."""
    addresses = listed(sys.stdin.fileno(), by_nul=by_nul) if paths == ["-"] else paths
    judge = Judge(
        load_pack(policy, waivers),
        Severity[fail_on.name] if fail_on else None,
        fail_on_coverage,
        load_baseline(baseline),
    )
    asked = Asked(
        limits=limits(deadline, max_expanded),
        jobs=jobs,
        jail=not no_jail,
        cache=None if no_cache else cache or default_cache(),
        advisories=db,
        vex=statements(vex),
        rules=packed_rules(user_rules),
        clamd=clamd or "",
        max_age_days=judge.max_age_days,
    )
    wanted = Wanted(
        tuple(addresses),
        judge,
        asked,
        format=output_format.value,
        output=output,
        progress=progress,
        verbose=verbose,
        baseline=baseline is not None,
        signed_by=signed_by,
        signature=signature,
        expect=intended.expected(expect_digest),
        runs=Runs.asked(deep, python, tier, condition, (run_deadline, run_total)),
        timeline=timeline,
    )
    raise typer.Exit(run(wanted))


app.command()(detonate)
app.command()(bom)
app.command()(rules)
app.command()(explain)
app.command("self-test")(machine.self_test)
app.add_typer(microvms.app, name="microvm")
app.add_typer(databases.app, name="db")


@app.command("schema")
def print_schema() -> None:
    """Print the JSON schema of the JSON report."""
    json.dump(schema(), sys.stdout, indent=2)
    sys.stdout.write("\n")


def limits(deadline: int | None, max_expanded: str | None) -> Limits:
    """Return the limits with what the caller set.

    Raises:
        UsageError: a size is none.

    """
    base = Limits()
    match = _SIZE.fullmatch(max_expanded.strip()) if max_expanded else None
    if max_expanded and not match:
        raise UsageError(f"--max-expanded {max_expanded!r}: write a size such as 500MiB or 16GiB")
    return Limits(
        deadline_s=base.deadline_s if deadline is None else deadline,
        expanded_bytes=int(match[1]) * _UNIT[match[2].lower()] if match else base.expanded_bytes,
    )


@cache
def whole() -> typer.Typer:
    """Return the app with the commands of badges, whose cryptography takes 60 ms to import."""
    from pratique.cli import badging  # noqa: PLC0415 - a scan does without

    badging.register(app)
    return app
