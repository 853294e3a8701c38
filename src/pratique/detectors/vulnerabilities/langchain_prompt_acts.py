"""VUL096 langchain-prompt-acts."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.configured_entries import mappings
from pratique.detectors.told_documents import structured
from pratique.detectors.vulnerabilities.telling import tell

_CHAINS = frozenset({"llm_bash_chain", "pal_chain", "llm_symbolic_math_chain", "python_repl"})
_PATHS = (
    "template_path",
    "prompt_path",
    "llm_path",
    "suffix_path",
    "prefix_path",
    "llm_chain_path",
)
_AWAY = re.compile(r"^(?:/|~|[A-Za-z]:\\|lc://)|(?:^|[/\\])\.\.[/\\]|://")


class LangchainPromptActs(Detector[Repository]):
    """A LangChain configuration runs a template, a shell or a file of the machine.

    ## What it looks for
    Documents with `_type`: prompts whose `template_format` is jinja2, chains that run shell or
    Python (`llm_bash_chain`, `pal_chain`), and `template_path`, `prompt_path` and `llm_path`
    that leave the folder.

    ## Why it matters
    Loading a prompt or a chain from a file renders the template without a sandbox or builds the
    chain. Covers CVE-2023-36281.

    ## What to do
    Write the prompt as an f-string template; do not load chains from files.

    ## What it cannot see
    Templates that are filled in later.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL096"),
        slug="langchain-prompt-acts",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-94",
            "CWE-1336",
            "CWE-22",
            "ATLAS:AML.T0010",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such document once."""
        for at, document in structured(view, "_type"):
            for _, node in mappings(document):
                kind = node.get("_type")
                if not isinstance(kind, str):
                    continue
                grave = kind in _CHAINS or any(_leaves(node.get(key)) for key in _PATHS)
                if grave or node.get("template_format") == "jinja2":
                    does = "acts on the machine" if grave else "is a Jinja template"
                    yield tell(
                        type(self),
                        view,
                        at,
                        f"{kind[:60]!r} {does}",
                        unless_pinned=None if grave else Severity.MEDIUM,
                    )


def _leaves(path: object) -> bool:
    return isinstance(path, str) and _AWAY.search(path) is not None
