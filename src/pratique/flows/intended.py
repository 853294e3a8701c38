"""What an artifact was meant to be: its digest, and who signed it."""

from pratique.core.scan import FileReport
from pratique.engine.repository import Said, compared
from pratique.flows.asked import Asked


def intended(files: tuple[FileReport, ...], asked: Asked) -> tuple[Said, ...]:
    """Return how what was expected came out; nothing where nobody said what to expect."""
    told: list[Said] = []
    if asked.expect is not None:
        told.append(("expected-digest", compared(asked.expect, files)))
    if asked.publisher is not None:
        digests = {file.path: file.digest.removeprefix("sha256:") for file in files}
        told.append(asked.publisher.said(digests))
    return tuple(told)
