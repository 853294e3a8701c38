"""The command line in a process of its own, from this tree."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which `python -m pratique` is this tree's."""
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}",
        **(more or {}),
    }


def command(*args: str) -> list[str]:
    """Return the argument vector of a call."""
    return [sys.executable, "-m", "pratique", *args]


def pratique(
    *args: str, before: Sequence[str] = (), timeout: float = 100
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `before` is what it is started through."""
    return subprocess.run(
        [*before, *command(*args)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def start(*args: str) -> subprocess.Popen[str]:
    """Start a command in a session of its own, so that it can be interrupted alone."""
    return subprocess.Popen(
        command(*args),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
