"""Globs over paths: `*` stays within one name, `**` as a whole part crosses folders."""

from fnmatch import fnmatchcase
from typing import Final

ANYWHERE: Final = "**"


def matches(path: str, glob: str) -> bool:
    """Tell whether a path with `/` fits a glob.

    `*`, `?` and `[...]` never match a `/`. A part that is `**` stands for any number of folders; as
    the last part it stands for everything below. The work grows with parts times parts, not with
    how often a hostile path almost fits.
    """
    parts, wanted = path.split("/"), glob.split("/")
    reached = {0}
    for n, part in enumerate(wanted, 1):
        if part == ANYWHERE:
            inside = n == len(wanted)  # "a/**" is what lies in a, not a itself
            reached = set(range(min(reached) + inside, len(parts) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(parts) and fnmatchcase(parts[at], part)}
        if not reached:
            return False
    return len(parts) in reached
