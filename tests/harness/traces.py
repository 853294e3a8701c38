"""Detonations made by hand: nothing ran, and nothing here could."""

from collections.abc import Mapping
from dataclasses import replace

from pratique.core.trace import (
    Condition,
    Decoy,
    Detonation,
    Ending,
    Event,
    Outcome,
    Run,
)

NOW = Condition("now")
LATER = Condition("in-90-days", clock_s=90 * 86_400, inputs=1)
AS_ROOT = Condition("as-root", user="root", host="ip-10-0-3-17", inputs=2)
CANARY = "Zq7Xw2Lk9Rt4Vb6Ny1Mc8Pd3"
DECOYS = (
    Decoy("file", "~/.ssh/id_ed25519", CANARY),
    Decoy("environment", "AWS_SECRET_ACCESS_KEY", "h5Tg8Jk2Wq9Zx4Cv7Bn1"),
    Decoy("address", "169.254.169.254"),
)
THIEF = "/model/modeling.py:12 forward"


def event(
    call: str,
    *,
    at_ms: int = 1_200,
    phase: str = "load",
    outcome: Outcome = Outcome.DENIED,
    **words: str,
) -> Event:
    """Return an event that the recorder outside saw; `words` are its details."""
    return replace(worded(call, words, phase), at_ms=at_ms, outcome=outcome)


def worded(call: str, words: Mapping[str, str], phase: str = "load") -> Event:
    """Return a refused event with details of any names."""
    detail = tuple(sorted((word.rstrip("_"), text) for word, text in words.items()))
    return Event(1_200, call, 1, phase, detail, Outcome.DENIED)


def heard(name: str, args: str, *stack: str, at_ms: int = 1_190, phase: str = "load") -> Event:
    """Return an event that the guest's own Python told."""
    detail = (("args", args), ("event", name))
    return Event(at_ms, "audit", 1, phase, detail, Outcome.LET, stack, "python")


def run(
    *events: Event,
    condition: Condition = NOW,
    ending: Ending = Ending.FINISHED,
    target: str = "pytorch_model.bin",
    loader: str = "torch",
    says: str = "",
    cut: bool = False,
) -> Run:
    """Return a run of `torch`, whose baseline explains 812 events besides these."""
    return Run(
        loader=loader,
        version="2.13.0",
        target=target,
        condition=condition,
        ending=ending,
        says=says,
        seconds=4.25,
        inferred=ending is Ending.FINISHED,
        events=events,
        cut=cut,
        normal=812,
        baseline=f"{loader}@2.13.0, shipped",
    )


def detonation(*runs: Run, **more: object) -> Detonation:
    """Return a detonation of these runs with the usual decoys."""
    told: dict[str, object] = {
        "tier": "jail",
        "size": 4096,
        "covered": 4096,
        "runs": runs,
        "decoys": DECOYS,
        "held": ("namespaces", "landlock-4", "seccomp", "recorder@1"),
        "recorder": "recorder@1",
    }
    return Detonation(**(told | more))  # type: ignore[arg-type] # a test that errs here fails


def everywhere(*events: Event) -> Detonation:
    """Return a detonation in which the same was seen under three conditions."""
    return detonation(*(run(*events, condition=c) for c in (NOW, LATER, AS_ROOT)))


def honest() -> Detonation:
    """Return a detonation in which loaders did what they do for every model."""
    looks = (
        event("open", path="/model/config.json", mode="read", outcome=Outcome.LET),
        event("open", path="/tmp/tmpab12cd34/cache", mode="create", outcome=Outcome.LET),
        event("thread", outcome=Outcome.LET),
        event("dlopen", path="/usr/lib/x86_64-linux-gnu/libgomp.so.1", outcome=Outcome.LET),
        event("socket", family="unix", type_="stream", outcome=Outcome.LET),
        event("sleep", seconds="0.1", outcome=Outcome.LET),
        event("kill", target="self", signal="SIGABRT", outcome=Outcome.LET),
    )
    return everywhere(*looks)
