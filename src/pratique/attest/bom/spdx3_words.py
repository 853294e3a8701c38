"""What every part of an SPDX 3 document is made of: ids, hashes and relations."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pratique.attest.bom.text import mark


@dataclass(frozen=True, slots=True)
class Names:
    """The ids of one document's elements: the same for the same model and the same thing."""

    root: str

    def of(self, kind: str, *what: str) -> str:
        """Return the id of an element."""
        return f"urn:uuid:{mark('spdx', self.root, kind, *what)}"


def fingerprint(digests: Iterable[str]) -> list[dict[str, str]]:
    """Return the hashes of an element; empty digests are left out."""
    return [
        {"type": "Hash", "algorithm": "sha256", "hashValue": digest}
        for digest in sorted(set(digests) - {""})
    ]


def relation(ident: str, kind: str, start: str, to: Iterable[str]) -> dict[str, Any]:
    """Return a relation from one element to others."""
    return {
        "type": "Relationship",
        "spdxId": ident,
        "from": start,
        "relationshipType": kind,
        "to": sorted(set(to)),
    }
