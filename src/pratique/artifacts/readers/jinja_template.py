"""Jinja templates that are files of their own, such as `chat_template.jinja`."""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.decoding import opening, text_if_any
from pratique.artifacts.readers.template_tree import MAX_SOURCE, parse_template, without_workflow
from pratique.artifacts.views import TemplateView

_MARK = re.compile(r"\{%|\{\{")
_JSON = re.compile(r'\s*[{\[]\s*(?:"|[{\[]\s*")')


class JinjaReader(Reader):
    """Reads a text with Jinja statements or expressions that parses as a template with logic."""

    name: ClassVar[str] = "jinja"
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = (TemplateView,)

    def warm(self) -> None:
        """Import Jinja, which rules over templates need, too."""
        parse_template("{{ a }}")

    def recognises(self, subject: Subject) -> bool:
        """Tell whether a small text holds Jinja's own brackets and does not begin as JSON."""
        if not 0 < subject.size <= 4 * MAX_SOURCE:
            return False
        text = opening(subject)
        return _MARK.search(text) is not None and _JSON.match(text) is None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim and the template; nothing for prose or code that merely has brackets."""
        text = text_if_any(subject, 4 * MAX_SOURCE)
        text = without_workflow(text) if text is not None else None
        template = parse_template(text or "")
        if text is None or template.broke or not template.logic or _is_code(text):
            return
        yield Claim(0, subject.size, "jinja template")
        yield TemplateView(source=text, origin="file", covered=subject.size)


def _is_code(text: str) -> bool:
    """Tell Python whose braces stand inside its strings.

    A `{{ ... }}` outside of strings is a set of a set to Python: then it is a template after all.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    inner = (ast.Set, ast.Dict, ast.SetComp, ast.DictComp)
    return not any(
        isinstance(node, ast.Set) and any(isinstance(e, inner) for e in node.elts)
        for node in ast.walk(tree)
    )
