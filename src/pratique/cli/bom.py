"""`pratique bom`: what a model is made of, for other tools."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from pratique import __version__
from pratique.cli.caching import default_cache
from pratique.cli.databases import INCOMPLETE, Folder
from pratique.cli.options import Output, Vex
from pratique.cli.output import check_place, written
from pratique.cli.reports.safe import plain
from pratique.core.errors import MachineError
from pratique.core.scan import Scan

MOST = 2_000


class NothingToStateError(MachineError):
    """A document would say nothing."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "`-f cyclonedx-1.6` tells what the model is made of in any case"


class BomFormat(StrEnum):
    """The documents that can be written."""

    CYCLONEDX_16 = "cyclonedx-1.6"
    CYCLONEDX_17 = "cyclonedx-1.7"
    SPDX_3 = "spdx-3"
    OPENVEX = "openvex"


def bom(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A file, a folder or hf://ORG/NAME@REVISION.")
    ],
    *,
    output_format: Annotated[
        BomFormat,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="cyclonedx-1.6, cyclonedx-1.7, spdx-3, openvex.",
        ),
    ] = BomFormat.CYCLONEDX_16,
    output: Output = None,
    vex: Vex = None,
    db: Folder = None,
) -> None:
    """Write the bill of materials of a model: files, components, data, lineage, vulnerabilities.

    Exits 3 where vulnerabilities are not known, or where OpenVEX would have nothing to state.
    """
    from pratique.artifacts.sources.opening import open_source  # noqa: PLC0415 - takes 0.3 s
    from pratique.cli.scanning import statements  # noqa: PLC0415
    from pratique.flows.asked import Asked  # noqa: PLC0415
    from pratique.flows.scan import scan  # noqa: PLC0415

    if output is not None:
        check_place(output)
    cache = default_cache()
    asked = Asked(cache=cache, advisories=db, vex=statements(vex))
    source = open_source(path, cache / "hub" if cache else None)
    seen = scan(source, asked)
    trouble = _trouble(seen)
    if output_format is BomFormat.OPENVEX:
        _stateable(seen, trouble)
    told = _document(seen, output_format)
    with written(output) as out:
        json.dump(told, out, indent=2, ensure_ascii=True)
        out.write("\n")
    if trouble:
        says = f"pratique: the document tells of no vulnerabilities: {trouble}"
        Console(stderr=True, soft_wrap=True).print(Text(plain(says, MOST)))
        raise typer.Exit(INCOMPLETE)


def _trouble(seen: Scan) -> str:
    """Return why nothing is known of the vulnerabilities of what a model names."""
    if seen.matched is None:
        return "no inventory of its components could be made; `pratique scan` tells why"
    snapshot, inventory = seen.matched.snapshot, seen.matched.inventory
    if snapshot.usable or not inventory.matchable:
        return ""
    return f"{snapshot.trouble}; {snapshot.hint}"


def _stateable(seen: Scan, trouble: str) -> None:
    """Refuse to write an OpenVEX document without a statement: its schema allows none.

    Raises:
        NothingToStateError: there is none to write.

    """
    if trouble:
        raise NothingToStateError(f"no OpenVEX document was written: {trouble}")
    if seen.matched is None or not seen.matched.matches:
        says = "no advisory concerns what it names, and OpenVEX wants a statement"
        raise NothingToStateError(f"no OpenVEX document was written: {says}")


def _document(seen: Scan, wanted: BomFormat) -> dict[str, Any]:
    from pratique.attest.bom.cyclonedx import cyclonedx  # noqa: PLC0415 - one of them is needed
    from pratique.attest.bom.openvex import openvex  # noqa: PLC0415
    from pratique.attest.bom.spdx3 import spdx  # noqa: PLC0415

    name = Path(seen.target).name
    now = datetime.now(UTC)
    about = (seen, name, now, __version__)
    if wanted is BomFormat.SPDX_3:
        return spdx(*about)
    if wanted is BomFormat.OPENVEX:
        return openvex(seen, now, __version__)
    return cyclonedx(*about, version=wanted.value.partition("-")[2])
