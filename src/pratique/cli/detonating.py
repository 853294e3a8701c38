"""`pratique detonate`: load and ask a model in a sandbox, and judge what it did."""

from pathlib import Path
from typing import Annotated

import typer

from pratique.cli.caching import default_cache
from pratique.cli.judging import Judge, load_pack
from pratique.cli.options import (
    Conditions,
    Format,
    Output,
    Policy,
    Progress,
    Python,
    ReportFormat,
    TierName,
    Timeline,
    Waivers,
)
from pratique.cli.runs import Runs
from pratique.cli.scanning import Wanted, run
from pratique.core.finding import Stage
from pratique.flows.asked import Asked


def detonate(  # noqa: PLR0913 - each option is an argument
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A file or a folder of this machine.")
    ],
    *,
    python: Python = None,
    tier: TierName = None,
    condition: Conditions = None,
    deadline: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Seconds for one run.", show_default="90")
    ] = None,
    total: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Seconds for all runs.", show_default="900"),
    ] = None,
    output_format: ReportFormat = Format.TEXT,
    output: Output = None,
    timeline: Timeline = False,
    policy: Policy = "default",
    waivers: Waivers = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder of baselines that were learnt on this machine.",
            envvar="PRATIQUE_CACHE",
            show_default="pratique in the user's cache folder",
        ),
    ] = None,
    progress: Progress = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every finding and gap, and tracebacks.")
    ] = False,
) -> None:
    """Load a model as its users would, in a sandbox, and tell what it does.

    Judges the stage network alone: no rule reads a file. `pratique scan --deep` does both.
    """
    wanted = Wanted(
        (path,),
        Judge(load_pack(policy, waivers)),
        Asked(cache=cache or default_cache()),
        format=output_format.value,
        output=output,
        progress=progress,
        verbose=verbose,
        runs=Runs(python, tier, tuple(condition or ()), deadline, total),
        only=Stage.NETWORK,
        timeline=timeline,
    )
    raise typer.Exit(run(wanted))
