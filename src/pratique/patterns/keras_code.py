"""Code and names in Keras's configurations: shared by the rules about them."""

import sys
from collections.abc import Mapping

from pratique.core.finding import Severity

Node = Mapping[str, object]
_HARMLESS = frozenset(
    ["__main__", "builtins", "collections", "datetime", "decimal", "enum", "fractions", "math",
     "numbers", "random", "typing", "uuid", "abc", "string", "array"]
)  # fmt: skip
STANDARD = frozenset(sys.stdlib_module_names) - _HARMLESS
PACKAGES = frozenset(
    ["IPython", "_pytest", "cloudpickle", "commands", "dill", "fabric", "httpx", "invoke",
     "joblib", "jsonpickle", "nt", "numba", "paramiko", "pexpect", "pip", "pkg_resources",
     "plumbum", "psutil", "pytest", "requests", "setuptools", "sh", "urllib3", "yaml"]
)  # fmt: skip
"""Packages whose functions act by themselves."""
KNOWN = frozenset(
    ["keras", "tf_keras", "tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_text",
     "tensorflow_probability", "tensorflow_recommenders", "tensorflow_model_optimization",
     "tensorflow_decision_forests", "tensorflow_gnn", "keras_nlp", "keras_hub", "keras_cv",
     "keras_core", "keras_tuner", "keras_rs", "keras_remote", "autokeras", "transformers",
     "keras_preprocessing"]
)  # fmt: skip
"""Packages that Keras's own models name."""
OWN = "__main__"
CALLS = frozenset(
    ["get_file", "extract_archive", "_extract_archive", "load_model", "deserialize_keras_object",
     "load_weights", "run_script", "import_module", "pickle_model", "unpickle_model", "func_load",
     "enable_unsafe_deserialization", "load_library", "load_op_library", "py_func",
     "load_file_system_library", "numpy_function", "py_function", "eager_py_func", "write_file",
     "read_file", "rmtree", "GFile", "download_from_url", "model_from_json", "model_from_yaml",
     "exec", "eval", "system", "popen", "Popen", "__import__", "getattr", "open", "clone_model",
     "set_backend", "image_dataset_from_directory", "audio_dataset_from_directory",
     "text_dataset_from_directory", "load_img", "listdir", "makedirs", "load", "loads", "save",
     "savez", "save_weights", "save_model", "save_img", "load_from_tfhub", "load_file", "loadtxt",
     "genfromtxt", "fromfile", "tofile", "savetxt", "memmap", "load_state_dict_from_url",
     "FileIO", "TFRecordWriter", "TFRecordDataset", "TextLineDataset", "WriteFile", "ReadFile",
     "MatchingFiles", "PyFunc", "EagerPyFunc", "PyFuncStateless", "LoadLibrary", "run_function",
     "get_registered_object", "get_custom_objects", "call_in_subprocess", "set_floatx"]
)  # fmt: skip
"""Functions of packages for models that fetch, read, write or run something."""
BUILTINS = frozenset(
    ["eval", "exec", "compile", "open", "__import__", "getattr", "setattr", "delattr", "input",
     "breakpoint", "globals", "locals", "vars", "memoryview", "help", "exit", "quit"]
)  # fmt: skip
_INNER = frozenset({"utils", "saving", "export", "datasets", "distribution", "legacy", "wrappers"})
_OUTER = frozenset({"src", "api", "_tf_keras", "python", "keras", "v1", "v2"})


def module_of(node: Node) -> tuple[str, str]:
    """Return (module, name) of what an entry has Keras look up; no module where it names none."""
    module, name, config = node.get("module"), node.get("class_name"), node.get("config")
    if not isinstance(module, str):
        return "", ""
    if isinstance(name, str):
        called = config if name == "function" and isinstance(config, str) else name
        return module, called
    function = node.get("function")
    return (module, function) if isinstance(function, str) else ("", "")


def registered(node: Node) -> tuple[str, str]:
    """Return (package, name) that an entry was registered as, where it names no module.

    Nothing is imported then: what is no known package is the program's own, as `Custom` is.
    """
    told = node.get("registered_name") or node.get("class_name")
    if not isinstance(told, str) or node.get("module") or ">" not in told:
        return "", ""
    package, _, name = told.partition(">")
    return (package if package in STANDARD | PACKAGES | KNOWN else OWN), name


_OPERATORS = frozenset({"TFOpLambda", "TensorFlowOpLayer", "SlicingOpLambda"})


def operator_of(node: Node) -> tuple[str, str]:
    """Return (module, name) of the function that a layer of Keras 2 takes out of TensorFlow.

    `TFOpLambda` looks it up by its dotted name, and calls it when the model is used.
    """
    config = node.get("config")
    if node.get("class_name") not in _OPERATORS or not isinstance(config, Mapping):
        return "", ""
    told = config.get("function")
    if not isinstance(told, str):
        return "", ""
    module, _, name = f"tensorflow.{told}".rpartition(".")
    return module, name


def judge(module: str, name: str) -> tuple[Severity, str]:
    """Return how bad it is that a configuration names this; INFO where it is Keras's own."""
    top, last = module.partition(".")[0], name.rpartition(".")[2]
    if top == "builtins":
        return (Severity.CRITICAL, "runs code") if last in BUILTINS else (Severity.INFO, "")
    if top in STANDARD or top in PACKAGES:
        return Severity.CRITICAL, "is no part of any model"
    if last in BUILTINS or ".os." in f".{module}.{name}." or ".subprocess." in f".{module}.{name}.":
        return Severity.CRITICAL, "runs code"
    if top == OWN:
        return Severity.LOW, "needs code that is not here"
    if last in CALLS:
        return Severity.CRITICAL, "fetches, reads, writes or runs something"
    if top in KNOWN:
        return _own(module, last)
    return Severity.MEDIUM, "has Keras import code of another package"


def _own(module: str, name: str) -> tuple[Severity, str]:
    """Judge a name in one of Keras's packages: classes are parts of models, functions may act."""
    inner = next((word for word in module.split(".")[1:] if word not in _OUTER), "")
    if inner in _INNER and not name[:1].isupper():
        return Severity.HIGH, "is a function that no layer needs"
    return Severity.INFO, ""
