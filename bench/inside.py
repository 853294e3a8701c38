"""Inspect files in this process, timed without start-up: `python -m bench.inside PATH...`."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from pratique.artifacts.blob import FdBlob, Scratch
from pratique.artifacts.reader import Budget, Subject
from pratique.artifacts.readers.catalog import READERS
from pratique.core.limits import Limits
from pratique.detectors.catalog import CATALOG
from pratique.engine.inspect import Inspector
from pratique.engine.worker import warm


def main() -> int:
    """Print, a line a file, the seconds that readers, the one pass and rules took."""
    warm()
    for name in sys.argv[1:]:
        print(json.dumps(timed(Path(name))), flush=True)
    return 0


def timed(path: Path) -> dict[str, float]:
    """Return the seconds for one file, and how many things were told of it."""
    limits = Limits()
    with path.open("rb") as file, tempfile.TemporaryFile() as scratch:
        size = os.fstat(file.fileno()).st_size
        blob = FdBlob(file.fileno(), 0, size)
        held = Scratch(scratch.fileno(), limits.scratch_bytes)
        start = time.perf_counter()
        told = sum(
            1
            for _ in Inspector(READERS, CATALOG).inspect(
                Subject((), blob, Budget(limits, size), held)
            )
        )
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "told": told}


if __name__ == "__main__":
    sys.exit(main())
