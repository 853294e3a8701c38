"""Write docs/guides/session.md: a terminal session, every command of it run for real.

    python -m scripts.make_session

It works in a temporary folder with a home of its own. Times and key ids differ from run to run;
the interpreter's folder is written as `(python)`.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.borrowed_model import bodies, write
from scripts.demo import flip, trojan

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/guides/session.md"
HEAD = """<!-- written by scripts/make_session.py; do not edit -->
# A session

Every command below was run by `scripts/make_session.py`, which also made the three folders:
`borrowed-model` has good weights, an old checkpoint that runs a command when it is loaded, and
a chat template that reaches for Python's builtins; `clean-model` has weights, a configuration
and a card; `late-model` is a pickle with the demo's harmless trojan in it."""
LATE = """Some code waits until nobody looks. Loaded in a sandbox full of decoys, it shows: this one
wakes two seconds later and takes a key along."""
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("A model that somebody recommended. Nothing of it is loaded.", ("scan borrowed-model",)),
    ("What does a rule mean?", ("explain BKD001",)),
    ("A clean one.", ("scan clean-model",)),
    (
        LATE,
        ("detonate late-model",),
    ),
    (
        "Sign what was found, and mark the model card. The keys are made once.",
        ("keys init", "badge clean-model --card"),
    ),
    ("Anyone who has your `trust.json` can check that, offline.", ("verify clean-model",)),
)
LAST = "Then one bit changes."
NARROW = "100"


def clean(folder: Path) -> None:
    """Write a folder with nothing to find in it."""
    whole = bodies()
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(whole["model.safetensors"])
    (folder / "config.json").write_bytes(whole["config.json"])
    (folder / "README.md").write_text("# A small model\n\nTwo layers of noise.\n")


def told(home: Path, command: str) -> str:
    """Run a command of Pratique and return it with what it said and its exit code."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "PRATIQUE_"))}
    env = kept | {"HOME": str(home / "home"), "COLUMNS": NARROW, "NO_COLOR": "1"}
    words = [sys.executable, "-m", "pratique", *command.split()]
    done = subprocess.run(words, cwd=home, env=env, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).replace(str(home / "home"), "~").replace(f"{home}/", "")
    said = said.replace(sys.base_prefix, "(python)")
    lines = [line.rstrip() for line in said.strip("\n").splitlines()]
    ends = [] if done.returncode == 0 else [f"(exit {done.returncode})"]
    return "\n".join([f"$ pratique {command}", *lines, *ends])


def blocks(home: Path) -> list[str]:
    """Return the page's parts."""
    write(home / "borrowed-model")
    clean(home / "clean-model")
    (home / "late-model").mkdir()
    (home / "late-model" / "model.pkl").write_bytes(trojan())
    parts = [HEAD]
    for words, commands in STEPS:
        parts += [words, *(fenced(told(home, command)) for command in commands)]
    flip(home / "clean-model" / "model.safetensors", at=9_000)
    return [*parts, LAST, fenced(told(home, "verify clean-model"))]


def fenced(text: str) -> str:
    """Return a console block; blank lines at most one at a time."""
    return "```console\n" + re.sub(r"\n{3,}", "\n\n", text) + "\n```"


def main() -> int:
    """Write the page."""
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "home").mkdir()
        PAGE.write_text("\n\n".join(blocks(Path(home))) + "\n")
    print(f"{PAGE.relative_to(ROOT)}: {len(PAGE.read_text().splitlines())} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
