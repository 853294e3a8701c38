"""What isolation costs: starting a jail, a warm worker, a microVM, a recorder, a detonation.

Each figure is the median of alternating turns with what it is compared to, in one run. A jail that
this machine does not offer, or loaders that are not installed, leave their rows out and say so.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.rows import Row
from pratique.core.errors import MachineError
from pratique.core.trace import Ending
from pratique.sandbox.detonate.run import Options, detonate
from pratique.sandbox.jail.sandbox import JailSandbox
from pratique.sandbox.microvm import snapshot
from pratique.sandbox.microvm.disks import hole
from pratique.sandbox.microvm.image import PYTHON as IMAGE_PYTHON
from pratique.sandbox.microvm.machine import BASE, DISKS
from pratique.sandbox.microvm.sandbox import MicroVmSandbox, find_image, with_best
from pratique.sandbox.microvm.vmm import Plan, Vmm
from pratique.sandbox.port import Bounds, Job, Mount, Sandbox
from pratique.sandbox.workers import Zygote

ROOT = Path(__file__).parent.parent
LOADERS = ROOT / ".loaders" / "bin" / "python"
TURNS, SLOW_TURNS = 20, 5
WEIGHTS_MB = 500
PROGRAM = "pratique.sandbox.guest.idle"
_SAVE = """
import sys, torch
torch.manual_seed(0)
n = int(sys.argv[2]) * 1_000_000 // 4 // 16
torch.save({f"layer.{i}.weight": torch.randn(n) for i in range(16)}, sys.argv[1])
"""
_SMALL = """
import sys, torch
torch.manual_seed(0)
layers = torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8)
torch.save(torch.nn.Sequential(*layers), sys.argv[1])
"""

Add = Callable[[Row], None]
Turn = Callable[[], None]


def sandboxes(add: Add) -> None:
    """Measure every tier that this machine offers."""
    jail = JailSandbox()
    if not jail.offer().usable:
        print(f"bench: no jail here: {jail.offer().says}", file=sys.stderr)
        return
    starts(add, jail)
    workers(add)
    microvm(add)
    if not LOADERS.is_file():
        print("bench: no .loaders here: `make loaders` makes it", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="pratique-bench-") as folder:
        recorder(add, jail, Path(folder))
        detonation(add, jail, Path(folder))


def starts(add: Add, jail: Sandbox) -> None:
    """Compare a jailed interpreter that has answered with a bare one that has ended."""
    job = Job(PROGRAM)
    bare = [sys.executable, "-I", "-c", "pass"]

    def jailed() -> None:
        with jail.start(job) as inmate:
            list(inmate.ask({"echo": 1}, 10))

    found = turns({"bare": lambda: _quiet(bare), "jail": jailed}, TURNS)
    add(
        Row(
            "jail: start, answer and end, above a bare interpreter",
            1000 * (found["jail"] - found["bare"]),
            "ms",
            most=100,
        )
    )
    add(Row("jail: a bare interpreter", 1000 * found["bare"], "ms"))


def workers(add: Add) -> None:
    """Report what a locked worker of a warm zygote costs."""
    with Zygote.start("pratique.sandbox.probe") as zygote:

        def one() -> None:
            zygote.worker().close()

        one()
        found = turns({"worker": one}, TURNS)
    add(Row("jail: a locked worker of a warm zygote", 1000 * found["worker"], "ms", most=5))


def microvm(add: Add) -> None:
    """Report how long a microVM takes from its snapshot to its first answer, and to a program's."""
    tier = MicroVmSandbox()
    offered = tier.offer()  # which takes the snapshot, where there is none yet
    if not offered.usable:
        print(f"bench: no microVM here: {offered.says}; {offered.mend}", file=sys.stderr)
        return
    job = Job(PROGRAM, python=Path(IMAGE_PYTHON))

    def served() -> None:
        with tier.start(job) as inmate:
            list(inmate.ask({"echo": 1}, 30))

    found = turns({"restored": lambda: _restored(tier), "served": served}, SLOW_TURNS)
    label = offered.says.partition(";")[0]
    add(Row(f"{label}: from its snapshot to its first answer", found["restored"], "s", most=1))
    add(Row(f"{label}: a program started, answered, and all ended", found["served"], "s"))


