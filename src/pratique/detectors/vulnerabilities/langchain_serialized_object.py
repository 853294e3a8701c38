"""VUL095 langchain-serialized-object."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.told_documents import structured
from pratique.detectors.vulnerabilities.telling import tell

_OWN = (
    "langchain", "langgraph", "uuid.UUID", "datetime.", "decimal.Decimal", "pathlib.", "zoneinfo.",
    "ipaddress.", "collections.deque", "builtins.set", "builtins.frozenset", "re.compile", "tests.",
    "__main__",
)  # fmt: skip
_FIRST = ("CVE-2025-68664", "CVE-2026-44843")
_USER = frozenset({"additional_kwargs", "response_metadata", "metadata", "content", "tool_calls"})
MOST = 100_000


class LangchainSerializedObject(Detector[Repository]):
    """A JSON document makes LangChain build objects or hand out secrets.

    ## What it looks for
    Mappings with the key `lc`: constructors of what is not LangChain's own, and secrets that
    stand in user data such as `additional_kwargs` or outside of any constructor. Prompts and
    models that LangChain wrote itself stay silent.

    ## Why it matters
    Loading such a document builds the named object, or puts an environment variable in its
    place, from where it leaks. Covers CVE-2025-68664, CVE-2026-44843 and CVE-2025-64439.

    ## What to do
    Reject the document, and use langchain-core 1.3.3 or later, langgraph-checkpoint 3.0.0 or
    later.

    ## What it cannot see
    Documents in other encodings, such as msgpack.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL095"),
        slug="langchain-serialized-object",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-502",
            "CWE-470",
            "ATLAS:AML.T0011.000",
            "ATLAS:AML.T0010",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each object that is not LangChain's, and each secret out of place."""
        for at, document in structured(view):
            for node, outside in _nodes(document):
                kind, version = node.get("type"), node.get("lc")
                told = node.get("id")
                name = ".".join(str(part) for part in told[:10]) if isinstance(told, list) else ""
                if kind == "constructor" and name and not name.startswith(_OWN):
                    only = frozenset({"CVE-2025-64439"} if version == 2 else _FIRST)  # noqa: PLR2004 - the format's number
                    yield tell(type(self), view, at, f"builds {name[:100]!r}", only=only)
                elif kind == "secret" and outside:
                    yield tell(
                        type(self),
                        view,
                        at,
                        f"asks for the secret {name[:80]!r}",
                        only=frozenset(_FIRST),
                    )


def _nodes(document: object) -> Iterator[tuple[dict[str, object], bool]]:
    """Yield mappings with `lc`, and whether they stand in user data or outside a constructor."""
    stack: list[tuple[object, bool]] = [(document, True)]
    for _ in range(MOST):
        if not stack:
            return
        part, outside = stack.pop()
        if isinstance(part, dict):
            if isinstance(part.get("lc"), int):
                yield part, outside
            inside = outside and part.get("type") != "constructor"
            stack += [(value, inside or key in _USER) for key, value in part.items()]
        elif isinstance(part, list):
            stack += [(value, outside) for value in part]
