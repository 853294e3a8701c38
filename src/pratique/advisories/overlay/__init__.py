"""CVEs that are exploited through a model's files: which loader versions are hit, by which rule.

Each entry was read against the text of its record in OSV's PyPI archive; where the source says AIG,
in the rules of Tencent's AI-Infra-Guard. `prove_advisories.py` compares id, package and range with
OSV's records again, and not the severity. It is a beginning: most CVEs of this sort have no entry,
and a CVE without one is not looked for by name.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from pratique.core.finding import Severity

ENDING: Final = ".toml"


@dataclass(frozen=True, slots=True)
class Entry:
    """One CVE: the package that is hit, OSV events of one range, the rule that sees its condition.

    `source` is the record that was read; `note` says where ours differs from it, and why.
    `ecosystem` is empty for programs that no package index has: their versions are words, never
    compared.
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
        ends = dict(kv for event in self.events for kv in event.items())
        if len(self.events) > 1 and len(set(ends.values())) == 1:
            return f"{self.package} =={self.events[0]['introduced']}"
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
    """Return every entry of every file, in the order of the files' names."""
    paths = sorted((p for p in files(__name__).iterdir() if p.name.endswith(ENDING)), key=_name)
    return tuple(
        _entry(row)
        for path in paths
        for row in tomllib.loads(path.read_text("utf-8")).get("entry", ())
    )


def _name(path: Traversable) -> str:
    return path.name


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        id=row["id"],
        package=row["package"],
        events=tuple(row["events"]),
        severity=Severity[row["severity"].upper()],
        rule=row["rule"],
        condition=row["condition"],
        source=row["source"],
        note=row.get("note", ""),
        ecosystem=row.get("ecosystem", "PyPI"),
    )


def of_rule(rule: str) -> tuple[Entry, ...]:
    """Return the entries whose condition a rule sees."""
    return tuple(entry for entry in entries() if entry.rule == rule)
