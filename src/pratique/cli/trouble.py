"""From an exception to one line and an exit code."""

from pratique.cli.reports.safe import plain
from pratique.core.errors import ArtifactError, BugError, EvidenceError, PratiqueError, UsageError

REFUSED, USAGE, INCOMPLETE, INTERRUPTED = 1, 2, 3, 130
MOST = 1_000


def told(error: Exception) -> tuple[str, int]:
    """Return what to say of an error and the exit code."""
    if isinstance(error, PratiqueError):
        return f"{plain(str(error), MOST)}; {error.hint()}", _code(error)
    if isinstance(error, OSError):
        place = f"{plain(str(error.filename), MOST)}: " if error.filename else ""
        says = f"{place}{error.strerror or plain(str(error), MOST)}"
        return f"{says}; see that the place exists and may be used", USAGE
    # Typer carries Click under its own name in some versions, so its errors are told by their shape
    if hasattr(error, "format_message"):
        return f"{plain(error.format_message(), MOST)}; see `pratique --help`", USAGE
    if type(error).__name__ == "Abort":
        return "interrupted; nothing was written", INTERRUPTED
    # exit code 1 would be taken for a verdict
    says = f"a bug in pratique: {type(error).__name__}: {plain(str(error), MOST)}"
    return f"{says}; {BugError().hint()}; --verbose tells where", INCOMPLETE


def _code(error: PratiqueError) -> int:
    if isinstance(error, UsageError):
        return USAGE
    return REFUSED if isinstance(error, (EvidenceError, ArtifactError)) else INCOMPLETE
