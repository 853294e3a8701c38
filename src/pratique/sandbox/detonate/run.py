"""Detonate: plan, run every task under every condition, subtract what loaders do, and tell.

Each run has an inmate of its own, so that none finds what another left. Importing a loader is most
of a run's time; a fork of an inmate that has imported it would spare that, and was turned down: the
forks would share a tmpfs, a clock and a host name, and one could lie in wait for the next. Runs are
made two at a time instead.
"""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

from pratique import __version__
from pratique.core.jail import JailReport
from pratique.core.limits import GiB
from pratique.core.trace import Condition, Detonation, Ending, Run
from pratique.sandbox.detonate.baseline import Baseline, Baselines, learn
from pratique.sandbox.detonate.conditions import CONDITIONS, ONCE
from pratique.sandbox.detonate.decoys import plant
from pratique.sandbox.detonate.episode import Episode, Errand, Stage, judged, play, versions
from pratique.sandbox.detonate.files import Listing, listing
from pratique.sandbox.detonate.plan import Plan, Task, plan
from pratique.sandbox.port import Bounds, Sandbox

LONG_IDLE_S = 3.0
"""In the first run: long enough for a thread that wakes late."""
SHORT_IDLE_S = 0.5
SPARE_S = 30.0
"""An inmate's own deadline comes after that of the run, whose end is told better."""
RECORDER = "seccomp-recorder"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: `done` of `planned` runs, and the one that just ended."""

    done: int
    planned: int
    run: Run | None = None
    says: str = ""


Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How to detonate.

    `python` is the interpreter whose loaders are used, `deadline_s` seconds end one run and
    `total_s` all of them: conditions that were not reached are told as untried. `at_once` runs take
    place side by side; `cache` is where baselines learnt on this machine are kept.
    """

    python: Path = Path(sys.executable)
    conditions: tuple[Condition, ...] = CONDITIONS
    deadline_s: float = 90.0
    total_s: float = 900.0
    at_once: int = 2
    cache: Path | None = None
    bounds: Bounds = field(default_factory=Bounds)


def _silent(progress: Progress) -> None:
    """Tell nobody."""


def detonate(
    path: Path, sandbox: Sandbox, options: Options | None = None, tell: Tell = _silent
) -> Detonation:
    """Load a model's files as its users would, in `sandbox`, and return what was seen.

    Raises:
        NotRegularError: `path` is neither a file nor a folder.
        JailError, TierError: the sandbox does not start.
        WorkerError: the interpreter does not run the guest.

    """
    chosen = options or Options()
    found = listing(path)
    planted = plant()
    bounds = _bounds(chosen, found.size)
    stage = Stage(sandbox, chosen.python, found.mounts(), planted, bounds)
    bare = Stage(sandbox, chosen.python, bounds=bounds)
    installed, report = versions(bare, chosen.deadline_s)
    planned = plan(found, installed)
    campaign = _Campaign(stage, chosen, installed, tell)
    campaign.carry_out(planned.tasks)
    covered, unloaded = _coverage(found, planned, campaign)
    report = campaign.report or report
    return Detonation(
        tier=report.tier,
        size=found.size,
        covered=covered,
        runs=campaign.runs(),
        decoys=planted.decoys,
        unloaded=unloaded,
        held=report.held,
        missing=report.missing,
        untried=campaign.untried(),
        recorder=f"{RECORDER}@{__version__}" if RECORDER in report.held else "",
    )


