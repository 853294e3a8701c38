"""What advisories cost: an index, a lookup, and thousands of inventories matched again.

The archive is made here, in the shape and number of OSV's for PyPI, so that nothing is fetched.
"""

import hashlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from bench.rows import Row
from pratique.advisories.build import build
from pratique.advisories.database import Database
from pratique.advisories.match import Matcher
from pratique.core.component import Component, Inventory, Relation, Sure
from pratique.core.limits import MiB

Add = Callable[[Row], None]
RECORDS, PACKAGES, LISTED = 7_080, 1_530, 80
INVENTORIES, NEEDS, TURNS = 10_000, 20, 40
REQUIREMENTS = 300
WORDS = "An attacker who controls the input of this function can make it run code. " * 16


def advisories(add: Add) -> None:
    """Measure indexing, matching one package, and matching all former scans again."""
    draw = random.Random(4)
    with tempfile.TemporaryDirectory(prefix="pratique-bench-") as room:
        archive = Path(room) / "all.zip"
        _archive(archive, draw)
        _index(add, archive, Path(room) / "db")
        database = Database.open(Path(room) / "db")
        _requirements(add, database, draw)
        database.close()
        _again(add, Path(room) / "db")


def _archive(to: Path, draw: random.Random) -> None:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(RECORDS):
            listed = [f"{n // 10}.{n % 10}.0" for n in range(draw.randrange(1, 2 * LISTED))]
            end = draw.choice(listed)
            record = {
                "id": f"BENCH-{number}",
                "modified": "2026-01-01T00:00:00Z",
                "aliases": [f"CVE-2099-{number}"],
                "details": WORDS,
                "severity": [
                    {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
                ],
                "affected": [
                    {
                        "package": {
                            "ecosystem": "PyPI",
                            "name": f"package-{draw.randrange(PACKAGES)}",
                        },
                        "ranges": [
                            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": end}]}
                        ],
                        "versions": listed,
                    }
                ],
            }
            archive.writestr(f"BENCH-{number}.json", json.dumps(record))


def _index(add: Add, archive: Path, to: Path) -> None:
    began = time.perf_counter()
    built = build(to, [("PyPI", archive)])
    took = time.perf_counter() - began
    began = time.perf_counter()
    with zipfile.ZipFile(archive) as opened:
        bodies = [opened.read(member) for member in opened.infolist()]
        for body in bodies:
            json.loads(body)
    parsing = time.perf_counter() - began
    began = time.perf_counter()
    hashlib.sha256(b"".join(bodies)).digest()
    hashing = time.perf_counter() - began
    add(Row(f"index of {built.records} records, over parsing them as JSON", took / parsing, "x", 8))
    add(Row("the same, over a SHA-256 of the same bytes", took / hashing, "x"))
    add(Row("the same", took, "s", 3))


def _one(draw: random.Random) -> Component:
    number = draw.randrange(PACKAGES * 2)  # half of what is named has no advisory
    version = f"{draw.randrange(16)}.{draw.randrange(10)}.0"
    loose = draw.random() < 0.2
    return Component(
        ecosystem="PyPI",
        name=f"package-{number}",
        version="" if loose else version,
        spec=f">={version}" if loose else f"=={version}",
        sure=Sure.RANGE if loose else Sure.EXACT,
        relation=Relation.NEEDS,
        path="requirements.txt",
        via="requirements",
    )


def _requirements(add: Add, database: Database, draw: random.Random) -> None:
    took = []
    for _ in range(TURNS):
        inventory = Inventory(components=tuple(_one(draw) for _ in range(REQUIREMENTS)))
        began = time.perf_counter()
        Matcher(database).match(inventory, database.snapshot())
        took.append((time.perf_counter() - began) * 1000)
    slow = statistics.quantiles(took, n=20)[-1]
    add(Row(f"{REQUIREMENTS} requirements matched, 95th percentile, cold", slow, "ms", 100))


def _again(add: Add, index: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.advisories", index],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    says = f"{INVENTORIES} inventories of {NEEDS} matched again, {told['found']} matches"
    add(Row(says, told["seconds"], "s", 60))
    add(Row("peak memory of a process that does this alone", told["peak"] / MiB, "MiB", 300))


def again(index: Path) -> None:
    """Match former scans again, in a process of its own: a peak is of a whole process."""
    draw = random.Random(5)
    made = [
        Inventory(components=tuple(_one(draw) for _ in range(NEEDS))) for _ in range(INVENTORIES)
    ]
    database = Database.open(index)
    began = time.perf_counter()
    matcher = Matcher(database)
    found = sum(len(matcher.match(one, database.snapshot()).matches) for one in made)
    took = time.perf_counter() - began
    # not ru_maxrss: that of the process which started this one is kept across exec
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    print(json.dumps({"found": found, "seconds": took, "peak": peak}))


if __name__ == "__main__":
    again(Path(sys.argv[1]))
