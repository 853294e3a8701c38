"""From options about runs in a sandbox to a detonator; nothing heavy is imported before it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pratique.core.errors import UsageError
from pratique.core.trace import TIERS

if TYPE_CHECKING:  # a scan that runs nothing does without the sandbox's own modules
    from pratique.flows.asked import Detonator
    from pratique.policy.pack import Pack


@dataclass(frozen=True, slots=True)
class Runs:
    """What was asked of a detonation; None is the usual."""

    python: Path | None = None
    tier: str | None = None
    conditions: tuple[str, ...] = ()
    deadline: int | None = None
    total: int | None = None

    @classmethod
    def asked(
        cls,
        deep: bool,  # noqa: FBT001 - the option itself
        python: Path | None,
        tier: str | None,
        conditions: Sequence[str] | None,
        seconds: tuple[int | None, int | None],
    ) -> Self | None:
        """Return what was asked, None where nothing is to be run.

        Raises:
            UsageError: an option about runs, and no run.

        """
        runs = cls(python, tier, tuple(conditions or ()), *seconds)
        if deep:
            return runs
        if runs != cls():
            raise UsageError(
                "--python, --tier, --condition, --run-deadline and --run-total are about --deep"
            )
        return None

    def detonator(self, pack: "Pack", cache: Path | None) -> "Detonator":
        """Return what runs a model, in a tier that was tried just now.

        Raises:
            TierError: the tier is weaker than the pack demands, or not offered here.
            UsageError: there is no such tier, condition or interpreter.

        """
        from pratique.flows.deep import RUN_S, TOTAL_S, Deep, InSandbox  # noqa: PLC0415 - see above
        from pratique.sandbox.detonate.conditions import CONDITIONS, named  # noqa: PLC0415
        from pratique.sandbox.port import Tier  # noqa: PLC0415

        try:
            conditions = named(self.conditions) if self.conditions else CONDITIONS
        except KeyError as e:
            known = ", ".join(condition.name for condition in CONDITIONS)
            raise UsageError(f"--condition {e.args[0]!r}: is none of {known}") from e
        deep = Deep(
            tier=Tier[_tier(self.tier or pack.tier).upper()],
            least=Tier[_tier(pack.tier).upper()],
            conditions=conditions,
            deadline_s=self.deadline or RUN_S,
            total_s=self.total or TOTAL_S,
            cache=cache / "baselines" if cache else None,
        )
        if self.python is not None:
            return InSandbox.of(replace(deep, python=self.python.absolute()))
        return InSandbox.of(deep)


def _tier(word: str) -> str:
    if word and word not in TIERS:
        raise UsageError(f"--tier {word!r}: is none of {', '.join(TIERS)}")
    return word or TIERS[0]
