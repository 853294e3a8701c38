"""One OSV record, checked field by field: https://ossf.github.io/osv-schema/ (1.6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pratique.core.errors import MalformedError

MOST_AFFECTED: Final = 2_000
MOST_EVENTS: Final = 2_000
MOST_VERSIONS: Final = 20_000
MAX_TEXT: Final = 1_000
_WORDS: Final = ("introduced", "fixed", "last_affected", "limit")


@dataclass(frozen=True, slots=True)
class Affected:
    """What a record says of one package: ranges of events, and versions that it lists.

    `noted` is what is odd about it; `only_git` tells that its ranges are commits alone.
    """

    ecosystem: str
    package: str
    ranges: tuple[tuple[Mapping[str, str], ...], ...]
    versions: tuple[str, ...]
    noted: str = ""
    only_git: bool = False

    @property
    def matchable(self) -> bool:
        """Tell whether any version could ever match."""
        return bool(self.ranges or self.versions)


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it is indexed."""

    id: str
    aliases: tuple[str, ...]
    withdrawn: bool
    modified: str
    summary: str
    vectors: tuple[str, ...]
    word: str
    references: tuple[str, ...]
    affected: tuple[Affected, ...]


def record_of(told: Mapping[str, Any]) -> Record:
    """Return the record that a JSON object stands for.

    Raises:
        MalformedError: it breaks the schema where it matters.

    """
    try:
        return Record(
            id=_text(told["id"])[:200],
            aliases=tuple(sorted({_text(a)[:200] for a in _list(told, "aliases")})),
            withdrawn=bool(told.get("withdrawn")),
            modified=_text(told.get("modified", "")),
            summary=_summary(told),
            vectors=tuple(_vectors(told)),
            word=_word(told),
            references=tuple(_references(told))[:10],
            affected=tuple(_affected(row) for row in _list(told, "affected", MOST_AFFECTED)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise MalformedError(f"is no OSV record: {e!r}"[:200]) from e


def _summary(told: Mapping[str, Any]) -> str:
    words = str(told.get("summary") or "").strip()
    return (words or str(told.get("details") or "").strip().partition("\n")[0])[:300]


def _vectors(told: Mapping[str, Any]) -> Iterator[str]:
    rows = [*_list(told, "severity")]
    for affected in _list(told, "affected"):
        rows += _list(affected, "severity")
    for row in rows:
        if str(row.get("type", "")).startswith("CVSS"):
            yield _text(row["score"])[:200]


def _word(told: Mapping[str, Any]) -> str:
    """Return the word for the severity that the record's own database gives, in upper case."""
    places = [told, *_list(told, "affected")]
    for place in places:
        for key in ("database_specific", "ecosystem_specific"):
            said = place.get(key)
            word = said.get("severity") if isinstance(said, dict) else None
            if isinstance(word, str):
                return word.upper()[:20]
    return ""


def _references(told: Mapping[str, Any]) -> Iterator[str]:
    for row in _list(told, "references"):
        url = row.get("url")
        if isinstance(url, str) and url.startswith(("https://", "http://")):
            yield url[:MAX_TEXT]


def _affected(row: Mapping[str, Any]) -> Affected:
    package = row.get("package") or {}
    kept, git, noted = [], False, ""
    for told in _list(row, "ranges"):
        if told.get("type") == "GIT":
            git = True
            continue
        events = tuple(_event(event) for event in _list(told, "events", MOST_EVENTS))
        if not any("introduced" in event for event in events):
            noted = "a range that nothing introduces"
        kept.append(events)
    versions = tuple(_text(v)[:200] for v in _list(row, "versions", MOST_VERSIONS))
    return Affected(
        ecosystem=_text(package.get("ecosystem", ""))[:80],
        package=_text(package.get("name", ""))[:300],
        ranges=tuple(kept),
        versions=versions,
        noted=noted,
        only_git=git and not kept and not versions,
    )


def _event(told: Mapping[str, Any]) -> Mapping[str, str]:
    return {word: _text(told[word])[:200] for word in _WORDS if word in told}


def _list(told: Mapping[str, Any], key: str, most: int = 100_000) -> list[Any]:
    rows = told.get(key)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise TypeError(f"{key!r} is no list")
    if len(rows) > most:
        raise ValueError(f"{key!r} has more than {most} entries")
    return rows


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError("not a text")
    if not told.isascii():
        told.encode()  # half a character is no text: nothing that stores or shows it would take it
    return told
