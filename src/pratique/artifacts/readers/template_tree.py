"""What a Jinja template does, from its syntax tree: parsed under bounds, never rendered."""

import re
from functools import lru_cache

from pratique.artifacts.readers.template_uses import Template, Use
from pratique.artifacts.views import TemplateView
from pratique.core.finding import Span
from pratique.core.limits import KiB

__all__ = [
    "MAX_SOURCE",
    "Template",
    "Use",
    "is_template",
    "parse_template",
    "spot",
    "without_workflow",
]

MAX_SOURCE = 512 * KiB
"""The largest chat template in common use is under 30 KiB."""


@lru_cache(maxsize=8)
def parse_template(source: str) -> Template:
    """Return what the template does; never raises and never renders."""
    if len(source) > MAX_SOURCE:
        return Template(broke=f"longer than {MAX_SOURCE} characters: not parsed")
    # Jinja is for workers, where `JinjaReader.warm` has imported it; rule cards do without
    from pratique.artifacts.readers.template_walk import parsed  # noqa: PLC0415

    return parsed(source)


_OUTSIDE = re.compile(r"\$\{\{((?:(?!__|\{\{|\}\})[\w\s.,'\"\[\]()!=<>&|*/:$@+?#~-]){1,1000})\}\}")
_QUOTED = re.compile(r"'[^']*'")
_WORD = re.compile(r"(?<![\w.\-])(?!\d)[\w-]+")
_KNOWN = frozenset(
    ["github", "gitea", "env", "vars", "job", "jobs", "steps", "runner", "secrets", "strategy",
     "matrix", "needs", "inputs", "contains", "startswith", "endswith", "format", "join", "tojson",
     "fromjson", "hashfiles", "success", "always", "cancelled", "failure", "true", "false", "null"]
)  # fmt: skip
"""What an expression of a GitHub workflow may begin with; to Jinja most of it is undefined."""


def without_workflow(text: str) -> str:
    """Return a text without the `${{ ... }}` of GitHub's workflows, which are no Jinja."""
    return _OUTSIDE.sub(_blank, text) if "${{" in text else text


def _blank(found: re.Match[str]) -> str:
    words = _WORD.findall(_QUOTED.sub("", found[1]))
    if all(word.lower() in _KNOWN for word in words):
        return "\n" * found[0].count("\n")
    return found[0]


def is_template(text: str) -> bool:
    """Tell a text with Jinja's brackets that parses; other template languages mostly do not."""
    text = without_workflow(text)
    if "{{" not in text and "{%" not in text:
        return False
    template = parse_template(text)
    return template.logic and not template.broke


def spot(view: TemplateView, line: int) -> Span:
    """Return where a line of a template stands: lines count in the file only if it is the file."""
    return Span(start=view.base, line=line if view.origin == "file" else 0)
