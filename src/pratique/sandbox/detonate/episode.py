"""One run: a fresh inmate, a loader, one target, one condition; and what became of it.

The guest is asked twice. The first request imports the loader, and its answer has been read to the
end before the second one tells it of the model: so nothing that a model does is ever labelled with
a phase of before. Every frame of ours bears a token drawn for the run, so a frame that is written
by accident shows. A model that looks for the token in its own process finds it; what it cannot do
is end the run sooner than the detonator would, and what the kernel told stands without its word.
"""

import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pratique.core.errors import WorkerError
from pratique.core.jail import JailReport
from pratique.core.trace import Condition, Ending, Event, Run
from pratique.sandbox.asking import printable
from pratique.sandbox.detonate.baseline import Baseline, Places
from pratique.sandbox.detonate.decoys import Planted
from pratique.sandbox.detonate.plan import WHOLE
from pratique.sandbox.port import Bounds, Inmate, Job, Mount, Sandbox

PROGRAM = "pratique.sandbox.guest.detonator"
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "KERAS_BACKEND": "torch",
    "OMP_NUM_THREADS": "2",
    "TOKENIZERS_PARALLELISM": "false",
}
"""As on a server whose models lie on disk. Were the hub's client left online, its own requests
would have to be expected of every model, and what is sent to a hub would be hidden among them.
Offline, loaders connect to nobody, so whoever still does is the model. Such variables are common
in production, so they tell a model little about being watched."""

_MOST_PARTS = 1_000
_ORDER = ("import", "load", "infer", "idle", "exit")


@dataclass(frozen=True, slots=True)
class Stage:
    """What all runs of one detonation share: the tier, interpreter, model, decoys and bounds."""

    sandbox: Sandbox
    python: Path
    mounts: tuple[Mount, ...] = ()
    planted: Planted | None = None
    bounds: Bounds = field(default_factory=Bounds)
    root: str = "/model"

    def job(self, condition: Condition, *, record: bool) -> Job:
        """Return the job of one run."""
        planted = self.planted
        decoys = dict(planted.environment) if planted else {}
        return Job(
            program=PROGRAM,
            python=self.python,
            mounts=self.mounts,
            bounds=self.bounds,
            condition=condition,
            home=planted.home if planted else (),
            environment={**ENVIRONMENT, **decoys},
            record=record,
            canary=planted.metadata if planted else "",
        )


@dataclass(frozen=True, slots=True)
class Errand:
    """What one inmate is asked to do: `reference` has it load a model of its own making."""

    loader: str
    target: str
    condition: Condition
    idle_s: float = 1.0
    reference: bool = False


@dataclass(slots=True)
class Told:
    """What a guest said of itself, in order; hearsay but for what came before the model."""

    token: str
    version: str = ""
    places: Places = field(default_factory=Places)
    phases: list[str] = field(default_factory=list)
    loaded: bool = False
    inferred: bool = False
    left: bool = False
    failed: str = ""
    raised: str = ""
    memory: bool = False
    parts: list[tuple[str, str]] = field(default_factory=list)
    forged: str = ""

    def hear(self, frame: Mapping[str, Any]) -> None:
        """Take in one frame; a frame without the token is kept as a forgery."""
        if frame.get("token") != self.token:
            self.forged = self.forged or "a frame that the detonator did not write"
            return
        if "phase" in frame:
            self._enter(str(frame["phase"]))
        self.loaded |= frame.get("loaded") is True
        self.inferred |= frame.get("inferred") is True
        self.left |= frame.get("exit") is True
        if "raised" in frame:
            self.raised = self.raised or printable(frame["raised"])
        if "failed" in frame:
            self.failed = self.failed or printable(frame["failed"])
            self.memory |= frame.get("memory") is True
        part = frame.get("part")
        if isinstance(part, list) and len(part) == 2 and len(self.parts) < _MOST_PARTS:  # noqa: PLR2004
            self.parts.append((printable(part[0]), printable(part[1])))

    def learn_places(self, frame: Mapping[str, Any]) -> None:
        """Take in version and places, which are believed only from before the model."""
        if "version" in frame:
            self.version = printable(frame["version"])
        if "places" in frame:
            told = frame["places"]
            roots = tuple(str(root) for root in told["python"])
            self.places = Places(roots, str(told["home"]), str(told["tmp"]))

    def _enter(self, phase: str) -> None:
        if phase not in _ORDER or (
            self.phases and _ORDER.index(phase) <= _ORDER.index(self.phases[-1])
        ):
            self.forged = self.forged or f"the phase {phase!r} out of order"
            return
        self.phases.append(phase)