def _restored(tier: MicroVmSandbox) -> None:
    """Restore a machine and hear its first word: that an order of nothing is none."""
    image = find_image(tier.folder)
    machine = with_best(tier.folder, image)
    with contextlib.ExitStack() as opened:
        fds = {}
        for name in DISKS:
            fds[name] = os.open(image.root, os.O_RDONLY) if name == "root" else hole()
            opened.callback(os.close, fds[name])
        state = os.open(snapshot.take(tier.folder, machine, image), os.O_RDONLY)
        opened.callback(os.close, state)
        vmm = opened.enter_context(
            contextlib.closing(Vmm.start(Plan(machine, image, fds, BASE, state)))
        )
        vmm.tell({}, time.monotonic() + 30)
        if "error" not in vmm.hear(time.monotonic() + 30):
            raise MachineError("a machine that got no order did not say so")


def recorder(add: Add, jail: Sandbox, folder: Path) -> None:
    """Compare loading a large checkpoint with and without a recording, both jailed."""
    path = folder / "weights.pt"
    _quiet([str(LOADERS), "-c", _SAVE, str(path), str(WEIGHTS_MB)])
    times: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(SLOW_TURNS):
        for record in (False, True):
            times[record].append(_loaded(jail, path, record=record))
    bare, watched = (statistics.median(times[record]) for record in (False, True))
    add(
        Row(
            f"recorder: loading {WEIGHTS_MB} MB by torch, above the same jail without",
            100 * (watched / bare - 1),
            "%",
            most=25,
        )
    )
    add(Row(f"recorder: loading {WEIGHTS_MB} MB by torch, without", bare, "s"))
    path.unlink()


def _loaded(jail: Sandbox, path: Path, *, record: bool) -> float:
    """Return the seconds that a loader took for a file, its own import not counted."""
    job = Job(
        "bench_loading",
        python=LOADERS,
        paths=(ROOT / "bench" / "guest",),
        mounts=(Mount(path, "/model.pt"),),
        bounds=Bounds(deadline_s=300),
        record=record,
    )
    with jail.start(job) as inmate:
        (told,) = inmate.ask({"path": "/model.pt"}, 300)
    return float(told["seconds"])


def detonation(add: Add, jail: Sandbox, folder: Path) -> None:
    """Report what a whole detonation of a small torch model takes beyond importing torch."""
    path = folder / "small.pt"
    _quiet([str(LOADERS), "-c", _SMALL, str(path)])
    imported = turns({"torch": lambda: _quiet([str(LOADERS), "-c", "import torch"])}, SLOW_TURNS)
    began = time.perf_counter()
    found = detonate(path, jail, Options(python=LOADERS))
    took = time.perf_counter() - began
    ends = {run.ending for run in found.runs}
    if ends != {Ending.FINISHED}:
        raise MachineError(f"the honest model's runs ended as {sorted(ends)}")
    alone = max(run.seconds for run in found.runs) - imported["torch"]
    add(
        Row(
            "detonation: one run of a small torch model, beyond the import of torch",
            alone,
            "s",
            most=10,
        )
    )
    add(Row(f"detonation: all {len(found.runs)} runs of it", took, "s"))
    add(Row("detonation: the import of torch alone", imported["torch"], "s"))


def turns(many: Mapping[str, Turn], count: int) -> dict[str, float]:
    """Run all in turns, `count` times; return the median seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in many}
    for _ in range(count):
        for name, turn in many.items():
            began = time.perf_counter()
            turn()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(found) for name, found in times.items()}


def _quiet(words: list[str]) -> None:
    subprocess.run(words, check=True, capture_output=True, stdin=subprocess.DEVNULL)
