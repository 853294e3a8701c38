"""BKD034 requirements-from-elsewhere."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

MOST = 20
_LINE = re.compile(
    r"^[ \t]*(?:(?:-i|-f|--(?:extra-)?index-url|--find-links|--trusted-host)[ \t=]+|(?:-e[ \t]+)?"
    r"(?:[A-Za-z0-9][\w.-]*(?:\[[^\]\n]{0,80}\])?[ \t]*@[ \t]*))?"
    r"((?:(?:git|hg|svn|bzr)\+)?[a-z]{3,6}://[^\s#]{1,500})",
    re.MULTILINE,
)
_ELSEWHERE = re.compile(
    r"(?:\w+\+)?(?:http|git|ftp)://"
    r"|.*//(?:[^/@\s]*@)?(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]|0x[0-9a-fA-F]+)(?:[:/]|$)"
)
_HONEST = re.compile(
    r".*//(?:[^/@\s]*@)?(?:localhost|127\.|\[::1\]|0\.0\.0\.0"
    r"|(?:[\w-]+\.){0,3}(?:douban\.com|aliyun\.com|aliyuncs\.com|tsinghua\.edu\.cn|tencent\.com"
    r"|ustc\.edu\.cn|163\.com|sjtu\.edu\.cn|huaweicloud\.com|pytorch\.org|pyg\.org|python\.org"
    r"|pypi\.org|pythonhosted\.org|github\.com|gitlab\.com|huggingface\.co|nvidia\.com)(?:[:/]|$))"
)
"""This machine, and the mirrors and indexes that honest files name, some without encryption."""
_NAMED = re.compile(r"(?:^|/)[\w.-]{0,60}requirements?[\w.-]{0,60}\.(?:txt|in)$")


class RequirementsFromElsewhere(Detector[Repository]):
    """A file of requirements installs packages from an address that nobody vouches for.

    ## What it looks for
    Requirement files, in archives such as `.mar` as well, with an index, a link or a package at a
    bare IP address, or by a connection without encryption. Public indexes and well-known mirrors
    are silent.

    ## Why it matters
    Servers such as TorchServe and MLflow install what a model requires before they load it, and
    installing a package runs its code. Public packages are not served from bare addresses.

    ## What to do
    Do not install it. Ask for requirements with names and versions from a public index.

    ## What it cannot see
    Packages of public indexes that are themselves malicious, and hosts that only sound honest.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD034"),
        slug="requirements-from-elsewhere",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-829",
            "CWE-494",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0011.001",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such address once."""
        for file in view.files:
            listed = _manifests(file.facts)
            for kind, chain, data in file.facts:
                name = chain[-1] if chain else file.path
                ours = _NAMED.search(name.lower()) or name.rpartition("/")[2] in listed
                text = data.get("text") if kind == "text" and isinstance(data, dict) else None
                if ours and isinstance(text, str):
                    yield from self._lines(Span(chain=(file.path, *chain)), text)

    def _lines(self, at: Span, text: str) -> Iterator[Finding]:
        urls = (u for u in _LINE.findall(text) if _ELSEWHERE.match(u) and not _HONEST.match(u))
        for url in islice(dict.fromkeys(urls), MOST):
            yield self.finding(at, f"installs from {url[:120]!r}", url=url)


def _manifests(facts: tuple[tuple[str, tuple[str, ...], object], ...]) -> set[str]:
    """Return the names of requirement files that a TorchServe manifest in the file gives."""
    told = (data for kind, _, data in facts if kind == "mar" and isinstance(data, dict))
    return {str(data["requirementsFile"]) for data in told if data.get("requirementsFile")}