@dataclass(frozen=True, slots=True)
class Episode:
    """A run with all its events, and what the guest said that a receipt needs."""

    run: Run
    places: Places
    loaded: bool
    parts: tuple[tuple[str, str], ...]
    report: JailReport


def versions(stage: Stage, deadline_s: float) -> tuple[dict[str, str], JailReport]:
    """Return the installed loaders with their versions, and what held the inmate that told.

    Raises:
        JailError, TierError: the sandbox does not start.
        WorkerError: the interpreter does not run the guest.

    """
    with stage.sandbox.start(stage.job(Condition(), record=False)) as inmate:
        found: dict[str, str] = {}
        for frame in inmate.ask({"do": "versions"}, deadline_s):
            if isinstance(frame.get("versions"), dict):
                found = {str(k): printable(v) for k, v in frame["versions"].items() if v}
        return found, inmate.report


def play(stage: Stage, errand: Errand, deadline_s: float) -> Episode:
    """Carry out one errand in a fresh inmate, and end it within `deadline_s` seconds.

    Raises:
        JailError, TierError: the sandbox does not start.

    """
    told = Told(secrets.token_hex(8))
    began = time.monotonic()
    inmate = stage.sandbox.start(stage.job(errand.condition, record=True))
    try:
        ending, says = _ending(inmate, told, _requests(stage, errand, told), began + deadline_s)
    finally:
        inmate.close()
    events, cut = inmate.trace()
    run = Run(
        loader=errand.loader,
        version=told.version,
        target=errand.target,
        condition=errand.condition,
        ending=ending,
        says=says,
        seconds=round(time.monotonic() - began, 3),
        inferred=told.inferred,
        events=events,
        cut=cut,
    )
    return Episode(run, told.places, told.loaded, tuple(told.parts), inmate.report)


def judged(episode: Episode, baseline: Baseline | None) -> Run:
    """Return the run without the events that the loader's baseline explains; they are counted.

    Without a baseline all counts that no loading has in common.
    """
    run = episode.run
    if baseline is None:
        baseline = Baseline(run.loader, run.version, frozenset(), "nothing known")
    kept: list[Event] = []
    normal = 0
    for event in run.events:
        if baseline.explains(event, episode.places):
            normal += event.count
        else:
            kept.append(event)
    return replace(run, events=tuple(kept), normal=normal, baseline=baseline.name)


def _requests(stage: Stage, errand: Errand, told: Told) -> tuple[dict[str, Any], dict[str, Any]]:
    shared = {"loader": errand.loader, "token": told.token, "reference": errand.reference}
    target = "" if errand.target == WHOLE else errand.target
    run = {
        "do": "run",
        "inputs": errand.condition.inputs,
        "idle_s": errand.idle_s,
    }
    model = {"model": stage.root, "target": target}
    return {"do": "prepare", **model, **shared}, {**run, **model, **shared}


def _ending(
    inmate: Inmate, told: Told, requests: tuple[dict[str, Any], dict[str, Any]], until: float
) -> tuple[Ending, str]:
    try:
        for frame in inmate.ask(requests[0], max(0.1, until - time.monotonic())):
            told.hear(frame)
            told.learn_places(frame)
        if told.failed:
            return Ending.REFUSED, told.failed
        asked = time.monotonic()
        for frame in _bounded(inmate.ask(requests[1], max(0.1, until - time.monotonic()))):
            told.hear(frame)
        if told.left and time.monotonic() - asked < requests[1]["idle_s"]:
            told.forged = told.forged or "the end sooner than it had to wait"
    except WorkerError as e:
        return Ending(e.why), printable(e)
    left = inmate.finish(max(0.1, until - time.monotonic()))
    return _verdict(told, printable(left))


def _verdict(told: Told, left: str) -> tuple[Ending, str]:
    """Return how a run ended that answered to the end; `left` says how its process did."""
    if told.forged:
        return Ending.PROTOCOL, f"the guest sent {told.forged}"
    if not told.left:
        return Ending.PROTOCOL, "the answer ended before the run did"
    if told.failed:
        return (Ending.MEMORY if told.memory else Ending.FAILED), told.failed
    if left:
        kind = Ending.DEADLINE if left.startswith("still ran") else Ending.CRASHED
        return kind, f"at its exit the process {left}"
    return Ending.FINISHED, f"the first inference raised {told.raised}" if told.raised else ""


def _bounded(frames: Iterator[dict[str, Any]], most: int = 20_000) -> Iterator[dict[str, Any]]:
    for count, frame in enumerate(frames):
        if count >= most:
            raise WorkerError(f"more than {most} frames", "protocol")
        yield frame
