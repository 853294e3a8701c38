"""Code and names in Keras's configurations: shared by the rules about them."""

import base64
import binascii
import re
import sys
from collections.abc import Iterable, Iterator, Mapping

from pratique.core.finding import Severity

Node = Mapping[str, object]
MAX_CODE = 256 << 10
MAX_WORDS = 4_096
_MARSHALLED = (b"\xe3", b"\x63")
"""A code object, with and without the mark that it is referred to again."""
_SHORT, _LONG = b"zZ", b"aAutsS"
"""Types of texts in marshalled code: those with one byte of length, and those with four."""
_REFERRED = 0x80
_PLAIN = re.compile(rb"[\t\n\r\x20-\x7e]{2,}")
_ACTING = frozenset(
    ["os", "posix", "nt", "subprocess", "system", "popen", "Popen", "check_output", "check_call",
     "fork", "execv", "execve", "execvp", "eval", "exec", "builtins", "socket", "__builtins__",
     "__import__", "importlib", "import_module", "__globals__", "__subclasses__", "__loader__",
     "__getattribute__", "__code__", "getattr", "setattr", "globals", "locals", "vars", "open",
     "breakpoint", "urllib", "urlopen", "urlretrieve", "requests", "http", "ftplib", "smtplib",
     "paramiko", "base64", "b64decode", "marshal", "pickle", "dill", "cloudpickle", "joblib",
     "ctypes", "cffi", "shutil", "rmtree", "unlink", "pty", "runpy", "webbrowser", "codecs",
     "tempfile", "threading", "multiprocessing", "environ", "getenv", "sys", "py_func",
     "numpy_function", "py_function", "write_file", "read_file", "gfile", "load_library",
     "load_op_library", "get_file", "pathlib", "write_text", "read_text", "write_bytes",
     "read_bytes", "winreg", "chmod", "asyncio", "platform", "pdb"]
)  # fmt: skip
"""Names that no layer needs; each stands in compiled code as it is."""
_COMMANDS = re.compile(
    r"/bin/|/etc/|/dev/|https?://|cmd\.exe|(?i:powershell)|\b(?:curl|wget|nc|bash|chmod) -?"
    r"|__import__|\b(?:exec|eval)\(|\bos\.(?:system|popen)|\bsubprocess\b|\bimport (?:os|sys)\b"
)
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
     "text_dataset_from_directory", "load_img", "listdir", "makedirs"]
)  # fmt: skip
"""Functions in those packages that fetch, read, write or run something."""
BUILTINS = frozenset(
    ["eval", "exec", "compile", "open", "__import__", "getattr", "setattr", "delattr", "input",
     "breakpoint", "globals", "locals", "vars", "memoryview", "help", "exit", "quit"]
)  # fmt: skip
_INNER = frozenset({"utils", "saving", "export", "datasets", "distribution", "legacy", "wrappers"})
_OUTER = frozenset({"src", "api", "_tf_keras", "python", "keras", "v1", "v2"})


def lambdas(nodes: Iterable[Node]) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of compiled code in a configuration, in Keras's newer and older way."""
    for node in nodes:
        name = str(node.get("name") or "")[:80]
        if node.get("class_name") == "__lambda__":
            config = node.get("config")
            code = config.get("code") if isinstance(config, dict) else node.get("code")
            yield name, code if isinstance(code, str) else ""
        for key, packed in node.items():
            value = _listed(packed)
            if value and isinstance(value[0], str):
                told = node.get(f"{key}_type")
                if told == "lambda" or (key == "function" and told is None):
                    yield name, value[0]


def _listed(value: object) -> list[object]:
    """Return a list of code, defaults and closure, also as a SavedModel's metadata writes it."""
    if isinstance(value, dict) and value.get("class_name") == "__tuple__":
        value = value.get("items")
    return value if isinstance(value, list) else []


def compiled(text: str) -> bytes:
    """Return the bytes of code as Keras stores it; nothing where they are no code object."""
    if len(text) > MAX_CODE:
        return b""
    try:
        body = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        body = text.encode("raw_unicode_escape", "replace")  # as Keras did before 2.1
    return body if body.startswith(_MARSHALLED) else b""


def weigh(body: bytes) -> tuple[Severity, str]:
    """Return how bad compiled code is by the names and texts in it, and which they are."""
    if not body:
        return Severity.HIGH, "that cannot be looked into"
    found: dict[str, None] = {}
    for text in texts(body):
        if text in _ACTING:
            found[text] = None
        elif match := _COMMANDS.search(text):
            found[match[0].strip()] = None
    if found:
        return Severity.CRITICAL, f"that names {', '.join([*found][:8])}"
    return Severity.MEDIUM, "that names nothing which acts by itself"


def texts(body: bytes) -> Iterator[str]:
    """Yield what may be a text in marshalled code, whatever release of Python wrote it.

    Every place is tried: code that breaks off, or is nested, tells its names all the same.
    """
    for at in range(len(body) - 2):
        kind = body[at] & ~_REFERRED
        if kind in _SHORT:
            start, size = at + 2, body[at + 1]
        elif kind in _LONG:
            start, size = at + 5, int.from_bytes(body[at + 1 : at + 5], "little")
        else:
            continue
        if 1 < size <= min(MAX_WORDS, len(body) - start):
            text = body[start : start + size]
            if _PLAIN.fullmatch(text):
                yield text.decode("ascii")


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


def judge(module: str, name: str) -> tuple[Severity, str]:
    """Return how bad it is that a configuration names this; INFO where it is Keras's own."""
    top, last = module.partition(".")[0], name.rpartition(".")[2]
    if top == "builtins":
        return (Severity.CRITICAL, "runs code") if last in BUILTINS else (Severity.INFO, "")
    if top in STANDARD or top in PACKAGES:
        return Severity.CRITICAL, "is no part of any model"
    if last in BUILTINS or ".os." in f".{module}.{name}." or ".subprocess." in f".{module}.{name}.":
        return Severity.CRITICAL, "runs code"
    if top in KNOWN:
        return _own(module, last)
    if top == OWN:
        return Severity.LOW, "needs code that is not here"
    return Severity.MEDIUM, "has Keras import code of another package"


def _own(module: str, name: str) -> tuple[Severity, str]:
    """Judge a name in one of Keras's packages: classes are parts of models, functions may act."""
    if name in CALLS:
        return Severity.CRITICAL, "fetches, reads, writes or runs something"
    inner = next((word for word in module.split(".")[1:] if word not in _OUTER), "")
    if inner in _INNER and not name[:1].isupper():
        return Severity.HIGH, "is a function that no layer needs"
    return Severity.INFO, ""
