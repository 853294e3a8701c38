"""BKD022 pipeline-custom-code."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.code_graph import Graph
from pratique.detectors.configured_entries import entries, span
from pratique.detectors.quiet_code import Weigher

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
    repository. Low where that code was read whole and only computes.

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
        weigher = Weigher(Graph(view))
        for entry in entries(view):
            library = entry.target.partition(".")[0]
            if entry.key == "custom_pipelines":
                says = f"custom_pipelines runs {entry.target[:100]!r}"
            elif entry.key.startswith("component ") and library not in LIBRARIES:
                says = f"{entry.key} loads {entry.target[:160]!r}"
            else:
                continue
            severity, why = weigher.weigh(entry)
            if entry.foreign:
                severity, why = Severity.HIGH, "which is another repository's"
            yield self.finding(
                span(entry.by), f"{says}, {why}", severity=severity, target=entry.target
            )
