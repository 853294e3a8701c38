"""BKD003 template-foreign-global."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.template_tree import parse_template, spot
from pratique.artifacts.views import TemplateView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector

FOREIGN = frozenset(
    [
        "lipsum",
        "self",
        "request",
        "config",
        "url_for",
        "get_flashed_messages",
        "session",
        "g",
        "os",
        "sys",
        "subprocess",
        "open",
        "eval",
        "exec",
        "compile",
        "__import__",
        "__builtins__",
        "builtins",
        "importlib",
        "getattr",
        "setattr",
        "globals",
        "locals",
        "vars",
        "popen",
        "system",
        "pickle",
        "marshal",
        "ctypes",
        "socket",
    ]
)
OWN = frozenset({"cycler.next", "cycler.reset", "cycler.current"})


def _foreign(kind: str, what: str) -> str:
    if kind == "name" and what in FOREIGN:
        return what
    if kind == "call" and what.startswith(("cycler.", "joiner.", "namespace.", "dict.", "range.")):
        return "" if what in OWN else what
    return ""


class TemplateForeignGlobal(Detector[TemplateView]):
    """A chat template uses objects that lead out of rendering.

    ## What it looks for
    Names that no chat template needs: `lipsum`, `self`, `request`, `config`, `url_for`, `os`,
    `subprocess`, `open`, `eval`, `exec`, `__import__` and their like, and any attribute of `cycler`
    or `joiner` other than their own methods.

    ## Why it matters
    Jinja puts real Python functions into every template. Their attributes are the shortest known
    way to the `os` module, and web frameworks add more of them. Chat templates get messages, tools
    and a few functions; nothing else is of use to them.

    ## What to do
    Read the line. If it is not part of a documented chat format, use the template of the base model
    instead, and report the model.

    ## What it cannot see
    Objects that a loader of your own puts into templates under another name.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD003"),
        slug="template-foreign-global",
        stage=Stage.BACKDOORS,
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        refs=("CWE-1336", "CWE-94", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[TemplateView]] = TemplateView

    def inspect(self, view: TemplateView) -> Iterator[Finding]:
        """Report each foreign name once."""
        uses = parse_template(view.source).uses
        seen: set[str] = set()
        for use in uses:
            word = _foreign(use.kind, use.what)
            if word and word not in seen:
                seen.add(word)
                yield self.finding(
                    spot(view, use.line),
                    f"line {use.line} of the template uses {word[:80]!r}",
                    origin=view.origin,
                    name=word,
                )
