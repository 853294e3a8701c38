"""How hard a property is tried: a little in `make test`, always alike; long in `make fuzz`."""

import os

_TIMES = os.environ.get("PRATIQUE_FUZZ")
REPEATABLE = not _TIMES
"""For `settings(derandomize=...)`: a long run that tries the same bytes again finds nothing."""


def examples(usual: int) -> int:
    """Return `usual`, times PRATIQUE_FUZZ when that is set: for `settings(max_examples=...)`."""
    return usual * max(1, int(_TIMES or 1))
