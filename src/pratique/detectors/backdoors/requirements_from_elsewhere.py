"""BKD043 requirements-from-elsewhere."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.inventory import collect
from pratique.artifacts.views import Repository
from pratique.core.component import Component, Relation
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

OWN = frozenset({Relation.NEEDS, Relation.CONTAINS})
_ADDRESS = re.compile(
    r"(?:(?:git|hg|svn|bzr)\+)?([a-z][a-z+.-]*)://(?:[^/@\s]*@)?([\w.-]+)(?::\d+)?\S*"
)
KNOWN = (
    "pypi.org", "pypi.python.org", "files.pythonhosted.org", "test.pypi.org",
    "download.pytorch.org", "data.pyg.org", "storage.googleapis.com",
    "developer.download.nvidia.com", "pypi.nvidia.com",
    "pypi.ngc.nvidia.com", "huggingface.co", "github.com", "gitlab.com", "bitbucket.org",
    "githubusercontent.com", "anaconda.org", "conda.anaconda.org", "repo.anaconda.com",
    "flashinfer.ai", "wheels.vllm.ai", "tuna.tsinghua.edu.cn", "aliyun.com", "douban.com",
    "mirrors.ustc.edu.cn", "tencent.com", "tencentyun.com", "huaweicloud.com", "modelscope.cn",
    "openxlab.org.cn", "amd.com", "repo.radeon.com", "intel.com", "github.io", "astral.sh",
    "abetlen.github.io", "paddlepaddle.org.cn", "mlcommons.org", "gitee.com", "codeberg.org",
    "pytorch-extension.intel.com", "jllllll.github.io", "salesforce.com", "apache.org",
)  # fmt: skip
_MACHINE = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]{6,}")
_PRIVATE = re.compile(r"10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|localhost$")
POPULAR = (
    "transformers", "tensorflow", "diffusers", "accelerate", "safetensors", "tokenizers",
    "sentencepiece", "sentence-transformers", "scikit-learn", "matplotlib", "requests", "pandas",
    "onnxruntime", "huggingface-hub", "langchain", "gradio", "streamlit", "fastapi", "pytorch",
    "bitsandbytes", "torchvision", "torchaudio", "protobuf", "cryptography", "pillow",
    "opencv-python", "deepspeed", "xformers", "einops", "uvicorn", "numpy", "datasets",
)  # fmt: skip
REAL = frozenset(
    [
        "dataset",
        "tensorflows",
        "transformer",
        "torchao",
        "langchain4",
        "gradios",
        "pandasai",
        "transformers4",
        "einop",
        "onnxruntimes",
        "nump",
        "panda",
        "request",
        "protobuf3",
        "tokenizer",
    ]
)
"""Names of packages that are one letter away from a well-known one and honest."""


class RequirementsFromElsewhere(Detector[Repository]):
    """The packages that a model needs come from an unknown place.

    ## What it looks for
    Requirements by address, and package indexes and link pages, in requirement files, conda
    environments, MLflow environments, Dockerfiles and projects. Hosts that publish packages for
    everybody over https are low; other hosts are medium; bare addresses of machines and plain
    http to unknown hosts are high. Names one letter away from a well-known package are medium.

    ## Why it matters
    Installing what the model asks for runs code of that place. An extra index also wins over
    the first one for any name that it has (dependency confusion).

    ## What to do
    Install from your own index, with the versions and digests that you chose.

    ## What it cannot see
    Hostile packages on well-known indexes under names of their own.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD043"),
        slug="requirements-from-elsewhere",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=(
            "CWE-829",
            "CWE-427",
            "CWE-494",
            "ATLAS:AML.T0010",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each place once per file, and each name that resembles another."""
        seen: set[tuple[str, str]] = set()
        for component in collect(view).components:
            address = _ADDRESS.search(f"{component.url} {component.name}")
            if address is not None and component.relation in OWN:
                severity, why = _judged(address)
                says = f"installs from {address[0][:120]!r}, {why}"
            elif (near := _near(component)) and component.relation in OWN:
                severity, says = (
                    Severity.MEDIUM,
                    f"asks for {component.name[:60]!r}, one letter from {near!r}",
                )
            else:
                continue
            if (component.path, says) not in seen:
                seen.add((component.path, says))
                place = Span(chain=tuple(component.path.split("!")), line=component.line)
                yield self.finding(place, says, severity=severity)


def _judged(address: re.Match[str]) -> tuple[Severity, str]:
    scheme, host = address[1].rpartition("+")[2], address[2].lower().rstrip(".")
    known = any(host == name or host.endswith("." + name) for name in KNOWN)
    if _PRIVATE.match(host):
        return Severity.LOW, "a place on a private network"
    if _MACHINE.fullmatch(host):
        return Severity.HIGH, "a bare address"
    if known:
        return Severity.LOW, "a well-known place"
    return (Severity.HIGH if scheme == "http" else Severity.MEDIUM), "an unknown place"


def _near(component: Component) -> str:
    name = re.sub(r"[-_.]+", "-", component.name.lower())
    if component.ecosystem != "PyPI" or name in POPULAR or name in REAL:
        return ""
    return next((known for known in POPULAR if _one_apart(name, known)), "")


def _one_apart(first: str, second: str) -> bool:
    """Tell two names that differ by one letter more, less, other or exchanged with the next."""
    if abs(len(first) - len(second)) > 1 or len(first) < 5:  # noqa: PLR2004 - short names are all near
        return False
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    a, b = first[start:], second[start:]
    swapped = a[1::-1] + a[2:] == b if len(a) > 1 else False
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped
