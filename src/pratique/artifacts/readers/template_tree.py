"""What a Jinja template does, from its syntax tree: parsed under bounds, never rendered."""

from functools import lru_cache

from pratique.artifacts.readers.template_uses import Template, Use
from pratique.artifacts.views import TemplateView
from pratique.core.finding import Span
from pratique.core.limits import KiB

__all__ = ["MAX_SOURCE", "Template", "Use", "is_template", "parse_template", "spot"]

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


def is_template(text: str) -> bool:
    """Tell a text with Jinja's brackets that parses; other template languages mostly do not."""
    if "{{" not in text and "{%" not in text:
        return False
    template = parse_template(text)
    return template.logic and not template.broke


def spot(view: TemplateView, line: int) -> Span:
    """Return where a line of a template stands: lines count in the file only if it is the file."""
    return Span(start=view.base, line=line if view.origin == "file" else 0)
