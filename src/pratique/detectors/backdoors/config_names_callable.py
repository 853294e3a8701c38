"""BKD025 config-names-callable."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.backdoors.configured_code import targets
from pratique.detectors.base import Detector
from pratique.patterns.callables import Standing, standing

SEVERITIES = {
    Standing.UNKNOWN: Severity.LOW,
    Standing.ACTING: Severity.MEDIUM,
    Standing.DANGEROUS: Severity.CRITICAL,
}


class ConfigNamesCallable(Detector[Repository]):
    """A configuration tells the loader which Python callable to run.

    ## What it looks for
    `_target_` (Hydra, NeMo, MONAI), `class_path` (Lightning), `target` and `cls` (NeMo, latent
    diffusion), Fiddle's `pyref`, LangChain's `id`, AutoGen's `provider`, and other keys that name a
    callable of `os`, `subprocess` and the like, at any depth of YAML and JSON, in archives such as
    `.nemo` as well.
    Callables that run commands or code are critical, also where they are reached through a known
    library. Callables that open or call what they are given are medium, those of packages that are
    not listed low, and those of well-known machine learning libraries silent.

    ## Why it matters
    Libraries built on such configurations call whatever is named, with the arguments beside it:
    NeMo, Uni2TS and FlexTok executed `os.system` this way (CVE-2025-23304). A data file is then a
    program.

    ## What to do
    Look at the named callable. Reject the model if it runs commands; otherwise check that your
    loader allows only the classes it expects.

    ## What it cannot see
    Callables that a known class calls in turn with an argument from the file, names put together
    from several entries, and what the code of an unlisted package does.
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
        version=2,
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each callable that is not of a known library."""
        for file in view.files:
            for target, at in dict.fromkeys(targets(file)):
                severity = SEVERITIES.get(standing(target))
                if severity is not None:
                    yield self.finding(
                        at,
                        f"makes a loader call {target[:120]!r}",
                        severity=severity,
                        target=target,
                    )
