"""Which distributions the package's own Python code imports; no version is known of them."""

import sys
from collections.abc import Set as AbstractSet

from pratique.artifacts.inventory.aliases import DISTRIBUTIONS
from pratique.artifacts.inventory.found import Found, Place
from pratique.core.component import Relation


def read(path: str, rows: object, own: AbstractSet[str], found: Found) -> None:
    """Take the imported packages that are neither Python's own nor the package's."""
    for row in rows if isinstance(rows, list) else []:
        match row:
            case [str() as name, int() as line]:
                if name in sys.stdlib_module_names or name in own or name.startswith("_"):
                    continue
                at = Place(path, "import", line)
                found.python(at, DISTRIBUTIONS.get(name, name), "", relation=Relation.IMPORTS)
            case _:
                continue
