"""BKD041 code-runs-at-startup."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.told_documents import texts

_IMPORT = re.compile(r"import[ \t]+\S")
_ACTS = re.compile(
    r"\b(?:exec|eval|compile|__import__)\s*\(|\b(?:base64|zlib|marshal|socket|subprocess|urllib|requests"
    r"|ctypes|codecs)\b|\bos\.(?:system|popen|exec|spawn)"
)
_SHADOWS = frozenset(
    f"{name}.py"
    for name in (
        "torch", "numpy", "transformers", "diffusers", "safetensors", "tensorflow", "pickle",
        "json", "os", "sys", "subprocess", "tokenizers", "huggingface_hub", "onnxruntime",
    )
)  # fmt: skip


class CodeRunsAtStartup(Detector[Repository]):
    """A file makes every Python program run code when it starts.

    ## What it looks for
    `.pth` files with a line that begins with `import`, `sitecustomize.py` and
    `usercustomize.py`, and modules at the top of the repository that bear the name of a library
    which every loader imports. Lines of `.pth` files that run text, decode or reach out are high.
    What the modules themselves do is for the rules about code.

    ## Why it matters
    The interpreter runs the first two before any program; the last takes the place of the
    library wherever the folder of the model is the working directory. Nobody has to load the
    model.

    ## What to do
    Delete the file. Never unpack a model into site-packages or start Python in its folder.

    ## What it cannot see
    Other ways in which a machine is set up to import a file.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD041"),
        slug="code-runs-at-startup",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-427",
            "CWE-506",
            "ATLAS:AML.T0018.002",
            "ATLAS:AML.T0010",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such file."""
        for at, text in texts(view):
            name = at.chain[-1].rpartition("/")[2]
            for number, line in enumerate(
                text.splitlines()[:1000] if name.endswith(".pth") else [], 1
            ):
                if _IMPORT.match(line):
                    yield self.finding(
                        Span(chain=at.chain, line=number),
                        f"runs at every start: {line[:100]!r}",
                        severity=Severity.HIGH if _ACTS.search(line) else Severity.MEDIUM,
                    )
        for file in view.files:
            python = file.fact("python") is not None
            if python and file.path.rpartition("/")[2] in {"sitecustomize.py", "usercustomize.py"}:
                yield self.finding(Span(chain=(file.path,)), "is imported at every start of Python")
            elif python and file.path in _SHADOWS:
                yield self.finding(
                    Span(chain=(file.path,)),
                    "takes the place of a library that loaders import",
                )