class _Campaign:
    """All runs of one detonation, in the order of the conditions."""

    def __init__(
        self, stage: Stage, options: Options, installed: dict[str, str], tell: Tell
    ) -> None:
        self._stage, self._options, self._installed, self._tell = stage, options, installed, tell
        self._until = time.monotonic() + options.total_s
        self._baselines = Baselines(options.cache)
        self._known: dict[str, Baseline | None] = {}
        self._lock = threading.Lock()
        self._done: dict[tuple[int, int], Run] = {}
        self._planned = 0
        self.report: JailReport | None = None
        self.loaded: set[Task] = set()
        self.parts: dict[str, str] = {}
        self.failures: dict[Task, str] = {}

    def carry_out(self, tasks: Sequence[Task]) -> None:
        """Run every task under its conditions; the first condition of all tasks comes first."""
        conditions = self._options.conditions
        todo = [
            (at, number, task, condition)
            for at, condition in enumerate(conditions)
            for number, task in enumerate(tasks)
            if at == 0 or not task.once
        ]
        self._planned = len(todo)
        for loader in dict.fromkeys(task.loader for task in tasks):
            self._known[loader] = self._baseline(loader)
        with ThreadPoolExecutor(max(1, self._options.at_once)) as pool:
            futures = {
                pool.submit(self._one, task, condition): (at, number)
                for at, number, task, condition in todo
            }
            self._collect(futures)

    def runs(self) -> tuple[Run, ...]:
        """Return the runs in the order in which they were planned."""
        return tuple(run for _, run in sorted(self._done.items(), key=lambda item: item[0]))

    def untried(self) -> tuple[tuple[str, str], ...]:
        """Return the conditions under which some planned run did not take place, and why."""
        refused = {
            run.condition.name: run.says
            for run in self.runs()
            if run.ending is Ending.REFUSED and not run.version
        }
        chosen = {condition.name for condition in self._options.conditions}
        left = {c.name: "was not asked for" for c in CONDITIONS if c.name not in chosen}
        return (*refused.items(), *left.items())

    def _collect(self, futures: dict[Future[Run], tuple[int, int]]) -> None:
        try:
            for count, future in enumerate(as_completed(futures), 1):
                run = future.result()
                self._done[futures[future]] = run
                self._tell(Progress(count, self._planned, run))
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    def _one(self, task: Task, condition: Condition) -> Run:
        left = self._until - time.monotonic()
        if left <= 1:
            says = f"not run: {self._options.total_s:g} s were spent on the runs before"
            return Run(task.loader, "", task.target, condition, Ending.REFUSED, says)
        idle = LONG_IDLE_S if condition == self._options.conditions[0] else SHORT_IDLE_S
        errand = Errand(task.loader, task.target, condition, idle)
        episode = play(self._stage, errand, min(self._options.deadline_s, left))
        self._note(task, episode)
        return judged(episode, self._known[task.loader])

    def _note(self, task: Task, episode: Episode) -> None:
        with self._lock:
            self.report = self.report or episode.report
            if episode.loaded:
                self.loaded.add(task)
                for path, why in episode.parts:
                    self.parts.setdefault(path, why)
            elif task not in self.failures:
                self.failures[task] = f"{episode.run.ending.value}: {episode.run.says}"

    def _baseline(self, loader: str) -> Baseline | None:
        """Return the loader's baseline, learnt now where these versions are new.

        None, so that everything counts, where its reference model does not run either.
        """
        version = self._installed[loader]
        known = self._baselines.find(loader, version)
        if known is not None:
            return known
        self._tell(Progress(0, self._planned, says=f"learning what {loader} {version} does"))
        stage = Stage(self._stage.sandbox, self._stage.python, bounds=self._stage.bounds)
        keys = learnt(stage, loader, self._options)
        return None if keys is None else self._baselines.keep(loader, version, keys)


def learnt(stage: Stage, loader: str, options: Options) -> frozenset[str] | None:
    """Run a loader over its reference model, under the first and the last condition of all.

    Return what it left; None when a run did not finish: then nothing is known of the loader.
    """
    seen = []
    planted = plant()  # so that homes look alike; a loader that opens a decoy is learnt exactly
    stage = Stage(stage.sandbox, stage.python, (), planted, stage.bounds)

    def once(condition: Condition) -> Episode:
        errand = Errand(loader, "reference", condition, SHORT_IDLE_S, reference=True)
        return play(stage, errand, options.deadline_s)

    conditions = (*ONCE, *CONDITIONS[-1:])
    with ThreadPoolExecutor(max(1, options.at_once)) as pool:
        for episode in pool.map(once, conditions):
            if episode.run.ending is not Ending.FINISHED or episode.run.cut:
                return None
            seen += [(event, episode.places) for event in episode.run.events]
    return learn(seen)


def _bounds(options: Options, size: int) -> Bounds:
    """Return bounds that let a run last as long as asked, and a model of `size` bytes be loaded."""
    memory = max(options.bounds.memory, 2 * size + 2 * GiB)
    return replace(options.bounds, memory=memory, deadline_s=options.deadline_s + SPARE_S)


def _coverage(
    found: Listing, planned: Plan, campaign: _Campaign
) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Return the bytes that were taken in, and what was not with the reason."""
    taken = {path for task in campaign.loaded for path in task.files} - set(campaign.parts)
    why = dict(campaign.parts)
    for task, says in campaign.failures.items():
        for path in task.files:
            why.setdefault(path, f"{task.loader}: {says}")
    missed = {path: reason for path, reason in why.items() if path not in taken}
    told = {**dict(planned.unloaded), **missed}
    sizes = {file.path: file.size for file in found.files}
    covered = sum(sizes[path] for path in (taken | set(planned.inert)) if path in sizes)
    return covered, tuple(sorted(told.items()))
