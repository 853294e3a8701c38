"""INT003 name-contradicts-content."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

TEXTS = frozenset(
    {"json", "yaml", "toml", "text", "python", "jinja", "lightgbm", "onnx-text", "openvino", "xml"}
)
TORCH = frozenset({"zip", "torch-legacy", "pickle", "tar"})
PACKED = frozenset({"gzip", "bzip2", "xz", "lzma", "lz4", "zlib", "joblib-zfile"})
"""What joblib writes under any of its own extensions."""
PICKLES = PACKED | {"pickle", "torch-legacy", "zip"}
ANY_TEXT = frozenset({"text"})
PLAIN = ANY_TEXT | {"lightgbm"}
"""LightGBM's own examples save its models as text files."""
PROMISED: dict[str, frozenset[str]] = {
    **dict.fromkeys(("pt", "ckpt"), TORCH),
    "pth": TORCH | ANY_TEXT,
    **dict.fromkeys(("pkl", "pickle", "joblib", "dill"), PICKLES),
    **dict.fromkeys(("zip", "whl", "npz", "jar", "mar"), frozenset({"zip"})),
    **dict.fromkeys(("skops", "pt2"), frozenset({"zip"})),
    "nemo": frozenset({"tar", "gzip"}),
    "tgz": frozenset({"gzip"}),
    "gz": frozenset({"gzip", "zlib", "joblib-zfile"}),
    **dict.fromkeys(("json", "ipynb", "jsonl"), frozenset({"json", "onnx-text"})),
    **dict.fromkeys(("yaml", "yml"), frozenset({"yaml", "json"})),
    **dict.fromkeys(("jinja", "jinja2", "j2"), frozenset({"jinja"})),
    **dict.fromkeys(
        ("md", "txt", "rst", "csv", "tsv", "html", "cfg", "ini", "log", "model_card", "sh"),
        PLAIN,
    ),
    "safetensors": frozenset({"safetensors"}),
    "gguf": frozenset({"gguf"}),
    "npy": frozenset({"npy"}),
    "xml": frozenset({"openvino", "text", "xml"}),
    "onnx": frozenset({"onnx", "onnx-text"}),
    "msgpack": frozenset({"msgpack"}),
    "ubj": frozenset({"ubjson"}),
    "parquet": frozenset({"parquet"}),
    **dict.fromkeys(("arrow", "feather"), frozenset({"arrow"})),
    **dict.fromkeys(("rds", "rda", "rdata"), PACKED | {"r-data"}),
    "cbm": frozenset({"catboost"}),
    "mlmodel": frozenset({"coreml"}),
    "pmml": frozenset({"xml"}),
    "pdmodel": frozenset({"paddle"}),
    "pdiparams": frozenset({"paddle-params"}),
    "ftz": frozenset({"fasttext"}),
    **dict.fromkeys(("h5", "hdf5"), frozenset({"hdf5"})),
    "keras": frozenset({"zip", "hdf5"}),
    "tflite": frozenset({"tflite", "zip"}),
    **dict.fromkeys(("png", "jpg", "jpeg"), frozenset({"png", "jpeg"})),
    "tar": TORCH,
    "bz2": frozenset({"bzip2"}),
    "7z": frozenset({"7z"}),
    **dict.fromkeys(("zst", "zstd"), frozenset({"zstd"})),
    "xz": frozenset({"xz"}),
    "toml": frozenset({"toml"}),
    "py": frozenset({"python"}),
}
"""What an extension promises: names of readers, one of which has to claim the content."""
WITHOUT_A_NAME = frozenset(
    [
        "checkpoint-index",
        "compiled-python",
        "coreml-weights",
        "ggml-legacy",
        "keras-metadata",
        "mxnet-params",
        "native-program",
        "raw-tensor",
        "savedmodel-fingerprint",
        "sentencepiece",
        "shell",
        "text-front",
        "tensorflow",
        "tensorflow-text",
        "unopened",
        "word2vec",
        "xgboost-legacy",
    ]
)
"""Readers of what no extension above promises; some of them claim nothing, and never get here."""
BARE = 2_000
"""Smaller Python files may well hold comments only."""
_CELL = re.compile(r"cell-\d+\.py")


def _contradiction(name: str, readers: list[str]) -> tuple[Severity, str]:
    base, dot, extension = name.rpartition("/")[2].rpartition(".")
    wanted = PROMISED.get(extension.lower()) if dot and base else None
    if wanted is None or _CELL.fullmatch(name):
        return Severity.INFO, ""
    told = f"is named .{extension.lower()[:20]}"
    if extension.lower() == "pth" and "python" in readers:
        return Severity.HIGH, f"{told} and holds Python that an interpreter would run at its start"
    strange = [r for r in readers if r not in wanted and r not in TEXTS]
    if strange:
        return Severity.HIGH, f"{told} and holds {' and '.join(strange)}"
    if wanted.intersection(readers):
        return Severity.INFO, ""
    if not readers:
        return Severity.MEDIUM, f"{told} and holds nothing that any reader knows"
    if wanted <= TEXTS:
        return Severity.LOW, f"{told} and does not parse as {' or '.join(sorted(wanted))}"
    return Severity.MEDIUM, f"{told} and holds a text ({', '.join(readers)})"


class NameContradictsContent(Detector[Repository]):
    """A file's name promises another format than its bytes hold.

    ## What it looks for
    Extensions of model formats, archives, configurations, source and text, compared with what
    readers found in the content, in members of archives as well. A data format under a text's name,
    or a pickle under the name of a safe format, is high; a text in place of weights is medium; a
    configuration that does not parse is low.

    ## Why it matters
    People and policies trust names: `.safetensors` is waved through, `.txt` is not even looked at.
    Some loaders look at the content instead, and execute what they find (CVE-2025-1889).

    ## What to do
    Do not rename it and go on: ask the publisher what the file is. A git-lfs pointer in place of
    weights means that the download was incomplete.

    ## What it cannot see
    Extensions that say nothing, such as `.bin`, and formats that no reader knows.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT003"),
        slug="name-contradicts-content",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-434", "CWE-646", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each name that its content contradicts."""
        for file in view.files:
            for kind, chain, data in file.facts:
                if kind == "format" and isinstance(data, dict):
                    yield from self._judge(file.path, chain, data)

    def _judge(
        self, path: str, chain: tuple[str, ...], data: dict[str, object]
    ) -> Iterator[Finding]:
        name, told, size = chain[-1] if chain else path, data.get("readers"), data.get("size")
        if not isinstance(told, list | tuple) or not isinstance(size, int) or not size:
            return
        readers = [r for r in told if isinstance(r, str)]
        severity, says = _contradiction(name, readers)
        if says and not (name.endswith(".py") and size < BARE and "text" in readers):
            at = Span(chain=(path, *chain))
            yield self.finding(at, says, severity=severity, name=name[-200:])
