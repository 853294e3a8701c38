"""The suite for an operator: one sandbox on this machine, in a child that is enclosed first."""

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from pratique.core.errors import JailError
from pratique.sandbox import escapes
from pratique.sandbox.escape_suite.verdict import Result, Verdict
from pratique.sandbox.jail.sandbox import JailSandbox

LONGEST_S = 900.0

_BEGIN = """
import json, sys
root, packages, record = json.loads(sys.argv[1])
sys.path[:0] = [root]
sys.path += [p for p in packages if p not in sys.path]
from pratique.sandbox.escape_trial import inside
inside(record=record)
"""


def jail(*, record: bool) -> Iterator[Result]:
    """Make every attempt from inside the jail of tier 1 here; yield the verdicts as they come.

    With `record` its inmates are recorded, as in a detonation; without, they serve.

    Raises:
        JailError: the suite could not be run to its end.

    """
    root = str(Path(__file__).parent.parent.parent)
    packages = [p for p in sys.path if p.endswith("-packages")]
    told = json.dumps([root, packages, record])
    canary = {escapes.VARIABLE: secrets.token_hex(16)}
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _BEGIN, told],
        env=os.environ | canary,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        end = threading.Timer(LONGEST_S, child.kill)
        end.start()
        try:
            for line in child.stdout or ():
                found = json.loads(line)
                yield Result(**{**found, "verdict": Verdict(found["verdict"])})
        finally:
            end.cancel()
        said = child.stderr.read() if child.stderr else ""
    if child.returncode:
        last = said.strip().rpartition("\n")[2]
        raise JailError(f"the escape suite ended with {child.returncode}: {last}")


def inside(*, record: bool) -> None:
    """Be the child: leave the network, make the attempts, print each verdict as a line of JSON."""
    escapes.enclose(user=False)
    escapes.run(JailSandbox(), record=record, tell=_say)


def _say(result: Result) -> None:
    print(json.dumps(asdict(result)), flush=True)  # noqa: T201 - to the process that started it
