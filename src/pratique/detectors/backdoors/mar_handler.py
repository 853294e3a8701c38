"""BKD032 mar-handler."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository, RepositoryFile
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.callables import Standing, standing

BUILT_IN = frozenset(
    ["image_classifier", "image_segmenter", "object_detector", "text_classifier",
     "text_handler", "vision_handler", "base_handler", "request_envelope", "dali_image_classifier"]
)  # fmt: skip
"""Handlers that TorchServe brings itself (ts/torch_handler)."""
FILES = ("serializedFile", "modelFile", "requirementsFile", "configFile")
_OUTSIDE = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[A-Za-z]:[/\\]|^~|://")
_MANIFEST = "MANIFEST.json"


class MarHandler(Detector[Repository]):
    """A TorchServe archive names the Python code that serves it.

    ## What it looks for
    The manifest of a `.mar` archive: a handler of its own (low: most archives have one, and the
    rules about Python judge its source), requirements that the server may install (low), a handler
    that is neither in the archive nor one of TorchServe's (medium), and a handler or file that is
    outside of the archive or is a module that runs commands (high).

    ## Why it matters
    The server imports the handler when the model is registered, before any request.

    ## What to do
    Read the handler. Serve archives with foreign handlers in a container without secrets.

    ## What it cannot see
    Whether your server installs the requirements (`install_py_dep_per_model`).
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD032"),
        slug="mar-handler",
        stage=Stage.BACKDOORS,
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-829",
            "CWE-22",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report what each manifest names."""
        for file in view.files:
            for kind, chain, data in file.facts:
                if kind == "mar" and isinstance(data, dict):
                    at = Span(chain=(file.path, *chain))
                    yield from self._handler(at, str(data.get("handler", "")), _beside(file, at))
                    yield from self._files(at, data)

    def _handler(self, at: Span, handler: str, beside: set[str]) -> Iterator[Finding]:
        path, _, function = handler.partition(":")
        module = path.removesuffix(".py")
        severity, says = Severity.LOW, "serves the model with the code of"
        if _OUTSIDE.search(path):
            severity, says = Severity.HIGH, "takes its handler from outside of the archive:"
        elif module in BUILT_IN:
            return
        elif standing(f"{module}.{function or 'handle'}") is Standing.DANGEROUS:
            severity, says = Severity.HIGH, "serves the model with a module that runs commands:"
        elif f"{module}.py" not in beside and beside:
            severity, says = Severity.MEDIUM, "names a handler that the archive does not hold:"
        yield self.finding(at, f"{says} {handler[:120]!r}", severity=severity, handler=handler)

    def _files(self, at: Span, data: dict[str, object]) -> Iterator[Finding]:
        for key in FILES:
            path = str(data.get(key, ""))
            if _OUTSIDE.search(path):
                says = f"{key} is outside of the archive: {path[:120]!r}"
                yield self.finding(at, says, severity=Severity.HIGH, file=path)
            elif path and key == "requirementsFile":
                yield self.finding(at, f"lets the server install what {path[:120]!r} names")


def _beside(file: RepositoryFile, at: Span) -> set[str]:
    """Return the names of the files in the archive of a manifest; empty where it stands alone."""
    inside, base = at.chain[1:-1], at.chain[-1].removesuffix(_MANIFEST).removesuffix("MAR-INF/")
    names = (c[-1] for k, c, _ in file.facts if k == "format" and c and c[:-1] == inside)
    return {name.removeprefix(base) for name in names}
