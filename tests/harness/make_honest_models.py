"""Honest models of many kinds, for detonation to find nothing in.

    .loaders/bin/python tests/harness/make_honest_models.py FOLDER

Each is a subfolder made with the libraries whose users make such models. It runs in the environment
of the loaders, of which the test suite's own knows nothing.
"""

import importlib
import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    """Make every model below the folder that was named."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    root = Path(sys.argv[1])
    for name in sys.argv[2:] or MODELS:
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        MODELS[name](folder)
        (folder / "README.md").write_text(f"# {name}\n\nAn honest model.\n")


def torch_state(folder: Path) -> None:
    import torch

    torch.save(_net().state_dict(), folder / "pytorch_model.bin")


def torch_legacy(folder: Path) -> None:
    import torch

    whole = {"epoch": 3, "weights": _net().state_dict()}
    torch.save(whole, folder / "model.ckpt", _use_new_zipfile_serialization=False)


def torch_whole(folder: Path) -> None:
    import torch

    torch.save(_net(), folder / "model.pt")


def torch_script(folder: Path) -> None:
    import torch

    torch.jit.trace(_net(), torch.zeros(1, 3, 8, 8)).save(str(folder / "scripted.pt"))


def torch_export(folder: Path) -> None:
    import torch

    torch.export.save(
        torch.export.export(_net(), (torch.zeros(1, 3, 8, 8),)), str(folder / "model.pt2")
    )


def torch_with_code(folder: Path) -> None:
    import torch

    (folder / "small_net.py").write_text(
        "import torch\n\n\nclass SmallNet(torch.nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.inner = torch.nn.Linear(4, 2)\n\n"
        "    def forward(self, given):\n        return self.inner(given)\n"
    )
    sys.path.insert(0, str(folder))
    own = importlib.import_module("small_net")
    torch.save(own.SmallNet(), folder / "model.pth")


def sklearn_pipeline(folder: Path) -> None:
    import joblib
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    texts = ["good day", "bad day", "very good", "very bad"] * 4
    line = make_pipeline(TfidfVectorizer(), SGDClassifier(random_state=0))
    joblib.dump(line.fit(texts, np.arange(16) % 2), folder / "model.joblib")


def sklearn_pickle(folder: Path) -> None:
    import numpy as np
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.svm import SVC

    taught, labels = np.random.default_rng(1).standard_normal((60, 5)), np.arange(60) % 3
    both = {"boost": GradientBoostingClassifier(n_estimators=4), "svc": SVC()}
    fitted = {name: model.fit(taught, labels) for name, model in both.items()}
    (folder / "models.pkl").write_bytes(pickle.dumps(fitted))


def plain_pickle(folder: Path) -> None:
    import numpy as np

    whole = {"labels": ["a", "b"], "mean": np.zeros(3), "sizes": (1, 2)}
    (folder / "state.pkl").write_bytes(pickle.dumps(whole, protocol=2))
    (folder / "old.dat").write_bytes(pickle.dumps({"step": 1}, protocol=0))


def numpy_objects(folder: Path) -> None:
    import numpy as np

    words = np.array([{"word": "cat"}, ["dog"], None], dtype=object)
    np.savez_compressed(folder / "embeddings.npz", vectors=np.ones((4, 8)), words=words)
    np.save(folder / "plain.npy", np.arange(12).reshape(3, 4))


def onnx_network(folder: Path) -> None:
    """Write a Gemm by hand: x [n, 4] times w [4, 3], with its weights as raw data."""
    import numpy as np

    weights = np.linspace(-1, 1, 12, dtype="float32").tobytes()
    tensor = _int(1, 4) + _int(1, 3) + _int(2, 1) + _bytes(8, b"w") + _bytes(9, weights)
    node = _bytes(1, b"x") + _bytes(1, b"w") + _bytes(2, b"y") + _bytes(4, b"MatMul")
    graph = _bytes(1, node) + _bytes(2, b"g") + _bytes(5, tensor)
    graph += _bytes(11, _value(b"x", (0, 4))) + _bytes(12, _value(b"y", (0, 3)))
    model = _int(1, 8) + _bytes(2, b"by hand") + _bytes(7, graph) + _bytes(8, _int(2, 13))
    (folder / "model.onnx").write_bytes(model)


def keras_dense(folder: Path) -> None:
    import keras

    layers = keras.layers
    given = keras.Input((8, 8, 1))
    hidden = layers.Flatten()(layers.Conv2D(2, 3, activation="relu")(given))
    net = keras.Model(given, layers.Dense(2, activation="softmax")(layers.Dropout(0.1)(hidden)))
    net.compile(optimizer="sgd", loss="categorical_crossentropy")
    net.save(folder / "model.keras")
    net.save_weights(folder / "only.weights.h5")


def keras_lambda(folder: Path) -> None:
    import keras

    net = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
    net.save(folder / "model.keras")


def transformers_bert(folder: Path) -> None:
    import torch
    import transformers

    torch.manual_seed(1)
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb")
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.BertConfig(**sizes, vocab_size=7, intermediate_size=16)
    transformers.BertForSequenceClassification(config).save_pretrained(folder)


def transformers_code(folder: Path) -> None:
    """A model of its own code, in two modules of which one imports the other."""
    import torch

    (folder / "configuration_own.py").write_text(
        "from transformers import PretrainedConfig\n\n\nclass OwnConfig(PretrainedConfig):\n"
        "    model_type = 'own'\n\n    def __init__(self, width=4, **more):\n"
        "        self.width = width\n        super().__init__(**more)\n"
    )
    (folder / "modeling_own.py").write_text(
        "import torch\nfrom transformers import PreTrainedModel\n\n"
        "from .configuration_own import OwnConfig\n\n\nclass OwnModel(PreTrainedModel):\n"
        "    config_class = OwnConfig\n\n    def __init__(self, config):\n"
        "        super().__init__(config)\n"
        "        self.inner = torch.nn.Embedding(64, config.width)\n        self.post_init()\n\n"
        "    def forward(self, input_ids, **more):\n        return self.inner(input_ids)\n"
    )
    names = {"AutoConfig": "configuration_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"}
    told = {"model_type": "own", "width": 4, "architectures": ["OwnModel"], "auto_map": names}
    (folder / "config.json").write_text(json.dumps(told))
    torch.save({"inner.weight": torch.ones(64, 4)}, folder / "pytorch_model.bin")


def transformers_llama(folder: Path) -> None:
    _src().hub_folder.reference(str(folder))


def sentence_pieces(folder: Path) -> None:
    _src().sentence_pieces.reference(str(folder))


def gguf_tiny(folder: Path) -> None:
    _src().llama_gguf.reference(str(folder))


def safe_tensors(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"a": torch.ones(3, dtype=torch.bfloat16)}, folder / "model.safetensors")


def python_package(folder: Path) -> None:
    (folder / "net.py").write_text(
        "import torch\n\nfrom .sizes import WIDTH\n\nONES = torch.ones(WIDTH)\n"
    )
    (folder / "sizes.py").write_text("WIDTH = 4\n")
    (folder / "handler.py").write_text(
        "class EndpointHandler:\n    def __init__(self, path=''):\n        self.path = path\n\n"
        "    def __call__(self, data):\n        return [{'label': data['inputs'][:3]}]\n"
    )


MODELS: dict[str, Callable[[Path], None]] = {
    "torch-state": torch_state,
    "torch-legacy": torch_legacy,
    "torch-whole": torch_whole,
    "torch-script": torch_script,
    "torch-export": torch_export,
    "torch-with-code": torch_with_code,
    "sklearn-pipeline": sklearn_pipeline,
    "sklearn-pickle": sklearn_pickle,
    "plain-pickle": plain_pickle,
    "numpy-objects": numpy_objects,
    "onnx-network": onnx_network,
    "keras-dense": keras_dense,
    "keras-lambda": keras_lambda,
    "transformers-bert": transformers_bert,
    "transformers-code": transformers_code,
    "transformers-llama": transformers_llama,
    "sentence-pieces": sentence_pieces,
    "gguf-tiny": gguf_tiny,
    "safe-tensors": safe_tensors,
    "python-package": python_package,
}
"""The maker of each model by its name; which loaders it needs is in the makers."""


def _net() -> Any:
    import torch

    torch.manual_seed(1)
    nn = torch.nn
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 5))


def _src() -> Any:
    """Return our loaders' package, whose reference models are honest models too."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "src"))
    from pratique.sandbox.guest import loaders

    for name in ("hub_folder", "sentence_pieces", "llama_gguf"):
        __import__(f"pratique.sandbox.guest.loaders.{name}")
    return loaders


def _int(number: int, value: int) -> bytes:
    return bytes((number << 3, value))


def _bytes(number: int, value: bytes) -> bytes:
    """Return a field of a protocol buffer, whose length may need two bytes."""
    size = len(value)
    length = bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7))
    return bytes((number << 3 | 2,)) + length + value


def _value(name: bytes, shape: tuple[int, ...]) -> bytes:
    """Return a ValueInfoProto of floats; a side of 0 is one without a fixed size."""
    sides = b"".join(_bytes(1, _int(1, side) if side else _bytes(2, b"n")) for side in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _int(1, 1) + _bytes(2, sides)))


if __name__ == "__main__":
    main()
