"""Names under which distributions go elsewhere: as modules, as settings, as producers."""

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

SETTINGS = {
    "transformers_version": "transformers",
    "_diffusers_version": "diffusers",
    "keras_version": "keras",
    "peft_version": "peft",
    "sentence_transformers_version": "sentence-transformers",
    "optimum_version": "optimum",
    "timm_version": "timm",
}
"""Keys of configurations and headers that tell the version of what wrote them."""

LIBRARIES = {
    "keras": "keras",
    "pytorch": "torch",
    "sentence_transformers": "sentence-transformers",
    "sklearn": "scikit-learn",
    "transformers": "transformers",
}
"""What model cards and `__version__` tables call libraries."""

PRODUCERS = {"pytorch": "torch", "tf2onnx": "tf2onnx", "skl2onnx": "skl2onnx"}
"""What ONNX models call who made them, in lower case."""

FLAVOURS = {
    "sklearn_version": "scikit-learn",
    "pytorch_version": "torch",
    "keras_version": "keras",
    "tf_version": "tensorflow",
    "xgb_version": "xgboost",
    "lgb_version": "lightgbm",
    "catboost_version": "catboost",
    "transformers_version": "transformers",
    "onnx_version": "onnx",
    "spacy_version": "spacy",
    "fastai_version": "fastai",
    "statsmodels_version": "statsmodels",
    "prophet_version": "prophet",
    "langchain_version": "langchain",
    "openai_version": "openai",
    "sentence_transformers_version": "sentence-transformers",
    "cloudpickle_version": "cloudpickle",
}
"""What MLflow's flavours call the versions that they were saved with."""

CONDA = {"pytorch": "torch", "pytorch-cpu": "torch", "pytorch-gpu": "torch", "redis-py": "redis"}
"""Conda packages whose distribution has another name."""

NOT_PYTHON = frozenset(
    (
        *("_libgcc_mutex", "_openmp_mutex", "ca-certificates", "cuda", "cudatoolkit", "cudnn"),
        *("ffmpeg", "git", "gcc", "gxx", "icu", "libffi", "libgcc-ng", "libstdcxx-ng", "mkl"),
        *("mpi", "nccl", "ncurses", "nodejs", "openjdk", "openmpi", "openssl", "python", "r-base"),
        *("readline", "redis", "redis-server", "sqlite", "tk", "tzdata", "xz", "zlib"),
    )
)
"""Conda packages that are no Python distribution, whoever has their names on PyPI."""
