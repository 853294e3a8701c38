"""A process of those outside that attempts aim at: it holds secrets and tells what came of it."""

import contextlib
import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

# It blocks every signal, tells where its secret lies, and answers each line with what came.
_PROGRAM = """
import ctypes, json, os, signal, sys, time
secret, path = sys.argv[2], sys.argv[3]
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
os.setpgid(0, 0)
held = ctypes.create_string_buffer(secret.encode(), 64)
pad = ctypes.create_string_buffer(128)
fd = os.open(path, os.O_RDONLY)
print(json.dumps({"victim": os.getpid(), "victim_address": ctypes.addressof(held),
                  "victim_pad": ctypes.addressof(pad), "victim_size": len(secret),
                  "victim_fd": fd}), flush=True)
for _ in sys.stdin:
    came = []
    while (got := signal.sigtimedwait(signal.valid_signals(), 0)) is not None:
        came.append(got.si_signo)
    halves = (pad.raw[:64], pad.raw[64:])
    pads = [half.split(b"\\0")[0].decode("latin-1") for half in halves]
    print(json.dumps({"signals": came, "pads": pads}), flush=True)
    ctypes.memset(pad, 0, 128)
"""

SIGNALLING = (
    *("signal-host-process", "signal-host-group", "signal-host-thread"),
    *("signal-host-thread-by-tkill", "queue-signal-to-host-process"),
    *("signal-host-process-by-descriptor", "signal-by-file-owner"),
)
_FIRST_SIGNAL = 40
FEW_FILES, NICE, OOM_SCORE = 77, 7, 77


@dataclass(slots=True)
class Victim:
    """The process, what it told of itself, and its settings as they should be."""

    process: subprocess.Popen[str]
    told: dict[str, Any]
    before: tuple[object, ...] = ()

    @classmethod
    def start(cls, secret: str, path: Path, mark: str) -> Self:
        """Start it; its command line, its environment, its memory and an open file hold secrets."""
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM, mark, secret, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        victim = cls(process, json.loads(_line(process)))
        victim.before = victim.settings()
        return victim

    def targets(self) -> dict[str, Any]:
        """Return where it is to be hit."""
        numbers = {name: _FIRST_SIGNAL + n for n, name in enumerate(SIGNALLING)}
        tuned = {"few_files": FEW_FILES, "nice": NICE, "oom_score": OOM_SCORE}
        core = {"core": min(os.sched_getaffinity(0))}
        return {**self.told, **tuned, **core, "signals": numbers}

    def settings(self) -> tuple[object, ...]:
        """Return what attempts would change: limit, priority, processors, the killer's score."""
        pid = self.process.pid
        score = Path(f"/proc/{pid}/oom_score_adj").read_text().strip()
        cores = frozenset(os.sched_getaffinity(pid))
        few = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        return (few, os.getpriority(os.PRIO_PROCESS, pid), cores, score)

    def harm(self) -> dict[str, str]:
        """Return, by attempt, what was done to it since the last time, and undo it."""
        if self.process.poll() is not None or self.process.stdin is None:
            return {"": f"a process outside has ended with {self.process.returncode}"}
        self.process.stdin.write("look\n")
        self.process.stdin.flush()
        came = json.loads(_line(self.process))
        names = dict(enumerate(SIGNALLING, _FIRST_SIGNAL))
        done = {names.get(n, ""): f"a process outside got signal {n}" for n in came["signals"]}
        done |= {p: "the memory of a process outside was written" for p in came["pads"] if p}
        return done | self._retuned()

    def _retuned(self) -> dict[str, str]:
        names = ("retune-limits-of", "slow", "move", "offer")
        tails = ("", "", "-to-one-core", "-to-the-killer")
        pairs = zip(names, tails, self.before, self.settings(), strict=True)
        done = {
            f"{name}-host-process{tail}": f"{old} became {new}"
            for name, tail, old, new in pairs
            if old != new
        }
        pid = self.process.pid
        if done:
            os.sched_setaffinity(pid, self.before[2])  # type: ignore[arg-type]
            with contextlib.suppress(OSError):  # root of a namespace only cannot raise it again
                resource.prlimit(pid, resource.RLIMIT_NOFILE, self.before[0])  # type: ignore[arg-type]
        self.before = self.settings()
        return done

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise OSError("the process outside has no output")
    return process.stdout.readline()
