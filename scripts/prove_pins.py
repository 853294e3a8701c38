"""Compare what `pratique scan` says of pinned requirements with what pip-audit says.

    python scripts/prove_pins.py --data FOLDER [--page docs/proofs/pins.md]

FOLDER (or PRATIQUE_ADVISORY_DATA) holds `pypa-osv-all.zip`. pip-audit asks a server for every pin;
here that is one on loopback (`osv_server.py`) that answers out of the same archive by the code of
OSV's own servers. Both peers are installed from PyPI into environments of their own. Exits 1 where
an answer differs.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parent.parent
AUDIT = ("pip-audit==2.10.1",)
SERVER = ("osv==0.0.22", "packaging==21.3", "pyparsing==3.2.5", "requests==2.32.5",
          "charset-normalizer", "idna", "urllib3", "certifi")  # fmt: skip
"""Of osv's dependencies only what its order of versions needs; pip-audit wants other ones."""
PINS = 400
Row = tuple[str, str, frozenset[str]]
"""A package, its pinned version, and every name of one vulnerability."""


def main() -> int:
    """Write the page; return 1 where an answer differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("PRATIQUE_ADVISORY_DATA", "."))
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "proofs" / "pins.md")
    asked = parser.parse_args()
    archive = asked.data / "pypa-osv-all.zip"
    if not archive.is_file():
        print(f"prove_pins: SKIPPED, no {archive.name} in {asked.data}", file=sys.stderr)
        return 2
    pins = list(chosen(archive))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        model = place / "model"
        model.mkdir()
        requirements = model / "requirements.txt"
        requirements.write_text("".join(f"{name}=={version}\n" for name, version in pins))
        theirs, their_time = pip_audit(requirements, archive, place)
        ours, our_time = pratique(model, archive, place)
    only_ours, only_theirs = _missing(ours, theirs), _missing(theirs, ours)
    asked.page.write_text(
        page(pins, ours, theirs, [*only_ours, *only_theirs], (our_time, their_time))
    )
    for who, rows in (("pratique", only_ours), ("pip-audit", only_theirs)):
        for name, version, ids in rows:
            print(f"only {who}: {name}=={version} {', '.join(sorted(ids))}")
    print(f"{len(pins)} pins: {len(ours)} answers of ours, {len(theirs)} of pip-audit")
    return 1 if only_ours or only_theirs else 0


def chosen(archive: Path) -> Iterator[tuple[str, str]]:
    """Yield pins: of packages by the digest of their name, listed and mended versions in turn."""
    listed: dict[str, set[str]] = {}
    mended: dict[str, set[str]] = {}
    with zipfile.ZipFile(archive) as opened:
        for file in opened.namelist():
            for affected in json.loads(opened.read(file)).get("affected", ()):
                package = affected.get("package", {})
                if package.get("ecosystem") != "PyPI":
                    continue
                name: str = canonicalize_name(package["name"])
                listed.setdefault(name, set()).update(affected.get("versions", ()))
                for one in affected.get("ranges", ()):
                    if one["type"] == "ECOSYSTEM":
                        ends = [e["fixed"] for e in one["events"] if "fixed" in e]
                        mended.setdefault(name, set()).update(ends)
    # pip-audit 2.10 ends with a traceback where a mended version is none of PEP 440
    names = [name for name, versions in mended.items() if all(map(_ordered, versions))]
    names.sort(key=lambda name: hashlib.sha256(name.encode()).digest())
    for index, name in enumerate(names[:PINS]):
        pool = listed[name] if index % 2 and listed[name] else mended[name]
        versions = sorted(filter(_ordered, pool), key=Version)
        if versions:
            yield name, versions[int.from_bytes(name.encode()[:2]) % len(versions)]


def _ordered(version: str) -> bool:
    try:
        Version(version)
    except InvalidVersion:
        return False
    return True


def pip_audit(requirements: Path, archive: Path, place: Path) -> tuple[list[Row], float]:
    """Return what pip-audit reports, and the seconds that it took."""
    python = _environment(place / "audit", *AUDIT)
    serving = [_environment(place / "osv", "--no-deps", *SERVER), ROOT / "scripts/osv_server.py"]
    with subprocess.Popen([*serving, archive], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int((server.stdout or sys.stdin).readline())
            began = time.perf_counter()
            told = subprocess.run(
                [python, "-m", "pip_audit", "-r", requirements, "--no-deps", "--disable-pip",
                 "--progress-spinner", "off", "-f", "json", "-s", "osv",
                 "--osv-url", f"http://127.0.0.1:{port}/v1/query",
                 "--cache-dir", place / "cache"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            seconds = time.perf_counter() - began
        finally:
            server.kill()
    try:
        said = json.loads(told.stdout)
    except ValueError:
        raise SystemExit(f"prove_pins: pip-audit failed: {told.stderr[-2000:]}") from None
    rows = [
        (str(canonicalize_name(one["name"])), one["version"], frozenset({v["id"], *v["aliases"]}))
        for one in said["dependencies"]
        for v in one["vulns"]
    ]
    return rows, seconds


def _environment(home: Path, *packages: str) -> Path:
    """Make an environment and return its Python."""
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", *packages], check=True, stderr=subprocess.DEVNULL
    )
    return python


def pratique(model: Path, archive: Path, place: Path) -> tuple[list[Row], float]:
    """Return what a scan reports as affected, and the seconds that the scan took."""
    base = place / "advisories"
    command = [sys.executable, "-m", "pratique"]
    subprocess.run(
        [*command, "db", "update", "--from", archive, "--db", base], check=True, capture_output=True
    )
    began = time.perf_counter()
    told = subprocess.run(
        [*command, "scan", model, "--db", base, "-f", "json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    bill = subprocess.run(
        [*command, "bom", model, "--db", base, "-f", "openvex"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = _names(json.loads(bill.stdout))
    rows = [
        (one["name"], one["version"], frozenset({said["id"], *names.get(said["id"], ())}))
        for one in json.loads(told.stdout)["targets"][0]["components"]["components"]
        for said in one["advisories"]
        if said["state"] == "affected"
    ]
    return rows, seconds


def _names(bill: dict[str, Any]) -> dict[str, list[str]]:
    named = [row["vulnerability"] for row in bill["statements"]]
    return {one["name"]: one.get("aliases", []) for one in named}


def _missing(rows: list[Row], others: list[Row]) -> list[Row]:
    """Return the rows that share no name with any of the others about the same pin."""
    return [
        row
        for row in rows
        if not any(
            (row[0], Version(row[1])) == (o[0], Version(o[1])) and row[2] & o[2] for o in others
        )
    ]


def page(
    pins: list[tuple[str, str]],
    ours: list[Row],
    theirs: list[Row],
    differ: list[Row],
    seconds: tuple[float, float],
) -> str:
    """Return the page."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout.strip()  # fmt: skip
    rows = "\n".join(f"- {n}=={v}: {', '.join(sorted(ids))}" for n, v, ids in differ) or "None."
    hit = len({(name, version) for name, version, _ in ours})
    return f"""# Pinned requirements, held against pip-audit

Made by `python scripts/prove_pins.py --data FOLDER` at commit {commit}, {datetime.now(UTC).date()}.

{len(pins)} pinned requirements, of packages chosen by the digest of their name: for one half a
version that a record lists, for the other one that a record names as mended. {AUDIT[0]} asks a
server for each; it was one on loopback that evaluates the same archive by the code of OSV's own
servers ({SERVER[0]}). Ours is `pratique scan` over the same `requirements.txt`.

| | vulnerabilities told | seconds for the whole command |
|---|---|---|
| pratique | {len(ours)} | {seconds[0]:.1f} |
| pip-audit | {len(theirs)} | {seconds[1]:.1f} |

{hit} of the pins are affected. Records that are aliases of each other are one vulnerability to us
and may be several to pip-audit; rows agree where they share a pin and a name. Packages with a
mended version that is none of PEP 440 were passed over: pip-audit ends with a traceback at them
(ours answers unknown, unless the version is listed by name). The seconds compare a scan with an
audit that asks a server, and are no benchmark.

## Where they differ

{rows}
"""


if __name__ == "__main__":
    sys.exit(main())
