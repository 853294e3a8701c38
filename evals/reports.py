"""Scan folders by the command line, as a user does, and tell what is grave in the reports."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

GRAVE = ("critical", "high", "medium")


def scanned(folders: Sequence[Path], database: Path) -> list[dict[str, Any]]:
    """Return the JSON report on each folder, in order; nothing is kept between two scans."""
    program = str(Path(sys.executable).parent / "pratique")
    words = [program, "scan", *map(str, folders), "--format", "json", "--no-cache"]
    done = subprocess.run(
        [*words, "--db", str(database)], capture_output=True, text=True, check=False
    )
    return list(json.loads(done.stdout)["targets"])


def grave(told: dict[str, Any]) -> list[str]:
    """Return the rules that found something in a report, the gravest first."""
    rows = [f for f in told["findings"] if f["severity"] in GRAVE]
    rows.sort(key=lambda f: (GRAVE.index(f["severity"]), f["rule"]))
    return list(dict.fromkeys(str(f["rule"]) for f in rows))
