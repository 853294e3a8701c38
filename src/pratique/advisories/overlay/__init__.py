"""CVEs that are exploited through a model's files: which loader versions are hit, by which rule.

Each entry was read against the text of its record in OSV's PyPI archive; `prove_advisories.py`
compares id, package and range with the records again, and not the severity. It is a beginning: most
CVEs of this sort have no entry, and a CVE without one is not looked for by name.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from pratique.core.finding import Severity

FILE: Final = "entries.toml"


@dataclass(frozen=True, slots=True)
class Entry:
    """One CVE: the package that is hit, OSV events of one range, the rule that sees its condition.

    `source` is the record that was read; `note` says where ours differs from it, and why.
    """

    id: str
    package: str
    events: tuple[Mapping[str, str], ...]
    severity: Severity
    rule: str
    condition: str
    source: str
    note: str = ""
    ecosystem: str = "PyPI"

    @property
    def versions(self) -> str:
        """Return the affected versions in words."""
        sign = {"introduced": ">=", "fixed": "<", "last_affected": "<="}
        parts = [
            f"{sign[word]}{version}"
            for event in self.events
            for word, version in event.items()
            if (word, version) != ("introduced", "0")
        ]
        return " ".join([self.package, *parts])


@cache
def entries() -> tuple[Entry, ...]:
    """Return every entry, in the order of the file."""
    told = tomllib.loads((files(__name__) / FILE).read_text("utf-8"))
    return tuple(
        Entry(
            id=row["id"],
            package=row["package"],
            events=tuple(row["events"]),
            severity=Severity[row["severity"].upper()],
            rule=row["rule"],
            condition=row["condition"],
            source=row["source"],
            note=row.get("note", ""),
        )
        for row in told["entry"]
    )


def of_rule(rule: str) -> tuple[Entry, ...]:
    """Return the entries whose condition a rule sees."""
    return tuple(entry for entry in entries() if entry.rule == rule)
