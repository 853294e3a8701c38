"""BKD025 config-names-callable."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.backdoors.configured_code import targets
from pratique.detectors.base import Detector

SAFE = (
    "torch.nn.", "torch.optim.", "torchvision.transforms.", "torchvision.models.", "transformers.",
    "diffusers.", "timm.", "nemo.collections.", "pytorch_lightning.", "lightning.", "torchaudio.",
    "sentence_transformers.", "torchmetrics.", "monai.", "peft.", "ldm.", "sgm.", "megatron.",
    "taming.", "omegaconf.", "hydra.", "uni2ts.", "gluonts.", "segmentation_models_pytorch.",
)  # fmt: skip
DANGEROUS_MODULES = (
    "os.", "posix.", "nt.", "subprocess.", "builtins.", "importlib.", "runpy.", "pty.", "shutil.",
    "socket.", "ctypes.", "code.", "timeit.", "pickle.", "marshal.", "sys.", "operator.",
    "cloudpickle.",
    "dill.", "joblib.load", "torch.load", "torch.hub.", "pip.", "commands.", "webbrowser.",
    "urllib.request.", "requests.", "asyncio.create_subprocess", "numpy.load", "pdb.", "bdb.",
)  # fmt: skip
DANGEROUS = frozenset({"eval", "exec", "compile", "open", "__import__", "os", "getattr"})

RELAYS = ("hydra.utils.", "hydra._internal.", "omegaconf.resolvers.", "transformers.dynamic_module")
"""Functions of known libraries that call or import what they are given."""
_THROUGH = re.compile(
    r"\.(?:os|posix|subprocess|importlib|sys|builtins|runpy|pickle|shutil|socket|pty|ctypes)\."
)
"""A known module that leads to a dangerous one it imports: `library.module.os.system`."""


class ConfigNamesCallable(Detector[Repository]):
    """A configuration tells the loader which Python callable to run.

    ## What it looks for
    `_target_` keys (Hydra), `class_path` (Lightning) and `target` with a dotted name, in YAML and
    JSON, and other keys that name a callable of `os`, `subprocess` and the like. Callables that run
    commands or code are critical, also where they are reached through a known library; classes of
    well-known machine learning libraries are silent.

    ## Why it matters
    Libraries built on such configurations call whatever is named, with the arguments beside it:
    NeMo, Uni2TS and FlexTok executed `os.system` this way (CVE-2025-23304). A data file is then a
    program.

    ## What to do
    Look at the named callable. Reject the model if it runs commands; otherwise check that your
    loader allows only the classes it expects.

    ## What it cannot see
    Callables that a known class calls in turn with an argument from the file.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD025"),
        slug="config-names-callable",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=(
            "CWE-470",
            "CWE-502",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0011.000",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each callable that is not of a known library."""
        for file in view.files:
            for target, line in dict.fromkeys(targets(file)):
                through = _THROUGH.search(target) is not None
                if target.startswith(SAFE) and not through and not target.startswith(RELAYS):
                    continue
                bad = through or target in DANGEROUS or target.startswith(DANGEROUS_MODULES)
                yield self.finding(
                    Span(chain=(file.path,), line=line),
                    f"makes a loader call {target[:120]!r}",
                    severity=Severity.CRITICAL if bad else None,
                    target=target,
                )
