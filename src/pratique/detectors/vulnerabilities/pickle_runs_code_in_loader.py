"""VUL060 pickle-runs-code-in-loader."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import tell, told, words

_MODULES = frozenset(
    {
        "os",
        "posix",
        "nt",
        "subprocess",
        "commands",
        "pty",
        "runpy",
        "importlib",
        "code",
        "codeop",
        "pdb",
        "bdb",
        "timeit",
        "cProfile",
        "profile",
        "trace",
        "pip",
        "pydoc",
        "pkgutil",
        "socket",
        "ctypes",
        "webbrowser",
        "sys",
        "shutil",
    }
)
_NAMES = frozenset(
    f"{module}.{name}"
    for module in ("builtins", "__builtin__")
    for name in (
        "eval",
        "exec",
        "execfile",
        "compile",
        "__import__",
        "open",
        "breakpoint",
    )
)


class PickleRunsCodeInLoader(Detector[Repository]):
    """A pickle that named loaders open without limits imports what runs commands or code.

    ## What it looks for
    Imports, in any pickle of the package, of modules and functions that start programs, run text
    or resolve any name: `os`, `subprocess`, `builtins.eval` and their like.

    ## Why it matters
    Many libraries opened checkpoints, indexes and caches with the full power of pickle, or fell
    back to it. This rule says which versions do; what the pickle does is judged by the rules of
    the malware stage. Covers the entries of torch, transformers, vLLM, LMDeploy, SGLang, LLaMA-
    Factory, MONAI, Stanza, NumPy, scikit-learn, NLTK, Ray, ClearML and SageMaker that the proof
    lists.

    ## What to do
    Do not load the file. A version that is mended refuses it; that makes it no better.

    ## What it cannot see
    Imports by other names, which pickle-dangerous-import and pickle-unknown-import judge, and
    which of these programs will open the file.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL060"),
        slug="pickle-runs-code-in-loader",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-502", "ATLAS:AML.T0010", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each pickle once, with the loaders that it hits."""
        for at, stream in told(view, "pickle"):
            names = [name for name in words(stream, "imports") if _runs(name)]
            if names:
                shown = ", ".join(repr(name[:80]) for name in names[:5])
                yield tell(type(self), view, at, f"imports {shown}")


def _runs(name: str) -> bool:
    return name.partition(".")[0] in _MODULES or name in _NAMES
