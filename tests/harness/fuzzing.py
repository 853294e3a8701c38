"""How many examples a property is tried on: a few in `make test`, many in `make fuzz`."""

import os


def examples(usual: int) -> int:
    """Return `usual`, times PRATIQUE_FUZZ when that is set: for `settings(max_examples=...)`."""
    return usual * max(1, int(os.environ.get("PRATIQUE_FUZZ") or 1))
