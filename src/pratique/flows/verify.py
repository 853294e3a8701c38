"""The story of verification: find the badge and the trust root, then check everything in order."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pratique.attest import verify as checking
from pratique.attest.verify import Question, Verification
from pratique.core.errors import UsageError
from pratique.core.ports import Quiet, Watcher
from pratique.policy.pack import Pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a badge has to fulfil: from which folder, whom to trust, when, level and policy."""

    trust: Path
    at: datetime
    badge: Path | None = None
    level: str = "L1"
    policy: Pack | None = None


def verify(model: Path, demand: Demand, watcher: Watcher | None = None) -> Verification:
    """Return the verification of a model's badge, made without any network.

    Raises:
        NotVerifiedError: something does not hold; it tells every check up to there.
        UsageError: there is no such model or badge.

    """
    badge = demand.badge or _beside(model)
    for what, path in (("model", model), ("badge", badge), ("trust root", demand.trust)):
        if not path.exists():
            raise UsageError(f"no {what} at {str(path)!r}")
    return checking.verify(
        Question(
            model=model,
            badge=badge,
            trust=demand.trust,
            at=demand.at,
            level=demand.level,
            policy=demand.policy.digest if demand.policy else None,
            watcher=watcher or Quiet(),
        )
    )


def _beside(model: Path) -> Path:
    whole = Path(os.path.abspath(model))  # noqa: PTH100 - links stay as they were named
    return whole.with_name(f"{whole.name}.pratique")
