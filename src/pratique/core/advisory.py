"""What advisories say of a component: affected, not affected, or unknown and why."""

from dataclasses import dataclass
from enum import StrEnum

from pratique.core.component import Component, Inventory
from pratique.core.finding import Severity


class State(StrEnum):
    """Whether an advisory concerns a component."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not affected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One vulnerability, however many records tell of it.

    `id` is a CVE where there is one, otherwise the record's own; `aliases` are all other names,
    sorted. `severity` comes from the CVSS vector with the highest version (`score` 0.0 to 10.0,
    `vector` empty where no record has one: then it is MEDIUM and said so). `exploited` is CISA's
    KEV, `likely` FIRST's EPSS probability (-1.0: not known). `records` are what it was read from.
    """

    id: str
    summary: str
    severity: Severity
    aliases: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    score: float = 0.0
    vector: str = ""
    exploited: bool = False
    likely: float = -1.0
    modified: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The VEX statement that lets a match be; `expires` is RFC 3339, `document` its SHA-256."""

    status: str
    author: str
    expires: str
    document: str
    justification: str = ""
    impact: str = ""

    def __str__(self) -> str:
        """Return it in a line for people; programs read the fields."""
        why = (self.justification or self.impact)[:200]
        day, mark = self.expires[:10], self.document[:16]
        return f"{self.status} by {self.author[:100]} until {day}: {why} (VEX {mark})"


@dataclass(frozen=True, slots=True)
class Match:
    """What one advisory means for one component; `not affected` ones are counted, not listed.

    `component` and `advisory` are places in their lists. `fixed` are the versions that mend it, in
    order. `why` says what the state rests on. `silenced` is the VEX statement that lets it be.
    """

    component: int
    advisory: int
    state: State
    why: str
    fixed: tuple[str, ...] = ()
    silenced: Silence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The advisory data that a match rests on; `digest` is empty where there is none.

    `made` is when it was taken in, `newest` when its newest record was modified (both RFC 3339).
    """

    digest: str = ""
    made: str = ""
    newest: str = ""
    records: int = 0
    ecosystems: tuple[str, ...] = ()
    trouble: str = ""
    hint: str = ""

    @property
    def usable(self) -> bool:
        """Tell whether there is a database that is young enough."""
        return bool(self.digest) and not self.trouble


@dataclass(frozen=True, slots=True)
class Matched:
    """An inventory in the light of one snapshot.

    `cleared` counts (component, advisory) pairs that do not affect; `unmatched` are (component,
    why) of those that no advisory data could speak of, such as another ecosystem's.
    """

    inventory: Inventory
    snapshot: Snapshot
    advisories: tuple[Advisory, ...] = ()
    matches: tuple[Match, ...] = ()
    cleared: int = 0
    unmatched: tuple[tuple[int, str], ...] = ()

    def component(self, match: Match) -> Component:
        """Return the component of a match."""
        return self.inventory.components[match.component]

    def advisory(self, match: Match) -> Advisory:
        """Return the advisory of a match."""
        return self.advisories[match.advisory]
