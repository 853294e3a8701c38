"""Kill the supervisor of jails at random moments, and look for what it left: 50 times.

    python scripts/prove_kill.py [-n 50] [-o docs/proofs/kill.md]

Each time a process of its own starts jails, recording and not, whose program forks, leaves its
session and ignores signals; it is killed by SIGKILL within four seconds (tier 1 alone). Then no
process of its jails, no mount, no control group with somebody in it and no file may be left.
"""

import argparse
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "tests")]

from evals.revision import commit  # noqa: E402 - the path is set above
from harness.caging import Kin, mounts  # noqa: E402 - the path is set above
from pratique.sandbox.jail import cgroups  # noqa: E402
from pratique.sandbox.jail.process import FIRST_UID, UIDS, UIDS_EACH  # noqa: E402

SEED = 20261125
SETTLE_S = 10.0
SUPERVISOR = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from harness.caging import job
from pratique.sandbox.jail.sandbox import JailSandbox
print("go", flush=True)
while True:
    for record in (True, False):
        with JailSandbox().start(job(record=record)) as inmate:
            print("inmate", inmate.pid, flush=True)
            if record:
                list(inmate.ask({{"do": "outlive"}}, 20))
                list(inmate.ask({{"do": "bomb"}}, 20))
            list(inmate.ask({{"do": "write", "path": "/tmp/x", "size": 1 << 20}}, 20))
            inmate.finish(1)
"""
LONGEST_S = 4.0


@dataclass(frozen=True, slots=True)
class Round:
    """One kill: after how long, how many jails there had been, and what was left."""

    after_s: float
    jails: int
    left: str


def main() -> int:
    """Run all rounds and write the page; return 1 when anything was left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", "--rounds", type=int, default=50)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs/proofs/kill.md")
    asked = parser.parse_args()
    moments = random.Random(SEED)  # noqa: S311 - the same moments every time
    rounds = []
    for number in range(asked.rounds):
        rounds.append(one(moments.uniform(0.05, LONGEST_S)))
        told = rounds[-1]
        print(
            f"{number + 1}/{asked.rounds}: killed after {told.after_s:.2f} s, {told.jails} jails:"
            f" {told.left or 'nothing left'}",
            flush=True,
        )
    asked.output.write_text(page(rounds))
    return 1 if any(told.left for told in rounds) else 0


def one(after_s: float) -> Round:
    """Start a supervisor, kill it, and look."""
    code = SUPERVISOR.format(paths=[str(ROOT / "src"), str(ROOT / "tests")])
    with tempfile.TemporaryDirectory() as tmp:
        before = mounts()
        environment = dict(os.environ, TMPDIR=tmp)
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment
        ) as killed:
            if killed.stdout is None:
                raise AssertionError
            killed.stdout.readline()
            kins = watched(killed, time.monotonic() + after_s)
            killed.kill()
        until = time.monotonic() + SETTLE_S
        while (left := remains(killed.pid, kins)) and time.monotonic() < until:
            time.sleep(0.05)
        if mounts() != before:
            left += f" {mounts() - before} mounts"
        left += "".join(f" file {path.name}" for path in Path(tmp).iterdir())
    for kin in kins:
        kin.__exit__()
    return Round(after_s, len(kins), left.strip())


def watched(supervisor: subprocess.Popen[bytes], until: float) -> list[Kin]:
    """Note every jail that the supervisor starts until the moment comes."""
    kins: list[Kin] = []
    stream = supervisor.stdout
    if stream is None:
        return kins
    os.set_blocking(stream.fileno(), False)
    held = b""
    while time.monotonic() < until:
        try:
            held += os.read(stream.fileno(), 4096)
        except BlockingIOError:
            time.sleep(0.005)
            continue
        *lines, held = held.split(b"\n")
        for line in lines:
            if line.startswith(b"inmate "):
                try:
                    kins.append(Kin(int(line.split()[1])))
                except OSError:
                    continue  # that jail has ended already
    return kins


def remains(supervisor: int, kins: list[Kin]) -> str:
    """Say what is left of the supervisor's jails: processes and groups."""
    found = [f"process {pid}" for kin in kins for pid in sorted(kin.alive())]
    found += [f"process {pid}: {line[:60]}" for pid, line in children(supervisor)]
    cgroups.clear()  # as the next jail does: an empty group is no more than a name
    found += [f"group {p}" for p in Path("/sys/fs/cgroup").glob(f"**/pratique-{supervisor}-*")]
    return " ".join(found)


def children(supervisor: int) -> list[tuple[int, str]]:
    """Return processes that are a jail's user or a launcher of this supervisor."""
    first = FIRST_UID + supervisor * UIDS_EACH % UIDS
    users = range(first, first + UIDS_EACH)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            owner = entry.stat().st_uid
        except OSError:
            continue
        helper = "record.sink" in line and f", {supervisor}, " in line
        if owner in users or helper or f'"parent": {supervisor},' in line:
            found.append((int(entry.name), line))
    return found


def page(rounds: list[Round]) -> str:
    """Return the page of this proof."""
    left = [told for told in rounds if told.left]
    jails = sum(told.jails for told in rounds)
    made = f"Made by `python scripts/prove_kill.py` at commit {commit()}, {datetime.now(UTC):%F}"
    who = "root" if os.geteuid() == 0 else "an ordinary user"
    about = (
        "A process starts jails, recording and serving in turns, whose inmates fork until they are "
        "refused, leave their session, ignore every signal and write files. It is killed by "
        f"SIGKILL at a random moment (seed {SEED}). Then jails' processes and users, this "
        "machine's mounts, control groups and its folder for temporary files are searched.\n"
    )
    lines = [
        "# Killed supervisors leave nothing\n",
        f"{made} (Linux {platform.release()}, {who}).\n",
        about,
        f"**{len(rounds)} kills over {jails} jails: {len(left)} left something.**\n",
        "| killed after | jails | left |\n|--:|--:|---|",
        *(f"| {t.after_s:.2f} s | {t.jails} | {t.left or 'nothing'} |" for t in rounds),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
