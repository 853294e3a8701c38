"""The former name of `tell`, for rules that are still to be moved to it."""

from pratique.artifacts.views import Repository
from pratique.core.finding import Finding, Span
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import tell


def hit(
    rule: type[Detector[Repository]],
    view: Repository,
    at: Span,
    says: str,
    only: frozenset[str] = frozenset(),
) -> Finding:
    """Return what `tell` returns."""
    return tell(rule, view, at, says, only=only)
