"""Learn what loaders do by themselves, and write it where the package ships it.

    python scripts/make_baselines.py --python .loaders/bin/python [LOADER...]

Each loader runs its own honest reference model in the jail under two conditions. What
another version of it did stays in the file; so does every version learnt with the same guest code.
"""

import argparse
import json
import sys
from pathlib import Path

from pratique.sandbox.detonate import Options
from pratique.sandbox.detonate.baseline import guest_digest, shipped_folder, write
from pratique.sandbox.detonate.episode import Stage, versions
from pratique.sandbox.detonate.run import learnt
from pratique.sandbox.jail.sandbox import JailSandbox


def main() -> int:
    """Learn and write; return 1 when a reference model did not run to its end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loaders", nargs="*", metavar="LOADER")
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    asked = parser.parse_args()
    options = Options(python=asked.python.absolute())
    stage = Stage(JailSandbox(), options.python)
    installed, _ = versions(stage, options.deadline_s)
    failed = 0
    for loader in asked.loaders or sorted(installed):
        keys = learnt(stage, loader, options)
        if keys is None:
            print(f"{loader}: its reference model did not finish; see `make loaders`")
            failed = 1
            continue
        path = shipped_folder() / f"{loader}.json"
        write(path, loader, {**_held(path), installed[loader]: keys})
        print(f"{loader}: {installed[loader]}: {len(keys)} events are expected")
    return failed


def _held(path: Path) -> dict[str, list[str]]:
    """Return the versions that a file knows, when they were learnt with this guest code."""
    if not path.is_file():
        return {}
    body = json.loads(path.read_text())
    return dict(body["versions"]) if body.get("guest") == guest_digest() else {}


if __name__ == "__main__":
    sys.exit(main())
