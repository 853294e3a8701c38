"""BKD026 mlmodel-python-loader."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.backdoors.configured_code import is_mlmodel, rows
from pratique.detectors.base import Detector
from pratique.detectors.code_graph import Graph
from pratique.detectors.configured_entries import Entry, entries, span
from pratique.detectors.quiet_code import Weigher


class MlmodelPythonLoader(Detector[Repository]):
    """An MLflow model loads itself with Python code of its own.

    ## What it looks for
    `loader_module`, `model_code_path` and `code` in an `MLmodel` file: Python that is imported or
    run, and folders that are put on the import path first. Low where that code is in the model, was
    read whole and only computes.

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
        """Report loaders that are not MLflow's own, models written as code, folders of code."""
        weigher = Weigher(Graph(view))
        weighed = {}
        for entry in entries(view):
            if entry.key in {"loader_module", "model_code_path"}:
                weighed[entry.by] = severity, why = weigher.weigh(entry)
                yield self.finding(
                    span(entry.by, _line(view, entry)),
                    f"{entry.key} makes MLflow import {entry.target[:120]!r}, {why}",
                    severity=severity,
                    target=entry.target,
                )
        for file in view.files:
            for key, value, at in rows(file):
                if key == "code" and value and is_mlmodel(file, at):
                    yield self.finding(
                        at,
                        f"{key} makes MLflow import {value[:120]!r}",
                        severity=weighed.get(file.path, (None, ""))[0],
                        target=value,
                    )


def _line(view: Repository, entry: Entry) -> int:
    file = view.named(entry.by)
    found = (at.line for key, _, at in rows(file) if key == entry.key) if file else iter(())
    return next(found, 0)
