"""BKD001 template-sandbox-escape."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.template_tree import parse_template, spot
from pratique.artifacts.views import TemplateView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector

FRAMES = frozenset(
    [
        "gi_frame",
        "gi_code",
        "cr_frame",
        "cr_code",
        "ag_frame",
        "ag_code",
        "f_globals",
        "f_locals",
        "f_builtins",
        "f_back",
        "func_globals",
        "func_code",
        "tb_frame",
        "tb_next",
        "mro",
        "im_func",
        "im_self",
        "co_code",
    ]
)
_DUNDER = re.compile(r"__[a-z0-9_]+__")

_FORMAT = re.compile(r"\{[^{}]{0,80}[.\[]__[a-z0-9_]+__")
"""An attribute walk inside a pattern of `str.format`."""


def _is_internal(name: str, kind: str) -> bool:
    if _DUNDER.fullmatch(name) or _FORMAT.search(name):
        return True
    return kind == "attribute" and (name in FRAMES or name.startswith("_"))


class TemplateSandboxEscape(Detector[TemplateView]):
    """A chat template reaches for Python internals.

    ## What it looks for
    Attributes, subscripts and `attr` filters whose name begins and ends with two underscores, or
    that lead to frames, code objects and globals. Names that are put together from pieces, by `~`,
    `+`, `join`, `format`, `reverse`, repetition or variables, are worked out first.

    ## Why it matters
    A template is rendered by the inference server at every request. Walking from any value to
    `__class__`, `__globals__` and from there to `os` runs commands on that server (CVE-2024-34359
    in llama-cpp-python, CVE-2026-5760), as soon as a loader renders outside of Jinja's sandbox or
    has a hole in it.

    ## What to do
    Do not load the model with its own template. Replace the template by the one of the base model,
    and tell the host of the model: no honest template needs this.

    ## What it cannot see
    Names that exist only at run time, such as letters picked out of a message; the rule
    template-assembled-name reports those as built.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD001"),
        slug="template-sandbox-escape",
        stage=Stage.BACKDOORS,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=("CWE-1336", "CWE-94", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[TemplateView]] = TemplateView

    def inspect(self, view: TemplateView) -> Iterator[Finding]:
        """Report each internal name that the template reads."""
        seen: set[str] = set()
        for use in parse_template(view.source).uses:
            name = use.what.strip().lower()
            named = use.kind == "attribute" or (use.kind == "words" and use.detail != "written")
            if not named or name in seen or not _is_internal(name, use.kind):
                continue
            seen.add(name)
            how = ", assembled from pieces" if use.built else ""
            private = not name.startswith("__")
            yield self.finding(
                spot(view, use.line),
                f"line {use.line} of the template reads {name[:80]!r}{how}",
                severity=Severity.HIGH if private and name not in FRAMES else None,
                origin=view.origin,
                name=name,
            )
