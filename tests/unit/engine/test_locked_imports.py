"""A locked worker cannot open a file, so nothing may be imported after it was warmed."""

import json
import subprocess
import sys
from pathlib import Path

from harness.inspecting import BESIDE, inspect_bytes, sample_bytes

SAMPLES = Path(__file__).parent.parent.parent / "samples"

SCRIPT = """
import os, sys
from dataclasses import asdict
from pratique.core.limits import Limits
from pratique.engine import worker
worker.warm()
sys.meta_path.clear()
def send(frame):
    if "No module named" in str(frame.get("why", "")):
        print(name.rsplit("/", 1)[-1], frame["why"])
for name in sys.argv[1:]:
    fd, scratch = os.open(name, os.O_RDONLY), os.memfd_create("scratch")
    do = "repository" if name.endswith(".facts") else "file"
    size = os.stat(name).st_size
    limits = asdict(Limits())
    worker.serve({"do": do, "size": size, "rules": None, "limits": limits}, (fd, scratch), send)
    os.close(fd)
    os.close(scratch)
"""


def facts_of(tree: dict[str, bytes]) -> str:
    """Return what a worker is handed to judge a repository."""
    rows = [
        {
            "path": path,
            "digest": "",
            "size": len(body),
            "facts": [[f.kind, f.chain, f.data] for f in inspect_bytes(body).facts],
        }
        for path, body in tree.items()
        if path != BESIDE
    ]
    return json.dumps({"files": rows, "said": [], "partial": ""})


def test_every_sample_is_judged_without_an_import(tmp_path: Path) -> None:
    files = []
    for case in sorted(p for p in SAMPLES.glob("*/*") if p.name.endswith((".hex", ".tree.json"))):
        sample = sample_bytes(case)
        path = tmp_path / f"{case.parent.name}-{case.name}"
        if isinstance(sample, bytes):
            path.write_bytes(sample)
        else:
            path = path.with_suffix(".facts")
            path.write_text(facts_of(sample))
        files.append(str(path))
    command = [sys.executable, "-c", SCRIPT, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == ""
