"""What a deep scan runs: a tier, an interpreter, conditions and their time, as one detonator."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from pratique.core.errors import UsageError
from pratique.core.ports import Watcher
from pratique.core.trace import Condition, Detonation, Run, rank
from pratique.sandbox.detonate import CONDITIONS, Options, Progress
from pratique.sandbox.detonate import detonate as run_all
from pratique.sandbox.port import Sandbox, Tier
from pratique.sandbox.tiers import choose, demand

RUN_S: Final = 90
TOTAL_S: Final = 900


@dataclass(frozen=True, slots=True)
class Deep:
    """How to detonate: seconds for each run and for all of them.

    `least` is the tier that a policy demands, `cache` where baselines learnt here are kept.
    """

    tier: Tier = Tier.JAIL
    least: Tier = Tier.JAIL
    python: Path = field(default_factory=lambda: Path(sys.executable))
    conditions: tuple[Condition, ...] = CONDITIONS
    deadline_s: float = RUN_S
    total_s: float = TOTAL_S
    cache: Path | None = None


class InSandbox:
    """A detonator in a tier that was tried on this machine just now."""

    def __init__(self, sandbox: Sandbox, options: Options) -> None:
        self._sandbox, self._options = sandbox, options

    @classmethod
    def of(cls, deep: Deep) -> Self:
        """Return the detonator that was asked for.

        Raises:
            TierError: the tier is below what is demanded, or this machine does not offer it.
            UsageError: there is no such interpreter.

        """
        demand(deep.tier, deep.least)
        if not deep.python.is_file():
            raise UsageError(f"--python {str(deep.python)!r}: no such interpreter")
        seconds = deep.deadline_s, deep.total_s
        options = Options(deep.python, deep.conditions, *seconds, cache=deep.cache)
        return cls(choose(deep.tier), options)

    def run(self, place: Path, watcher: Watcher) -> Detonation:
        """Return what was seen of a model.

        Raises:
            MachineError: the sandbox or the interpreter does not start.

        """

        def tell(progress: Progress) -> None:
            says = progress.says or (_words(progress.run) if progress.run else "")
            watcher.ran(progress.done, progress.planned, says)

        seen = run_all(place, self._sandbox, self._options, tell)
        tier = self._sandbox.tier.name.lower()
        return seen if rank(seen.tier) else replace(seen, tier=tier)


def _words(run: Run) -> str:
    return f"{run.loader} over {run.target}, {run.condition.name}: {run.ending.value}"
