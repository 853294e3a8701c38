"""BKD026 mlmodel-python-loader."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.backdoors.configured_code import is_mlmodel, rows
from pratique.detectors.base import Detector


class MlmodelPythonLoader(Detector[Repository]):
    """An MLflow model loads itself with Python code of its own.

    ## What it looks for
    `loader_module` and `code` in an `MLmodel` file: a Python module that is imported, and folders
    that are put on the import path first.

    ## Why it matters
    `mlflow.pyfunc.load_model` imports the named module. With `code` it comes from the model itself,
    so loading the model is running its code.

    ## What to do
    Review the module and every file under the code folder. Prefer a flavour that needs no code.

    ## What it cannot see
    The pickles and the environment files that the flavour names; other rules read them.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD026"),
        slug="mlmodel-python-loader",
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
        """Report loaders that are not MLflow's own, and folders of code."""
        for file in view.files:
            for key, value, at in rows(file):
                own = key == "loader_module" and value.startswith("mlflow.")
                if key in {"loader_module", "code"} and value and not own and is_mlmodel(file, at):
                    yield self.finding(
                        at,
                        f"{key} makes MLflow import {value[:120]!r}",
                        target=value,
                    )
