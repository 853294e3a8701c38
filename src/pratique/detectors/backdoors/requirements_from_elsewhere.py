"""BKD034 requirements-from-elsewhere."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from pratique.artifacts.inventory import collect
from pratique.artifacts.views import Repository
from pratique.core.component import Component, Relation
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.known_hosts import is_known, is_machine

OWN = frozenset({Relation.NEEDS, Relation.CONTAINS})
_ADDRESS = re.compile(
    r"(?:(?:git|hg|svn|bzr)\+)?([a-z][a-z+.-]*)://(?:[^/@\s]*@)?([\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d+)?\S*"
)
POPULAR = (
    "transformers", "tensorflow", "diffusers", "accelerate", "safetensors", "tokenizers",
    "sentencepiece", "sentence-transformers", "scikit-learn", "matplotlib", "requests", "pandas",
    "onnxruntime", "huggingface-hub", "langchain", "gradio", "streamlit", "fastapi", "pytorch",
    "bitsandbytes", "torchvision", "torchaudio", "protobuf", "cryptography", "pillow",
    "opencv-python", "deepspeed", "xformers", "einops", "uvicorn", "numpy", "datasets",
)  # fmt: skip
REAL = frozenset(
    ["dataset", "einop", "gradios", "langchain4", "nump", "onnxruntimes", "panda", "pandasai",
     "protobuf3", "request", "tensorflows", "tokenizer", "torchao", "transformer",
     "transformers4"]
)  # fmt: skip
"""Names of packages that are one letter away from a well-known one and honest."""
_LINE = re.compile(
    r"^[ \t]*(?:(?:-i|-f|--(?:extra-)?index-url|--find-links|--trusted-host)[ \t=]+|(?:-e[ \t]+)?"
    r"(?:[A-Za-z0-9][\w.-]*(?:\[[^\]\n]{0,80}\])?[ \t]*@[ \t]*))?"
    r"((?:(?:git|hg|svn|bzr)\+)?[a-z]{3,6}://[^\s#]{1,500})",
    re.MULTILINE,
)
_NAMED = re.compile(r"(?:^|/)[\w.-]{0,60}requirements?[\w.-]{0,60}\.(?:txt|in)$")
_SETTINGS = re.compile(
    r"(?:^|/)(?:pip\.(?:conf|ini)|\.?pip\.conf|\.?npmrc|\.yarnrc(?:\.yml)?|\.?condarc|\.?mambarc"
    r"|uv\.toml|\.pypirc|setup\.cfg|tox\.ini|pipfile|\.gemrc|bunfig\.toml|poetry\.toml|nuget\.config)$"
)
_SET = re.compile(
    r"^[ \t]*(?:-[ \t]+|<add[^>\n]{0,200}value="
    r"|[@\w.:-]{0,60}(?:index[_-]?(?:url|servers?)|find[_-]links|registry"
    r"|channel_alias|npmregistryserver|repository|url|deps|requires|install_command"
    r"|default_channels|channels)\b[\"' \t]*[:=][ \t]*|[\w.-]+(?:\[[\w, -]*\])?[ \t]*@[ \t]*"
    r"|[^\n#=]{0,60}=[ \t]*[\w.-]+[ \t]*@[ \t]*)[\"'\[ \t]*"
    r"((?:(?:git|hg|svn|bzr)\+)?[a-z]{3,6}://[^\s#\"',\]]{1,500})",
    re.MULTILINE | re.IGNORECASE,
)
"""Settings of installers, and where they name a place to install from."""
MOST = 20


class RequirementsFromElsewhere(Detector[Repository]):
    """The packages that a model needs come from an unknown place.

    ## What it looks for
    Requirements by address, and package indexes and link pages, in requirement files, conda
    environments, MLflow environments, Dockerfiles, projects, and settings of pip, conda and npm
    that lie beside the model. Hosts that publish packages for
    everybody are silent; other hosts are medium; bare addresses of machines, and unknown hosts by
    plain http, are high. Names one letter away from a known package are medium. Requirement files
    in archives such as `.mar` count as well.

    ## Why it matters
    Installing what the model asks for runs code of that place. An extra index also wins over
    the first one for any name that it has (dependency confusion).

    ## What to do
    Install from your own index, with the versions and digests that you chose.

    ## What it cannot see
    Hostile packages on well-known indexes under names of their own.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD034"),
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
        version=2,
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each place once per file, and each name that resembles another."""
        seen: set[tuple[tuple[str, ...], str]] = set()
        for place, severity, says in (*_of_components(view), *_of_lines(view)):
            if (place.chain, says) not in seen:
                seen.add((place.chain, says))
                yield self.finding(place, says, severity=severity)


_Told = tuple[Span, Severity, str]


def _of_components(view: Repository) -> Iterator[_Told]:
    """Judge what the inventory took for requirements, wherever it found them."""
    for component in collect(view).components:
        if component.relation not in OWN:
            continue
        place = Span(chain=tuple(component.path.split("!")), line=component.line)
        address = _ADDRESS.search(f"{component.url} {component.name}")
        if address is not None:
            yield from ((place, *told) for told in _judged(address))
        elif near := _near(component):
            says = f"asks for {component.name[:60]!r}, one letter from {near!r}"
            yield place, Severity.MEDIUM, says


def _of_lines(view: Repository) -> Iterator[_Told]:
    """Judge the addresses in requirement files that are named so, or that a manifest names."""
    for file in view.files:
        listed = _manifests(file.facts)
        for kind, chain, data in file.facts:
            name = chain[-1] if chain else file.path
            ours = _NAMED.search(name.lower()) or name.rpartition("/")[2] in listed
            text = data.get("text") if kind == "text" and isinstance(data, dict) else None
            pattern = _SET if _SETTINGS.search(name.lower()) else _LINE if ours else None
            if pattern is not None and isinstance(text, str):
                for url in islice(dict.fromkeys(pattern.findall(text)), MOST):
                    if address := _ADDRESS.match(url):
                        place = Span(chain=(file.path, *chain))
                        yield from ((place, *told) for told in _judged(address))


def _manifests(facts: tuple[tuple[str, tuple[str, ...], object], ...]) -> set[str]:
    """Return the names of requirement files that a TorchServe manifest in the file gives."""
    told = (data for kind, _, data in facts if kind == "mar" and isinstance(data, dict))
    return {str(data["requirementsFile"]) for data in told if data.get("requirementsFile")}


def _judged(address: re.Match[str]) -> Iterator[tuple[Severity, str]]:
    scheme, host = address[1].rpartition("+")[2], address[2].lower().rstrip(".")
    if is_known(host):
        return
    says = f"installs from {address[0].partition('#')[0][:120]!r}"
    if is_machine(host):
        yield Severity.HIGH, f"{says}, a bare address"
    else:
        plain = scheme in {"http", "ftp", "git"} and not host[:1].isdigit()
        yield Severity.HIGH if plain else Severity.MEDIUM, f"{says}, an unknown place"


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
