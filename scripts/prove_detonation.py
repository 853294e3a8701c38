"""Detonate every trojan and every honest model of the tests through the command, and write it up.

    python scripts/prove_detonation.py [-o docs/proofs/detonation.md] [NAME...]

Needs `make loaders`. Each model is made on the spot, scanned (read, not run) and detonated under
all conditions. A trojan must be found by detonation, an honest model must give no finding at all.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "tests")]

from evals.revision import commit  # noqa: E402 - the path is set above
from harness.detonation import LOADERS, made  # noqa: E402 - the path is set above
from harness.make_honest_models import MODELS  # noqa: E402
from harness.make_trojans import TROJANS  # noqa: E402

PRATIQUE = str(Path(sys.executable).with_name("pratique"))
SHOWN = 6
TELLING = ("connect", "dns", "received", "sendto", "execve", "fork", "remove", "kernel", "open")


@dataclass(frozen=True, slots=True)
class Told:
    """What the two commands said of one model."""

    name: str
    kind: str
    static: str
    verdict: str
    rules: tuple[str, ...]
    loaders: tuple[str, ...]
    seconds: float
    timeline: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Tell whether it came out as it must."""
        if self.kind == "honest":
            return self.verdict == "admit" and not self.rules
        return bool(self.rules) and self.verdict in {"reject", "review"}


def main() -> int:
    """Prove all and write the page; return 1 when a model did not come out as it must."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", help="models (all)")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs/proofs/detonation.md")
    asked = parser.parse_args()
    if not LOADERS.is_file():
        print("prove_detonation: run `make loaders` first", file=sys.stderr)
        return 2
    many = [("trojan", n, "make_trojans.py") for n in TROJANS]
    many += [("honest", n, "make_honest_models.py") for n in MODELS]
    found = []
    for kind, name, script in many:
        if asked.names and name not in asked.names:
            continue
        with tempfile.TemporaryDirectory(prefix="pratique-prove-") as folder:
            told = one(kind, name, made(script, name, Path(folder), LOADERS))
        found.append(told)
        mark = "as it must" if told.held else "NOT AS IT MUST"
        print(
            f"{len(found)}/{len(many)} {kind} {name}: read {told.static}, run {told.verdict} "
            f"{' '.join(told.rules)} in {told.seconds:.0f} s: {mark}",
            flush=True,
        )
    if not asked.names:
        asked.output.write_text(page(found))
    return 0 if all(told.held for told in found) else 1


def one(kind: str, name: str, model: Path) -> Told:
    """Scan and detonate one model."""
    static = report("scan", str(model), "--no-cache")
    began = time.monotonic()
    deadline = ("--deadline", "20") if name == "past-deadline" else ()
    told = report("detonate", str(model), "--python", str(LOADERS), *deadline)
    seconds = time.monotonic() - began
    rules = tuple(dict.fromkeys(f["rule"] for f in told["findings"]))
    runs = (told["detonation"] or {}).get("runs", [])
    loaders = tuple(dict.fromkeys(run["loader"] for run in runs))
    return Told(
        name, kind, read(static), told["verdict"], rules, loaders, seconds, tuple(timeline(runs))
    )


def read(static: dict[str, Any]) -> str:
    """Return what the static scan said, in a word and its rules."""
    rules = " ".join(dict.fromkeys(f["rule"] for f in static["findings"]))
    return f"{static['verdict']} {rules}".strip()


def timeline(runs: list[dict[str, Any]]) -> list[str]:
    """Return the first telling events of the run that has most of them."""
    best: list[str] = []
    for run in runs:
        seen = [e for e in run["events"] if e["call"] in TELLING and e["source"] != "python"]
        lines = [line(run, event) for event in seen]
        best = max(best, list(dict.fromkeys(lines))[:SHOWN], key=len)
    return best


def line(run: dict[str, Any], event: dict[str, Any]) -> str:
    """Return one event in a line."""
    detail = event["detail"]
    pairs = detail.items() if isinstance(detail, dict) else detail
    words = " ".join(f"{k}={str(v)[:70]}" for k, v in pairs)
    return (
        f"{run['condition']['name']:>13} +{event['at_ms'] / 1000:.3f} s {event['phase']:<5} "
        f"p{event['process']} {event['call']:<8} {words} ({event['outcome']})"
    )


def report(*words: str) -> dict[str, Any]:
    """Return the one target of a JSON report."""
    argv = [PRATIQUE, *words, "--format", "json", "--no-progress"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1, 3}:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr}")
    return dict(json.loads(done.stdout)["targets"][0])


def page(found: list[Told]) -> str:
    """Return the page of this proof."""
    trojans = [told for told in found if told.kind == "trojan"]
    honest = [told for told in found if told.kind == "honest"]
    unseen = [told for told in trojans if told.static == "admit"]
    accused = sum(not told.held for told in honest)
    loaders = {loader for told in honest for loader in told.loaders}
    made_by = (
        f"Made by `python scripts/prove_detonation.py` at commit {commit()}, "
        f"{datetime.now(UTC):%F} (Linux {platform.release()}, tier 1).\n"
    )
    about = (
        "Every model is made on the spot and harmless: payloads touch files of the sandbox and "
        "addresses reserved for documentation. `read` is `pratique scan`, `run` is `pratique "
        "detonate` under all conditions.\n"
    )
    outcome = (
        f"**{sum(t.held for t in trojans)} of {len(trojans)} trojans found when run, "
        f"{len(unseen)} of them invisible to every static rule "
        f"({', '.join(t.name for t in unseen)}). {accused} of {len(honest)} honest models accused, "
        f"over {len(loaders)} loaders.**\n"
    )
    head = "loaders | read | run | rules that speak | s |\n|---|---|---|---|---|--:|"
    lines = [
        "# Trojans and honest models, detonated\n",
        *(made_by, about, outcome),
        f"| trojan | {head}",
        *(row(told) for told in trojans),
        f"\n| honest model | {head}",
        *(row(told) for told in honest),
        "\n## What was seen\n",
        "The first telling events of one run of each trojan.\n",
    ]
    for told in trojans:
        lines += [f"### {told.name}\n", "```", *(told.timeline or ("(no such event)",)), "```\n"]
    return "\n".join(lines)


def row(told: Told) -> str:
    """Return one row."""
    mark = "" if told.held else " **!**"
    return (
        f"| {told.name}{mark} | {', '.join(told.loaders)} | {told.static} | {told.verdict} | "
        f"{' '.join(told.rules)} | {told.seconds:.0f} |"
    )


if __name__ == "__main__":
    sys.exit(main())
