"""Options that several commands share: one meaning, one wording."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    MARKDOWN = "markdown"


ReportFormat = Annotated[
    Format, typer.Option("--format", "-f", metavar="FORMAT", help="text, json, sarif or markdown.")
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write the report to this file."),
]
Policy = Annotated[
    str, typer.Option(metavar="PACK", help="A policy pack: its name, or a YAML file.")
]
Progress = Annotated[
    bool | None, typer.Option("--progress/--no-progress", help="Show progress (on a terminal).")
]
DeepToo = Annotated[
    bool, typer.Option("--deep", help="Also load and ask the model in a sandbox: stage network.")
]
RunDeadline = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Seconds for one run of --deep.", show_default="90"),
]
RunTotal = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Seconds for all its runs.", show_default="900"),
]
Python = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The interpreter whose installed loaders run the model.",
        show_default="the one that runs Pratique",
    ),
]
TierName = Annotated[
    str | None,
    typer.Option(
        "--tier",
        metavar="TIER",
        help="jail, gvisor or microvm; never replaced by a weaker one.",
        show_default="what the policy demands, or jail",
    ),
]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        "--condition",
        metavar="NAME",
        help="Run under this condition, and others so named, alone; what is left out is told.",
        show_default="every one",
    ),
]
Timeline = Annotated[
    bool, typer.Option("--timeline", help="Show all that was seen, not only what acts.")
]
Waivers = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Accepted findings, each with reason, approver and expiry."),
]
ExpectDigest = Annotated[
    str | None,
    typer.Option(metavar="sha256:...", help="What the artifact must be, or it is reported."),
]
SignedBy = Annotated[
    str | None,
    typer.Option(
        metavar="WHO",
        help="Who must have signed it: a public key's file, or NAME,https://ISSUER.",
    ),
]
Vex = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="OpenVEX or CycloneDX: what was judged of vulnerabilities, bound to this artifact.",
    ),
]
UserRulesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules", metavar="DIR", help="Your own YARA rules: a folder of .yar files, or one file."
    ),
]
ClamdOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Send every file to a ClamAV daemon, too: the path of its socket, or HOST:PORT.",
    ),
]
Signature = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Where that signature is, if not model.sig beside it."),
]
