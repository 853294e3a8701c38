"""What a decision needs from the command line: a pack, waivers, a baseline, a threshold."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pratique.cli.reports.as_json import SHAPE
from pratique.core.errors import UsageError
from pratique.core.finding import Severity
from pratique.core.limits import MiB
from pratique.core.scan import Scan
from pratique.core.verdict import Decision
from pratique.policy import pack as packs
from pratique.policy import waivers as waiving
from pratique.policy.decide import decide
from pratique.policy.pack import Pack

BASELINE_BYTES = 512 * MiB


@dataclass(frozen=True, slots=True)
class Judge:
    """What a decision needs besides the scan."""

    pack: Pack
    fail_on: Severity | None = None
    fail_on_coverage: bool = False
    known: frozenset[str] = frozenset()

    @property
    def max_age_days(self) -> int | None:
        """Return how old the pack lets advisories be, None where any age does."""
        return self.pack.max_age_days

    def decide(self, scan: Scan) -> Decision:
        """Return the policy's answer for one scan."""
        return decide(
            scan,
            self.pack,
            now=datetime.now(UTC),
            fail_on=self.fail_on,
            fail_on_coverage=self.fail_on_coverage,
            known=self.known,
        )


def load_pack(name: str, waivers: Path | None = None) -> Pack:
    """Return the policy pack of this name, or in this file, with the waivers of another.

    Raises:
        UsageError: there is none, or it makes no sense.

    """
    pack = packs.load(name)
    return pack.with_waivers(waiving.load(waivers)) if waivers else pack


def load_baseline(path: Path | None) -> frozenset[str]:
    """Return the fingerprints of the findings in a former JSON report.

    Raises:
        UsageError: the file is none.

    """
    if path is None:
        return frozenset()
    place = f"--baseline {str(path)!r}"
    try:
        if path.stat().st_size > BASELINE_BYTES:
            raise UsageError(f"{place}: larger than {BASELINE_BYTES} bytes")
        told = json.loads(path.read_bytes())
        if told["schema"] != SHAPE:
            raise UsageError(f"{place}: written in another shape, {told['schema']!r}")
        return frozenset(str(f["fingerprint"]) for t in told["targets"] for f in t["findings"])
    except OSError as e:
        raise UsageError(f"{place}: {e.strerror}") from e
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise UsageError(f"{place}: not a report of `pratique scan --format json`") from e
