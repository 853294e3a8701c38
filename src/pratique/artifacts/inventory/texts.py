"""The texts of a package, and which of them were already read as lists of requirements."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pratique.artifacts.inventory.found import beside

MOST_INCLUDES = 2_000


@dataclass(slots=True)
class Texts:
    """What small files and lists say, by path, with members after `!`.

    `cut` names those of which only the beginning is here.
    """

    bodies: Mapping[str, str]
    cut: frozenset[str] = frozenset()
    read: set[str] = field(default_factory=set)
    followed: int = 0

    def begin(self, path: str) -> str | None:
        """Return a text to read as requirements, once for each path; None where there is none."""
        self.read.add(path)
        return self.bodies.get(path)

    def aim(self, at: str, other: str) -> str | None:
        """Return the path that `other` has beside `at`; None where it leads out of the package.

        Inside an archive it stays in the archive.
        """
        outer, mark, inner = at.rpartition("!")
        told = beside(inner, other.strip().strip("'\""))
        if "://" in other or told.startswith(("../", "/")) or told == "..":
            return None
        return f"{outer}{mark}{told}"

    def near(self, at: str, other: str) -> str | None:
        """Return the path of a text that a command in `at` reads where it was copied to.

        An image or a job has other folders than the package: a file beside `at` or at the top with
        the same last name is taken for it.
        """
        name = other.strip().strip("'\"").rpartition("/")[2]
        outer, mark, _ = at.rpartition("!")
        told = [self.aim(at, other), self.aim(at, name), f"{outer}{mark}{name}"]
        return next((path for path in told if path is not None and path in self.bodies), None)
