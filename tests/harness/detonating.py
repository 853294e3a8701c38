"""A detonator that runs nothing, and scans of what it would have seen."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.inspecting import inspect_trace
from harness.scans import scan_of
from pratique.core.errors import MachineError
from pratique.core.finding import Stage
from pratique.core.ports import Watcher
from pratique.core.scan import Inspection, Scan
from pratique.core.trace import Detonation
from pratique.core.trace_json import dump


@dataclass(slots=True)
class Scripted:
    """Answers with `seen`; `meanwhile` is what happens to the model while it is run."""

    seen: Detonation
    meanwhile: Callable[[Path], object] = lambda _: None
    trouble: MachineError | None = None
    places: list[Path] = field(default_factory=list)

    def run(self, place: Path, watcher: Watcher) -> Detonation:
        self.places.append(place)
        if self.trouble:
            raise self.trouble
        self.meanwhile(place)
        watcher.ran(1, 1, "torch over model.bin, now: finished")
        return self.seen


def behaviour(seen: Detonation) -> Inspection:
    """Return what every rule says of a detonation."""
    told = inspect_trace(dump(seen))
    return Inspection(tuple(told.findings), tuple(told.receipts))


def deep_scan(seen: Detonation, *, only: Stage | None = None) -> Scan:
    """Return a clean scan of a small model that was run as well."""
    whole = replace(scan_of(), detonation=seen, behaviour=behaviour(seen), only=only)
    if only is None:
        return whole
    files = tuple(replace(file, inspection=Inspection()) for file in whole.files)
    return replace(whole, files=files)
