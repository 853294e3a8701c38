"""Inspect one file in this process, timed without start-up: `python -m bench.inside PATH`."""

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
    """Print the seconds that readers, the one pass and rules took, and what they accounted for."""
    limits = Limits()
    warm()
    with Path(sys.argv[1]).open("rb") as file, tempfile.TemporaryFile() as scratch:
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
    print(json.dumps({"seconds": seconds, "told": told}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
