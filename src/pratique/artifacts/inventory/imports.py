"""Which distributions the package's own Python code imports; no version is known of them."""

import sys
from collections.abc import Iterable

from pratique.artifacts.inventory.found import Found, Place
from pratique.core.component import Relation

DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "flash_attn": "flash-attn",
    "google": "protobuf",
    "jwt": "pyjwt",
    "llama_cpp": "llama-cpp-python",
    "nemo": "nemo-toolkit",
    "pytorch_lightning": "pytorch-lightning",
    "sentence_transformers": "sentence-transformers",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""Modules whose distribution has another name."""


def read(path: str, rows: object, own: Iterable[str], found: Found) -> None:
    """Take the imported packages that are neither Python's own nor the package's."""
    names = set(own)
    for row in rows if isinstance(rows, list) else []:
        match row:
            case [str() as name, int() as line]:
                if name in sys.stdlib_module_names or name in names or name.startswith("_"):
                    continue
                at = Place(path, "import", line)
                found.python(at, DISTRIBUTIONS.get(name, name), "", relation=Relation.IMPORTS)
            case _:
                continue
