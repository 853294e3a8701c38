"""Tell code that only computes: every import and every call in it is one that is known to."""

import re
import sys
from dataclasses import dataclass, field

from pratique.artifacts.readers.python_acts import COMPUTING
from pratique.core.finding import Severity
from pratique.detectors.code_graph import Act, Graph, Reach
from pratique.detectors.configured_entries import Entry

_STANDARD = frozenset(sys.stdlib_module_names)
_LIBRARIES = COMPUTING | {"torch_xla", "tensorflow_probability", "kernels", "gguf", "h5py"}
_ACTING = frozenset(
    ["huggingface_hub", "requests", "httpx", "aiohttp", "urllib3", "yaml", "paramiko", "websocket",
     "websockets", "pycurl", "boto3", "pexpect", "sh", "plumbum", "fabric", "invoke", "dill",
     "cloudpickle", "joblib", "jsonpickle", "cffi", "pynput", "keyring", "pip", "setuptools",
     "wget", "dns", "telegram", "discord", "slack_sdk", "smart_open", "docker", "kubernetes",
     "pyautogui", "win32api", "winreg", "IPython", "cryptography", "Crypto", "nacl", "hydra"]
)  # fmt: skip
"""Packages whose calls reach out of the process, or build what a file says."""
_HARMLESS = re.compile(
    r"os\.(?:path\.|environ\.(?:get|setdefault|items|copy)|getenv|makedirs|mkdir|listdir|getcwd|cpu_count|getpid|fspath|sep"
    r"|stat|walk|scandir|access)|pathlib\.|html\.|io\.|tempfile\.|shutil\.(?:copy|which|move)"
    r"|sys\.(?:modules\.get|getrefcount|version|maxsize|exit|getsizeof|exc_info|stdout|stderr)"
    r"|importlib\.(?:util\.find_spec|metadata\.|resources\.|import_module\(\)\.)|urllib\.parse\."
    r"|concurrent\.futures\.|threading\.|glob\.|fnmatch\.|filelock\.|platform\.|secrets\."
    r"|base64\.|zipfile\.is_zipfile|asyncio\.(?:run|gather|Lock|Queue)|multiprocessing\.cpu_count"
    r"|(?:super\(\)|self|cls|\w+)\.(?:\w+\.)*__dict__|torch\._C\._\w+|locals$|globals$|vars$"
    r"|delattr$|super\(\)\.|\w+\.(?:__class__|__code__)|inspect\.|numpy\.(?:core|_core|lib)\."
    r"|gzip\.open|csv\.|copyreg\.|array\.|codecs\.open|ast\.(?:literal_eval|parse)|signal\.signal"
    r"|huggingface_hub\.(?:hf_hub_download|split|ModelCard|utils|try_to|constants|model_info)"
    r"|yaml\.safe_load|zlib\.crc32|binascii\.crc|pickle\.(?:dumps?|loads?)$|memoryview$"
)
_COMPUTED = re.compile(r"(?:self|cls|super\(\)|[a-z_]\w*)(?:\(\)|\[\]|\.\w+)*\.\?")
"""`getattr(self, name)` with a name that is not known: how libraries look submodules up."""
_OWN = re.compile(r"(?:self|cls|super\(\))\.[A-Za-z]\w*$")
_LOADING = re.compile(
    r"torch\.(?:hub\.|ops\.load|utils\.cpp_ext|package|classes\.load|distributed\.rpc|export\.load)"
    r"|tensorflow\.(?:py_function|load_op|load_lib|saved_model)|(?:\w+\.)+(?:os|subprocess|shutil)\.\w"
    r"|datasets\.load|evaluate\.load|nltk\.(?:download|app)|types\.(?:Function|Code)Type|numpy\.f2py"
)
_FETCHES = re.compile(
    r"requests\.(?:get|Session|exceptions)|urllib\.request\.urlopen|httpx\.(?:get|Client)"
)


@dataclass(slots=True)
class Weigher:
    """Says how much an entry weighs: by whether all code that it leads to is there, and computes.

    Code of one's own is how thousands of honest models work. It is LOW where every module that is
    reached was read whole and does nothing but compute, MEDIUM where anything in it stays open.
    """

    graph: Graph
    _known: dict[str, tuple[Severity, str]] = field(default_factory=dict)

    def weigh(self, entry: Entry) -> tuple[Severity, str]:
        """Return a severity and the reason for it in words."""
        path = self.graph.first(entry)
        if not path:
            return Severity.MEDIUM, "which is missing"
        if path not in self._known:
            self._known[path] = self._reached(path, entry)
        return self._known[path]

    def _reached(self, path: str, entry: Entry) -> tuple[Severity, str]:
        reach = self.graph.reach([(path, entry)])
        for at in reach.files:
            if why := loud(self.graph, reach, at):
                return Severity.MEDIUM, f"and {at} {why}" if at != path else f"which {why}"
        return Severity.LOW, "which only computes"


def loud(graph: Graph, reach: Reach, path: str) -> str:
    """Return why a reached file is more than a computation, empty when it is not."""
    if why := reach.unknown.get(path):
        return why
    tops = {name.partition(".")[0] for at, name, _ in reach.imports if at == path}
    known = frozenset(tops - _STANDARD - _ACTING)
    for act in reach.acts:
        if act.path == path and not harmless(act, known):
            return f"calls {act.callee[:80]!r} in line {act.line}"
    fact = graph.fact(path)
    handed = fact.get("handed")
    for name in handed if isinstance(handed, list) else []:
        if not _HARMLESS.match(f"{name}.") and not str(name).startswith(("os.environ", "os.Path")):
            return f"hands {str(name)[:80]!r} on"
    return "holds a long text that is packed" if _large(fact.get("long")) else ""


def harmless(act: Act, known: frozenset[str]) -> bool:
    """Tell a call that honest models make, at the moment at which they make it.

    `known` are the packages that are imported and that do not act by themselves.
    """
    name = act.callee
    if {"hidden", "trust_remote_code"}.intersection(act.true) or _LOADING.match(name):
        return False
    if name.startswith(".") or _OWN.match(name):
        return True  # of another module of the repository, which is judged as well
    if name == "open" or name.startswith("torch.load"):
        return act.when != "import"
    if _FETCHES.match(name):
        return act.when != "import" and "://" not in act.words
    if _HARMLESS.match(name):
        return True
    if _COMPUTED.match(name):
        return act.when != "import" and not name.startswith(("os.", "sys.", "builtins."))
    top = name.partition(".")[0].partition("(")[0]
    return top in _LIBRARIES or (top in known and act.when != "import")


def _large(length: object) -> bool:
    return isinstance(length, int) and length > 4000  # noqa: PLR2004 - a small image may be packed
