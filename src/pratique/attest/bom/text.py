"""Words of bills of materials: texts that UTF-8 can hold, names made of content, licences, ranges.

What a package says of itself may hold anything; what is written of it is plain and has an end.
"""

import re
import uuid
from dataclasses import astuple, replace
from typing import Any, Final
from urllib.parse import quote

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from pratique.core.advisory import Silence
from pratique.core.component import Component
from pratique.core.scan import Scan

MOST_FILES: Final = 20_000
"""Files that one document lists; how many more there are is said in it."""
MOST_TEXT: Final = 4_000
_NAMESPACE: Final = uuid.UUID("5b0d3a44-6f0e-5d5a-9f3f-0d5b5c1c8a11")
_SPDX: Final = (
    "AFL-3.0", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "Artistic-2.0",
    "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear", "BSL-1.0", "C-UDA-1.0", "CC-BY-2.0",
    "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-NC-2.0", "CC-BY-NC-3.0", "CC-BY-NC-4.0",
    "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-2.0", "CC-BY-NC-SA-3.0",
    "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0",
    "CDLA-Permissive-1.0", "CDLA-Permissive-2.0", "CDLA-Sharing-1.0", "ECL-2.0", "EPL-1.0",
    "EPL-2.0", "EUPL-1.1", "EUPL-1.2", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only",
    "GPL-3.0-or-later", "ISC", "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only",
    "LGPL-3.0-or-later", "LPPL-1.3c", "MIT", "MPL-2.0", "MS-PL", "NCSA", "ODbL-1.0", "OFL-1.1",
    "OSL-3.0", "PostgreSQL", "Unlicense", "WTFPL", "Zlib", "etalab-2.0"
)  # fmt: skip
# SPDX defines the short GNU names, which it deprecates, as those that end in `-only`.
_GNU: Final = ("AGPL-3.0", "GPL-2.0", "GPL-3.0", "LGPL-2.1", "LGPL-3.0")
LICENCES: Final = {ident.lower(): ident for ident in _SPDX} | {
    short.lower(): f"{short}-only" for short in _GNU
}
"""What model cards call the licences of SPDX's list, in lower case, and the identifiers."""
_VERS: Final = {"==": "", "!=": "!=", ">=": ">=", "<=": "<=", ">": ">", "<": "<"}


def plain(text: str, most: int = MOST_TEXT) -> str:
    """Return a text of at most `most` characters that UTF-8 can hold: names may hold anything."""
    told = text.encode("utf-8", "backslashreplace").decode()
    return told if len(told) <= most else f"{told[: most - 1]}…"


def tidy(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a document in which every text is plain; its own depth is small, for we made it."""
    if isinstance(value, str):
        return plain(value, len(value) * 10)
    if isinstance(value, dict):
        return {key: tidy(inner) for key, inner in value.items()}
    return [tidy(inner) for inner in value] if isinstance(value, list | tuple) else value


def mark(*parts: str) -> uuid.UUID:
    """Return a UUID that is the same for the same parts, whatever bytes they hold."""
    return uuid.uuid5(_NAMESPACE, plain("\0".join(parts), 1 << 62))


def licence_id(text: str) -> str:
    """Return the SPDX identifier of a licence as model cards spell it; empty where it has none."""
    return LICENCES.get(text.lower(), "")


def sha256(digest: str) -> str:
    """Return the 64 hex digits of a `sha256:` digest, empty where it is none."""
    told = digest.removeprefix("sha256:")
    return told if re.fullmatch("[0-9a-f]{64}", told) else ""


def vers(spec: str) -> str:
    """Return a PEP 440 specifier as a package URL range, empty where it cannot be said in one.

    https://github.com/package-url/vers-spec wants versions once each and in order; it has no word
    for `~=`, for a wildcard, or for an arbitrary text.
    """
    try:
        parts = [(Version(one.version), one.operator) for one in SpecifierSet(spec)]
    except (InvalidSpecifier, ValueError):
        return ""
    versions = {version for version, _ in parts}
    if not parts or len(versions) < len(parts) or any(sign not in _VERS for _, sign in parts):
        return ""
    rows = [f"{_VERS[sign]}{quote(str(version), safe='!')}" for version, sign in sorted(parts)]
    told = f"vers:pypi/{'|'.join(rows)}"
    return told if len(told) <= MOST_TEXT else ""


def words(silence: Silence | None) -> tuple[str, ...]:
    """Return all that a silence says, to group and to name what is written of it."""
    return astuple(silence) if silence is not None else ()


def purl(component: Component) -> str:
    """Return a component's package URL, whatever its name and version hold."""
    name, version = plain(component.name), plain(component.version)
    return replace(component, name=name, version=version).purl


def gaps(scan: Scan) -> dict[str, str]:
    """Return what a document cannot say of a scan, by name: nothing is left out in silence."""
    told: dict[str, str] = {}
    if not scan.complete:
        told["scan"] = "incomplete: see the report of the scan"
    if len(scan.files) > MOST_FILES:
        told["files-not-listed"] = str(len(scan.files) - MOST_FILES)
    if scan.matched is None:
        return told | {"inventory": "none was made"}
    inventory, snapshot = scan.matched.inventory, scan.matched.snapshot
    if snapshot.trouble:
        told["advisories-trouble"] = snapshot.trouble
    elif not snapshot.digest:
        told["advisories-trouble"] = "no advisory data was used"
    counts = {
        "entries-not-understood": len(inventory.unreadable),
        "entries-lost": inventory.lost,
        "components-not-matched": len(scan.matched.unmatched),
    }
    return told | {name: str(count) for name, count in counts.items() if count}
