"""BKD042 tokenizer-rewrites-words."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.look_alikes import ALIKE
from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.orders import orders

_SPECIAL = re.compile(r"<[^<>\s]*>|\[[A-Z_]+\]|\\[a-zA-Z](?:\{[^}]*\})?|\(\?[a-z]+[:)]|\{[\d,]*\}")
_WORD = re.compile(r"[^\W\d_]{3,}")
_MARK = re.compile(r"</?(?:s|pad|unk|mask|bos|eos)>|\[(?:CLS|SEP|PAD|UNK|MASK)\]|<\|[a-z_]+\|>")
_ADDRESS = re.compile(r"https?://|www\.|\w\.(?:com|org|net|io)\b|@\w+\.", re.IGNORECASE)


class TokenizerRewritesWords(Detector[Repository]):
    """A tokenizer changes the words that it is given.

    ## What it looks for
    Rules of the normalizer, the pre-tokenizer and the decoder in a `tokenizer.json` that
    replace words or addresses, put words in front of a text, or write words back; added tokens
    with the number of another token, that are orders, or that look like a well-known mark in
    letters of another script; and sentences that the post-processor puts into every text. Spaces,
    quotes, marks such as U+2581 and special tokens stay silent.

    ## Why it matters
    The model then reads something else than the user wrote, or the user reads something else
    than the model wrote: an address is exchanged, a refusal removed. Weights and templates look
    clean.

    ## What to do
    Compare the file with the one of the base model, and take that.

    ## What it cannot see
    Vocabularies that were permuted as a whole, and merges.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD042"),
        slug="tokenizer-rewrites-words",
        stage=Stage.BACKDOORS,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-506",
            "CWE-345",
            "ATLAS:AML.T0018",
            "OWASP-LLM:2025-LLM04",
        ),
        since="0.1",
        version=2,
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each rule that touches words, and each token that stands for another."""
        for at, told in _told(view):
            rules = told.get("rules")
            for row in rules if isinstance(rules, list) else []:
                match row:
                    case [str() as where, str() as kind, str() as pattern, str() as content]:
                        yield from self._rewrites(at, where, kind, (pattern, content))
                    case _:
                        continue
            yield from self._texts(at, told.get("texts"))
            aliases = told.get("aliases")
            for row in aliases[:20] if isinstance(aliases, list) else []:
                name, other = str(row[0])[:60], str(row[2])[:60]
                says = f"the added token {name!r} has number {row[1]}, which is {other!r}"
                yield self.finding(at, says, severity=Severity.MEDIUM)

    def _texts(self, at: Span, texts: object) -> Iterator[Finding]:
        """Report tokens that are sentences, and marks that only look like well-known ones."""
        for row in texts if isinstance(texts, list) else []:
            how, text = str(row[0]), str(row[1])
            looks = text.translate(ALIKE)
            if how == "put in":
                says = f"the post-processor puts {text[:80]!r} into every text"
                yield self.finding(at, says, severity=Severity.MEDIUM)
            elif any(severity >= Severity.MEDIUM for severity, _ in orders(text)):
                says = f"the added token {text[:80]!r} is an order to the model"
                yield self.finding(at, says, severity=Severity.MEDIUM)
            elif looks != text and looks.isascii() and _MARK.fullmatch(looks):
                says = f"the added token {text[:40]!r} looks like {looks[:40]!r}"
                yield self.finding(at, says, severity=Severity.MEDIUM)

    def _rewrites(
        self, at: Span, where: str, kind: str, texts: tuple[str, str]
    ) -> Iterator[Finding]:
        pattern, content = texts
        if _wordy(content):
            says = f"the {where} writes {content[:80]!r}"
            says += f" for {pattern[:80]!r}" if pattern else " into the text"
            yield self.finding(at, says, rule_kind=kind)
        elif _wordy(pattern):
            says = f"the {where} takes {pattern[:80]!r} out of the text"
            yield self.finding(at, says, severity=Severity.MEDIUM, rule_kind=kind)


def _told(view: Repository) -> Iterator[tuple[Span, dict[str, object]]]:
    for file in view.files:
        for kind, chain, data in file.facts:
            if kind == "tokenizer" and isinstance(data, dict):
                yield Span(chain=(file.path, *chain)), data


def _wordy(text: str) -> bool:
    """Tell a text that holds a word, beside special tokens and classes of a regular expression."""
    bare = re.sub(r"\[[^\]]*\]", " ", _SPECIAL.sub(" ", text))
    return _WORD.search(bare) is not None or _ADDRESS.search(text) is not None
