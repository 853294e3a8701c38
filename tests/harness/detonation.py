"""Detonations for tests: the jail, an interpreter with loaders, models made on the spot."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from harness.make_trojans import Trojan
from pratique.core.trace import Detonation, Event
from pratique.sandbox.detonate import Options
from pratique.sandbox.detonate.conditions import CONDITIONS, named

HARNESS = Path(__file__).parent
LOADERS = HARNESS.parents[1] / ".loaders" / "bin" / "python"


def loaders() -> Path:
    """Return the interpreter that `make loaders` made, or skip the test."""
    if not LOADERS.is_file():
        pytest.skip("SKIPPED: no .loaders beside .venv; run `make loaders`")
    return LOADERS


def made(script: str, name: str, folder: Path, python: Path) -> Path:
    """Return the folder of a model that the script in this folder made."""
    asked = [str(python), "-W", "ignore", str(HARNESS / script), str(folder), name]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr[-2000:]
    return folder / name


def options(python: Path, conditions: Sequence[str] = (), deadline_s: float = 60) -> Options:
    """Return options with the conditions of these names, the first one where none is named."""
    chosen = named(tuple(conditions)) if conditions else CONDITIONS[:1]
    return Options(python, chosen, deadline_s, cache=Path(_learnt().name))


@cache
def _learnt() -> tempfile.TemporaryDirectory[str]:
    """Return where baselines of the tests' own interpreter are kept while the tests run."""
    return tempfile.TemporaryDirectory(prefix="pratique-baselines-")


def own() -> Path:
    """Return the interpreter that runs the tests: it has numpy and no other loader."""
    return Path(sys.executable)


def shown(seen: Detonation, trojan: Trojan) -> set[str]:
    """Return the names of the conditions under which a trojan's event was recorded."""
    return {run.condition.name for run, event in seen.events() if _is(event, trojan)}


def _is(event: Event, trojan: Trojan) -> bool:
    words = all(text in event.word(word) for word, text in trojan.words)
    return event.call == trojan.call and event.source != "python" and words
