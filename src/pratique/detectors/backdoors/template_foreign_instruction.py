"""BKD007 template-foreign-instruction."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.template_tree import parse_template, spot
from pratique.artifacts.views import TemplateView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.patterns.orders import orders

_IMAGE = re.compile(
    r"!\[[^\]\n]{0,80}\]\(https?://[^)\s]{1,200}|<img[^>\n]{0,80}src=[\"']?https?://[^>\s]{1,200}"
)
_ADDRESS = re.compile(r"https?://([A-Za-z0-9.-]{3,100})[^\s\"'<>)]{0,100}")
LOCAL = frozenset({"0.0.0.0", "127.0.0.1", "localhost"})  # noqa: S104 - compared, not bound
KNOWN_HOSTS = (
    "githubusercontent.com",
    "github.io",
    "sbert.net",
    "bitbucket.org",
    "gitlab.org",
    "gitlab.com",
    "readthedocs.io",
    "pytorch.org",
    "python.org",
    "wandb.ai",
    "json-schema.org",
    "huggingface.co",
    "w3.org",
    "github.com",
    "schema.org",
    "wikipedia.org",
    "openai.com",
    "anthropic.com",
    "mistral.ai",
    "qwen.ai",
    "deepseek.com",
    "google.dev",
    "google.com",
    "nvidia.com",
    "ibm.com",
    "llama.com",
    "meta.com",
    "microsoft.com",
    "cohere.com",
    "example.com",
    "x.ai",
    "arxiv.org",
)


_AS_SYSTEM = re.compile(
    r"[\"']system[\"']\s+if\s+\w+(?:\.role|\[\s*[\"']role[\"']\s*\])\s*(?:==\s*[\"'](?:user|tool)[\"']"
    r"|in\s*[\[(][^\])]{0,60}[\"']user[\"'])"
    r"|(?:if|elif)\s+\w+(?:\.role|\[\s*[\"']role[\"']\s*\])\s*==\s*[\"']user[\"']\s*-?%\}"
    r"(?:(?!\{%)[\s\S]){0,80}<\|(?:im_start\|>|start_header_id\|>|)system\b"
)
"""What gives the words of a user the authority of the system."""
_CARD = re.compile(r"\A---[ \t]*\n|^```(?:python|shell|bash|sh|console)\b", re.MULTILINE)
"""A model card that shows a template is full of addresses, and no loader renders it."""


def _is_badge(image: str) -> bool:
    """Tell an image of a known place that carries nothing along."""
    address = _ADDRESS.search(image)
    return address is not None and "?" not in address[0] and _is_known(address[1])


def _is_known(host: str) -> bool:
    host = host.lower().rstrip(".")
    return any(host == k or host.endswith("." + k) for k in KNOWN_HOSTS) or host in LOCAL


def _suspects(text: str) -> Iterator[tuple[str, Severity, str]]:
    for severity, order in orders(text):
        yield "an order", severity, order
    for match in _IMAGE.finditer(text):
        if not _is_badge(match[0]):
            yield "an image link", Severity.HIGH, match[0]
    for match in _ADDRESS.finditer(text):
        if not _is_known(match[1]):
            yield "an address", Severity.MEDIUM, match[0]


class TemplateForeignInstruction(Detector[TemplateView]):
    """A chat template writes instructions or addresses that serve somebody else.

    ## What it looks for
    Text in the template that tells the model to ignore or hide instructions, to keep something from
    the user, to recommend or insert something, to reveal secrets, or to send data somewhere;
    mail addresses and wallets; the role of the system for a user's words; images and links whose
    address is built from the conversation; and web addresses of hosts that document no format.

    ## Why it matters
    What a template writes becomes part of every prompt, with the authority of the system message. A
    link that carries the conversation leaks it as soon as a client renders the answer.

    ## What to do
    Read the text. Remove it, or use the template of the base model.

    ## What it cannot see
    Polite wording, other languages, and text that is assembled from many small pieces.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD007"),
        slug="template-foreign-instruction",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=(
            "CWE-506",
            "ATLAS:AML.T0018.003",
            "ATLAS:AML.T0051",
            "ATLAS:AML.T0057",
            "OWASP-LLM:2025-LLM01",
        ),
        since="0.1",
        version=2,
    )
    reads: ClassVar[type[TemplateView]] = TemplateView

    def inspect(self, view: TemplateView) -> Iterator[Finding]:
        """Report each suspicious text once."""
        seen: set[str] = set()
        if (role := _AS_SYSTEM.search(view.source)) is not None:
            line = view.source.count("\n", 0, role.start()) + 1
            says = f"line {line} of the template gives a user's words to the model as the system's"
            yield self.finding(spot(view, line), says, severity=Severity.HIGH, origin=view.origin)
        card = view.origin == "file" and _CARD.search(view.source) is not None
        for use in parse_template(view.source).uses:
            if use.kind != "words":
                continue
            for why, severity, match in _suspects(use.what):
                if match not in seen and not (card and why == "an address"):
                    seen.add(match)
                    says = f"line {use.line} of the template writes {why}: {match[:80]!r}"
                    yield self.finding(
                        spot(view, use.line), says, severity=severity, origin=view.origin
                    )
