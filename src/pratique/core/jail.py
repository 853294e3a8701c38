"""Which mechanisms held whoever met hostile bytes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JailReport:
    """Which mechanisms held the workers, and which were missing and why."""

    held: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    tier: str = "none"

    @property
    def sound(self) -> bool:
        """Tell whether both Landlock and seccomp held: without them a scan is incomplete."""
        names = {name.split("-")[0] for name in self.held}
        return {"landlock", "seccomp"} <= names
