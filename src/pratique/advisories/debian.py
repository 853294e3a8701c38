"""Which release of Debian a package is of: its advisories are told release by release."""

import re
from typing import Final

from pratique.core.component import DEBIAN, Component, Inventory

_NAMES: Final = {
    "stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13",
    "forky": "14",
}  # fmt: skip
_IMAGE: Final = "image "
_OF_DEBIAN: Final = re.compile(r"(?:.*/)?debian")
_NUMBER: Final = re.compile(r"(\d{1,2})(?:\.\d+)?(?:-.*)?")


class Releases:
    """The releases that the base images of each file say, where they agree."""

    def __init__(self, inventory: Inventory) -> None:
        found: dict[str, set[str]] = {}
        for one in inventory.components:
            if not one.ecosystem and one.name.startswith(_IMAGE):
                said = _release(one.name.removeprefix(_IMAGE), one.version or one.spec)
                found.setdefault(one.path, set()).add(said)
        self._by_path = {path: said.pop() for path, said in found.items() if len(said) == 1}

    def ecosystem(self, component: Component) -> str:
        """Return a component's ecosystem as OSV names it: of Debian's with the release if said."""
        if component.ecosystem != DEBIAN:
            return component.ecosystem
        release = self._by_path.get(component.path, "")
        return f"{DEBIAN}:{release}" if release else DEBIAN


def _release(image: str, tag: str) -> str:
    """Return the release of an image: `debian:12`, `python:3.11-slim-bookworm`; else nothing."""
    words = tag.removeprefix("==").split("-")
    named = {_NAMES[word] for word in words if word in _NAMES}
    if len(named) == 1:
        return named.pop()
    match = _NUMBER.fullmatch(tag.removeprefix("=="))
    return match[1] if match and _OF_DEBIAN.fullmatch(image) and not named else ""
