"""One inmate of the escape suite from start to burial: what it told, and what was seen outside."""

import contextlib
import math
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pratique.core.errors import PratiqueError, WorkerError
from pratique.core.limits import MiB
from pratique.sandbox.escape_suite.control import Control
from pratique.sandbox.escape_suite.targets import SHOWN, Targets
from pratique.sandbox.escape_suite.verdict import Promise, Seen
from pratique.sandbox.escape_suite.watch import Watch
from pratique.sandbox.port import Bounds, Inmate, Job, Mount, Sandbox

PROGRAM = "pratique.sandbox.guest.escape.program"
BOUNDS = Bounds(memory=512 * MiB, tmp=32 * MiB, processes=64, cpu_s=60, deadline_s=120.0)
SLACK_S = 3.0
"""How long after its deadline the supervisor may come back, on a machine that others use too."""

CLOSE_S = 8.0
EVENTS_MOST = 250_000
FINISHING = "finish-"
"""The names of attempts that are made when an inmate is let go begin so."""
_NEIGHBOUR_S = 20.0
_PAD = 4 * MiB


@dataclass(slots=True)
class Setting:
    """Where attempts are made: the sandbox, the targets, and what an inmate must not have."""

    sandbox: Sandbox | Control
    record: bool
    targets: Targets
    secrets: Mapping[str, tuple[str, str]]

    def start(self) -> Inmate:
        """Start an inmate that is shown the model."""
        mount = Mount(self.targets.canaries.model, SHOWN)
        return self.sandbox.start(
            Job(PROGRAM, mounts=(mount,), bounds=BOUNDS, record=self.record),
        )

    def words(self) -> dict[str, Any]:
        """Return what an inmate is told of the targets."""
        bare = isinstance(self.sandbox, Control)
        model = str(self.targets.canaries.model) if bare else SHOWN
        return self.targets.words(BOUNDS, model)


@dataclass(slots=True)
class Encounter:
    """One inmate, and all that is noted of it in `seen`."""

    setting: Setting
    attempts: Sequence[Promise]
    seen: Seen = field(default_factory=Seen)
    watch: Watch = field(default_factory=Watch)

    def run(self, deadline_s: float) -> Seen:
        """Start an inmate, have it make its attempts, end it, and look around."""
        self.setting.targets.harm()  # what earlier ones did is not this one's
        self.watch.begin()
        inmate = self.setting.start()
        try:
            self.watch.started()
            names = [one.name for one in self.attempts]
            request = {"do": "escape", "names": names, "targets": self.setting.words()}
            self._timed(inmate, request, deadline_s, self.note)
            self._harm(self.watch.heard(self.setting.targets.mark))
            if self.attempts[0].group == "channel" and not self.seen.ended:
                self._ask_again(inmate, deadline_s)
            if self.attempts[0].name.startswith(FINISHING) and not self.seen.ended:
                self._finish(inmate, deadline_s)
        finally:
            began = time.monotonic()
            inmate.close()
        if time.monotonic() - began > CLOSE_S:
            self._harm(["the supervisor could not end it in time"])
        if len(inmate.trace()[0]) > EVENTS_MOST:
            self._harm([f"the supervisor holds {len(inmate.trace()[0])} events"])
        self._harm(self.watch.over(thorough=self.attempts[0].group == "processes"))
        self.seen.harm |= self.setting.targets.harm()
        return self.seen

    def _harm(self, found: Iterable[str], name: str = "") -> None:
        for says in found:
            self.seen.harm[name] = says

    def _timed(
        self,
        inmate: Inmate,
        request: Mapping[str, Any],
        deadline_s: float,
        note: Callable[[Mapping[str, Any]], None],
    ) -> None:
        """Ask and note each frame; it is harm when the supervisor breaks or comes back late."""
        began = time.monotonic()
        try:
            for frame in inmate.ask(request, deadline_s):
                note(frame)
        except WorkerError as e:
            self.seen.ended, self.seen.says = e.why, str(e)
        except Exception as e:  # noqa: BLE001 - whatever an inmate makes the supervisor raise is harm
            self._harm([f"the supervisor broke: {type(e).__name__}: {e}"])
            self.seen.ended = "broken"
        late = time.monotonic() - began - deadline_s
        if late > SLACK_S:
            self._harm([f"the supervisor came back {late:.1f} s after the deadline"])

    def note(self, frame: Mapping[str, Any]) -> None:
        """Note one frame of the inmate's; what it holds may be anything."""
        if any(isinstance(v, float) and not math.isfinite(v) for v in frame.values()):
            self._harm(["a number that JSON has not came through"])
        match frame:
            case {"begin": str(name)}:
                self.seen.begun = name
            case {"holding": str(name)}:
                self._harm(self._holding(name), name)
            case {"attempt": str(name), "loot": list(loot)}:
                self.seen.told[name] = frame
                for one in loot:
                    self._loot(name, one)
            case _:
                pass  # whatever an inmate says beyond that is not believed

    def _loot(self, name: str, digest: object) -> None:
        what, whose = self.setting.secrets.get(str(digest), ("", ""))
        if what:
            self.seen.harm |= dict.fromkeys((name, whose or name), f"had: {what}")

    def _holding(self, name: str) -> list[str]:
        """Say what is seen while an attempt holds on to something."""
        if name == "fork-bomb":
            return self._neighbour()
        if name == "be-root-outside":
            return [f"process {pid} is root outside" for pid in self.watch.roots()]
        if name.startswith("send-"):
            return list(self.watch.heard(self.setting.targets.mark))
        return self.setting.targets.holding(name)

    def _neighbour(self) -> list[str]:
        """Start another inmate meanwhile, and have it answer."""
        try:
            with contextlib.closing(self.setting.start()) as other:
                list(other.ask({"do": "nonce", "nonce": "neighbour"}, _NEIGHBOUR_S))
        except PratiqueError as e:
            return [f"a neighbour does not start: {e}"]
        return []

    def _finish(self, inmate: Inmate, deadline_s: float) -> None:
        """Let it end by itself, which it may not want to."""
        began = time.monotonic()
        inmate.finish(deadline_s)
        late = time.monotonic() - began - deadline_s
        if late > SLACK_S:
            self._harm([f"the supervisor came back {late:.1f} s after the deadline"])

    def _ask_again(self, inmate: Inmate, deadline_s: float) -> None:
        """Ask what could not be known before; an answer that was there already is harm."""
        nonce, got = secrets.token_hex(16), list[object]()
        request = {"do": "nonce", "nonce": nonce, "pad": "x" * _PAD}
        self._timed(inmate, request, deadline_s, lambda frame: got.append(frame.get("nonce")))
        if any(one is not None and one != nonce for one in got):
            self._harm(["an answer to a question that was not yet asked was believed"])
