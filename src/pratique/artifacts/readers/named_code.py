"""Which entries of a configuration name code, or are code, to the libraries that read them.

Shared by the readers of YAML and of JSON. This only picks entries out; rules judge them.
"""

import re
from collections.abc import Mapping
from itertools import islice

LOADER_KEYS = frozenset(
    ["_target_", "__target__", "_component_", "target", "class_path", "_class_path", "cls",
     "loader_module", "code", "python_function", "entry_point",
     "model_code_path"]
)  # fmt: skip
"""Keys under which Hydra, Lightning, NeMo, latent diffusion and MLflow expect a name of code."""
HARMFUL = re.compile(
    r"(?:(?:os|posix|nt)\.(?:system|popen\w{0,2}|exec\w{1,3}|p?fork\w{0,3}|posix_spawnp?|spawn\w{1,3}"
    r"|startfile|unlink|remove|removedirs)"
    r"|subprocess\.(?:Popen|run|call|check_call|check_output|getoutput|getstatusoutput)"
    r"|(?:builtins|__builtins?__)\.(?:eval|exec|compile|open|__import__|getattr|setattr|execfile)"
    r"|importlib\.(?:import_module|reload|__import__|\w{1,40}\.\w{1,60})"
    r"|runpy\.run_\w{1,20}|pty\.spawn|socket\.(?:socket|create_connection)"
    r"|ctypes\.(?:CDLL|PyDLL|cdll\.\w{1,40}|util\.\w{1,40})"
    r"|(?:_|c)?[pP]ickle\.(?:loads?|Unpickler)|marshal\.loads?|shutil\.(?:rmtree|move)"
    r"|pip\.main|webbrowser\.open\w{0,10}|timeit\.timeit|code\.interact)"
)
"""Callables that run commands or code, delete, or reach out, by their full names."""
SUSPECT = re.compile(
    r"__\w{1,40}__|\b(?:os|posix|subprocess|sys|builtins|importlib|socket|shutil|pty|runpy|urllib"
    r"|requests|pickle|marshal|ctypes|base64)\b|\b(?:eval|exec|compile|open|getattr|setattr)\s*\("
)
_RESOLVER = re.compile(
    r"\$\{\s{0,9}[\w.]{0,60}(?:env|eval|exec|py|code|import|lambda|call|calc)\w{0,20}\s{0,9}:",
    re.IGNORECASE,
)
MARKS = re.compile(
    r'"(?:_target_|__target__|_component_|_?class_path|target|cls|pyref|lc|__loader__|graph_module'
    r'|handler|loader_module|entry_point|component_type)"'
    r"|\\u00|\"\s{0,9}\$|\$\{|" + HARMFUL.pattern
)
"""A JSON text without any of these holds no entry that `tells` or `joined` would pick."""


def tells(key: str, value: str) -> bool:
    """Tell whether an entry names code, or is an expression that a configuration evaluates."""
    if key in LOADER_KEYS and value:
        return True
    if HARMFUL.fullmatch(value.strip()):
        return True
    return "$" in value and expression(value)


def expression(value: str) -> bool:
    """Tell whether a text is what OmegaConf's resolvers or MONAI's bundles evaluate or look up."""
    if "${" in value and (_RESOLVER.search(value) or SUSPECT.search(value)):
        return True
    return value.startswith("$") and SUSPECT.search(value) is not None


def shortened(value: str, most: int) -> str:
    """Return a text, of a long one only what stands around each thing in it that may act."""
    if len(value) <= most:
        return value
    around = (value[max(0, m.start() - 20) : m.end() + 60] for m in SUSPECT.finditer(value))
    return " ... ".join((value[:80], *dict.fromkeys(islice(around, 1_000))))[:most]


def joined(part: Mapping[str, object]) -> tuple[str, str] | None:
    """Return what entries of one object name: Fiddle's, AutoGen's and LangChain's ways."""
    if "component_type" in part and isinstance(part.get("provider"), str):
        return "provider", str(part["provider"])
    if part.get("type") == "pyref":
        module, name = part.get("module"), part.get("name")
        if isinstance(module, str) and isinstance(name, str):
            return "pyref", f"{module}.{name}"
    path = part.get("id")
    if "lc" in part and isinstance(path, list) and all(isinstance(p, str) for p in path):
        return "lc", ".".join(path[:20])
    return None
