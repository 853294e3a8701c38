"""VUL022 keras-config-foreign-module."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import keras_nodes
from pratique.detectors.vulnerabilities.telling import tell

_ACTING = frozenset(
    ["os", "posix", "nt", "subprocess", "builtins", "importlib", "runpy", "pty", "socket", "ctypes",
     "pickle", "marshal", "shutil", "sys", "code", "codeop", "operator", "functools", "types",
     "urllib", "http", "ftplib", "platform", "timeit", "cProfile", "pdb", "webbrowser", "tempfile"]
)  # fmt: skip
_BUILTINS = frozenset(
    ["eval", "exec", "compile", "open", "__import__", "getattr", "setattr", "input", "breakpoint"]
)
_ACTS = frozenset(
    ["get_file", "_extract_archive", "extract_archive", "load_model", "deserialize_keras_object",
     "load_weights", "run_script", "import_module", "clone_model", "pickle_model"]
)  # fmt: skip
_IMPORTS, _CALLS = frozenset({"CVE-2025-1550"}), frozenset({"CVE-2025-8747"})


class KerasConfigForeignModule(Detector[Repository]):
    """A Keras configuration makes the loader import or call what is no part of a model.

    ## What it looks for
    Entries of a Keras configuration whose `module` is one of Python's own modules, and
    functions of Keras itself that act (fetch files, run code, load other models) in the place
    of a layer's function.

    ## Why it matters
    Keras imports the module and takes the named object out of it while it loads the model; some
    versions did so for any module, in safe mode too. Covers CVE-2025-1550 (PYSEC-2025-122) and
    CVE-2025-8747 (PYSEC-2025-75).

    ## What to do
    Do not load the model. Ask for one whose layers are Keras's own.

    ## What it cannot see
    Modules of other packages: a model with layers of its own names them, too; they need a
    person to look.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL022"),
        slug="keras-config-foreign-module",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-94",
            "CWE-502",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such entry, with the loaders that it hits."""
        for at, node in keras_nodes(view):
            module, named = node.get("module"), node.get("class_name")
            config = node.get("config")
            if not isinstance(module, str) or not isinstance(named, str):
                continue
            what = config if isinstance(config, str) else named
            top = module.partition(".")[0]
            if top in _ACTING and (top != "builtins" or what in _BUILTINS):
                yield tell(type(self), view, at, f"names {module}.{what[:80]}", only=_IMPORTS)
            elif top == "keras" and what.rpartition(".")[2] in _ACTS:
                yield tell(type(self), view, at, f"calls {module}.{what[:80]}", only=_CALLS)
