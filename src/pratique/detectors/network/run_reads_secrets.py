"""NET007 run-reads-secrets."""

import re
from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, deed, told
from pratique.detectors.network.places import plain

_VERB = {
    "open": "opens",
    "link": "links to",
    "symlink": "links to",
    "rename": "moves",
    "execve": "starts a program that is to read",
}
_PLACES = re.compile(
    r"^/etc/(?:shadow|gshadow|sudoers)"
    r"|^/proc/(?!self/|thread-self/)\d+/(?:environ|mem|maps|fd/)"
    r"|/\.(?:ssh|aws|gnupg|kube|docker|azure)(?:/|$)"
    r"|/\.(?:netrc|pgpass|git-credentials|npmrc|pypirc|bash_history|python_history)$"
    r"|/\.(?:cache/huggingface|huggingface)/(?:stored_)?tokens?$"
    r"|/\.config/(?:gcloud|gh|hub|op)/"
    r"|/\.(?:mozilla|thunderbird|bitcoin|electrum)/|/\.config/(?:google-chrome|chromium)/"
    r"|^/(?:var/)?run/secrets/"
)


def _planted(event: Event, decoys: tuple[str, ...]) -> str:
    """Return the decoy that an event touches, empty where it touches none."""
    argv = event.word("argv")
    named = [plain(event.word("path")), plain(event.word("to"))]
    paths = [path for path in named if not path.startswith("/model/")]
    for name in filter(None, decoys):
        if any(path.endswith(name) for path in paths) or name in argv:
            return name
    return ""


def _path(event: Event, decoys: tuple[str, ...]) -> str:
    """Return the path that an event takes: of a link what it names, if that is the decoy."""
    path, to = plain(event.word("path")), plain(event.word("to"))
    return to if _PLACES.search(to) or to.endswith(decoys) else path


def _key(decoys: tuple[str, ...], word: str, event: Event) -> str | None:
    if word == "execve":
        return _planted(event, decoys) or None
    if word not in _VERB:
        return None
    if planted := _planted(event, decoys):
        return planted
    path = _path(event, ())
    return path if _PLACES.search(path) and not path.startswith("/model/") else None


class RunReadsSecrets(Detector[DetonationTrace]):
    """A model reads keys, tokens or passwords when it is loaded or asked.

    ## What it looks for
    Opened files that were planted as decoys (keys, tokens, histories in a home folder), in any
    process, also by a command's arguments: critical. Other well-known places of secrets, and the
    environment or memory of other processes: high.

    ## Why it matters
    Nothing that loads a model reads an SSH key. Whoever reads it wants to take it along, and needs
    only one open connection to do so.

    ## What to do
    Do not load the model. Change every key and token that a machine that loaded it could read.

    ## What it cannot see
    Secrets in environment variables: reading these is no system call. NET008 sees them when they
    leave.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET007"),
        slug="run-reads-secrets",
        stage=Stage.NETWORK,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-522",
            "CWE-200",
            "ATLAS:AML.T0055",
            "ATLAS:AML.T0025",
            "OWASP-LLM:2025-LLM02",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        decoys = tuple(d.name.removeprefix("~") for d in view.detonation.decoys if d.kind == "file")
        for act in acts(view, partial(_key, decoys)):
            planted = _planted(act.event, decoys)
            verb, path = _VERB[deed(act.event)], _path(act.event, decoys)
            if deed(act.event) == "execve":
                path = f"~{planted}"
            yield told(
                type(self),
                act,
                f"{verb} {path!r} {act.when()}"
                + (", which nobody but a thief looks for" if planted else ""),
                None if planted else Severity.HIGH,
                path=path,
                argv=act.event.word("argv"),
            )
