"""What raises an advisory's priority: CISA's list of exploited CVEs, and FIRST's EPSS."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pratique.core.errors import MalformedError
from pratique.core.limits import MiB

MOST: Final = 512 * MiB
_GZIP: Final = b"\x1f\x8b"


def exploited(path: Path) -> tuple[frozenset[str], str]:
    """Return the CVEs of a KEV catalogue (JSON, plain or gzip), and its release date.

    Raises:
        MalformedError: it is none.

    """
    try:
        told = json.loads(_body(path))
        rows = told["vulnerabilities"]
        return frozenset(str(row["cveID"]) for row in rows), str(told.get("dateReleased", ""))
    except (ValueError, KeyError, TypeError) as e:
        raise MalformedError(f"{path.name}: is no KEV catalogue: {e!r}"[:300]) from e


def likely(path: Path) -> tuple[Mapping[str, float], str]:
    """Return each CVE's probability of an EPSS table (CSV, plain or gzip), and its date.

    Raises:
        MalformedError: it is none.

    """
    try:
        lines = io.StringIO(_body(path).decode("utf-8"))
        first = lines.readline()
        when = first.partition("score_date:")[2].strip() if first.startswith("#") else ""
        if not first.startswith("#"):
            lines.seek(0)
        told = {row["cve"]: float(row["epss"]) for row in csv.DictReader(lines)}
    except (ValueError, KeyError, TypeError, csv.Error) as e:
        raise MalformedError(f"{path.name}: is no EPSS table: {e!r}"[:300]) from e
    if not told:
        raise MalformedError(f"{path.name}: is no EPSS table: it has no row")
    if not all(0 <= value <= 1 for value in told.values()):
        raise MalformedError(f"{path.name}: has an EPSS that is no probability")
    return told, when


def _body(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            body = file.read(MOST + 1)
    except (OSError, EOFError, zlib.error) as e:
        raise MalformedError(f"{path.name}: cannot be read: {e}"[:300]) from e
    if len(body) > MOST:
        raise MalformedError(f"{path.name}: is larger than {MOST} bytes")
    return body
