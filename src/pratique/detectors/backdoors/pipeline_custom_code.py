"""BKD022 pipeline-custom-code."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.backdoors.configured_code import documents
from pratique.detectors.base import Detector

LIBRARIES = frozenset(
    [
        "diffusers",
        "transformers",
        "onnxruntime",
        "flax",
        "optimum",
        "stable_diffusion",
        "peft",
        "k_diffusion",
        "stable_cascade",
        "paint_by_example",
        "kandinsky",
        "latent_diffusion",
        "unidiffuser",
        "versatile_diffusion",
        "wuerstchen",
        "audioldm2",
        "deepfloyd_if",
        "blip_diffusion",
        "pipelines",
    ]
)


class PipelineCustomCode(Detector[Repository]):
    """A pipeline's configuration makes loaders run Python of the repository.

    ## What it looks for
    `custom_pipelines` in a transformers configuration, and components of a diffusers
    `model_index.json` whose library is none of the known ones: diffusers then imports a file of the
    repository.

    ## Why it matters
    Loading the pipeline with `trust_remote_code=True` or `custom_pipeline=` runs that code.
    Libraries differ in how clearly they ask before.

    ## What to do
    Review the named files, pin the revision by digest, and load only the components that need no
    custom code.

    ## What it cannot see
    Pipelines that a user names on the command line.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD022"),
        slug="pipeline-custom-code",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-829",
            "CWE-94",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each custom pipeline and each component of an unknown library."""
        for file, document in documents(view):
            if not isinstance(document, dict):
                continue
            pipelines = document.get("custom_pipelines")
            if isinstance(pipelines, dict):
                for name, row in list(pipelines.items())[:50]:
                    target = str(row.get("impl", "")) if isinstance(row, dict) else ""
                    says = f"custom_pipelines runs {target[:100]!r} for the task {name[:60]!r}"
                    foreign = Severity.HIGH if "--" in target else None
                    yield self.finding(
                        Span(chain=(file.path,)), says, severity=foreign, target=target
                    )
            if "_class_name" in document:
                yield from self._components(file.path, document)

    def _components(self, path: str, document: dict[str, object]) -> Iterator[Finding]:
        for name, row in list(document.items())[:200]:
            if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], str):  # noqa: PLR2004
                continue
            if isinstance(row[1], str) and row[0].partition(".")[0] not in LIBRARIES:
                says = f"component {name[:60]!r} loads {row[1][:80]!r} from {row[0][:80]!r}"
                yield self.finding(Span(chain=(path,)), says, target=f"{row[0]}.{row[1]}")
