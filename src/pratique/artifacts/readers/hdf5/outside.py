"""Files that a virtual dataset takes its elements from."""

import re
from collections.abc import Iterator

MAX_FILES = 1_000
SAME = "."
_PAIR = re.compile(rb"([^\0-\x1f\x7f]{1,1024})\0(?=[^\0-\x1f\x7f]{1,1024}\0)")


def virtual_files(block: bytes) -> Iterator[str]:
    """Yield the files that a block of mappings names, but for the file itself.

    Each mapping names a file and a dataset, each ended by a zero; selections are numbers.
    """
    seen: set[str] = set()
    for match in _PAIR.finditer(block, 9):
        name = match[1].decode("utf-8", "replace")
        if name != SAME and name not in seen and len(seen) < MAX_FILES:
            seen.add(name)
            yield name
