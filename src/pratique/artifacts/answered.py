"""The view of what an antivirus says of the files of an artifact."""

from dataclasses import dataclass

from pratique.artifacts.reader import View


@dataclass(frozen=True, slots=True, kw_only=True)
class AntivirusAnswers(View):
    """Each file's path, `clean`, `found` or `unseen`, and a signature's name or why it is unseen.

    `covered` are the files that were looked at.
    """

    answers: tuple[tuple[str, str, str], ...] = ()
