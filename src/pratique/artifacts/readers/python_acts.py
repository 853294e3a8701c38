"""What rules over a whole repository are told of a Python source: what it imports and calls.

Calls of libraries that only compute are left out, so that a fact stays small; what is told is a
superset of what could act, never a judgement.
"""

import re

from pratique.artifacts.readers.python_view import PythonCall, PythonModule
from pratique.core.fact import Json

MOST_CALLS = 2_000
MOST_IMPORTS = 1_000
MOST_WORDS = 300

COMPUTING = frozenset(
    ["torch", "numpy", "math", "cmath", "typing", "typing_extensions", "dataclasses", "collections",
     "transformers", "diffusers", "accelerate", "einops", "functools", "itertools", "warnings",
     "copy", "enum", "abc", "re", "logging", "json", "random", "flax", "jax", "tensorflow", "timm",
     "torchvision", "torchaudio", "peft", "safetensors", "tokenizers", "sentencepiece", "PIL",
     "scipy", "sklearn", "pandas", "tqdm", "packaging", "flash_attn", "xformers", "mamba_ssm",
     "causal_conv1d", "triton", "sentence_transformers", "contextlib", "operator", "numbers",
     "string", "textwrap", "datetime", "time", "unicodedata", "struct", "heapq", "bisect", "queue",
     "decimal", "fractions", "statistics", "hashlib", "uuid", "__future__", "cv2", "librosa",
     "optax", "chex", "keras", "fla", "natten", "opt_einsum", "inspect", "types", "gc", "weakref",
     "traceback", "pprint", "calendar", "difflib", "tree", "regex", "ftfy", "jieba", "emoji",
     "pydantic", "rich", "tabulate", "soundfile", "tiktoken", "decord", "av", "matplotlib",
     "bitsandbytes", "apex", "deepspeed", "megatron", "rotary_embedding_torch", "lightning",
     "pytorch_lightning", "omegaconf", "nltk", "psutil", "jaxtyping", "beartype", "skimage",
     "imageio", "kornia", "open_clip", "torchmetrics", "torchdiffeq", "albumentations", "mmcv",
     "shapely", "onnxruntime", "optimum", "evaluate", "datasets", "fsspec", "argparse", "getpass"]
)  # fmt: skip
"""Packages whose calls compute, and are told only where `_ACTING` names them."""
_ACTING = re.compile(
    r"torch\.(?:load\b|hub\.|ops\.load_library|utils\.cpp_extension|package\.|classes\.load"
    r"|jit\.load|_C\._|distributed\.rpc|multiprocessing|export\.load)"
    r"|numpy\.(?:load\b|ctypeslib|f2py|distutils|core\.|_core\.|lib\.)|tensorflow\.(?:py_function"
    r"|io\.gfile|keras\.utils\.get_file|load_op_library|load_library|saved_model\.load)"
    r"|pandas\.read_(?:pickle|html|xml|sql)|pandas\.eval|sklearn\.externals|tqdm\.\w+\.os"
    r"|(?:\w+\.)+(?:os|sys|subprocess|importlib|builtins|shutil|socket|ctypes)\.\w"
    r"|datasets\.load_dataset|evaluate\.load|regex\._regex|types\.(?:FunctionType|CodeType)"
    r"|(?:keras|jax)\.\w*\.?(?:get_file|host_callback)|inspect\.getattr_static|gc\.get_"
    r"|PIL\.ImageMath|decord\.bridge|nltk\.(?:download|app)|tokenizers\.\w+\.custom"
    r"|transformers\.(?:\w+\.)*(?:custom_object_save|get_class_from_dynamic|Tool|load_tool|agents?)"
)
_BUILTINS = frozenset(
    ["exec", "eval", "compile", "execfile", "__import__", "open", "breakpoint", "input", "vars",
     "globals", "locals", "memoryview", "delattr"]
)  # fmt: skip
_ODD = re.compile(
    r"\.\?|^\?$|__(?:subclasses|globals|builtins|loader|dict|import|reduce\w*|code|mro|bases|spec)__"
    r"|\.(?:load_module|exec_module|find_module|system|popen|spawn\w*|fork\w*|Popen|check_output"
    r"|check_call|getoutput|import_module|fromhex|run_line_magic|LoadLibrary|unsafe_load|CDLL|post"
    r"|urlopen|urlretrieve|sendall|connect|upload_f\w+|rmtree|unlink|b64decode|loads?_pickle"
    r"|extractall|write_text|write_bytes)$"
)


def acts(module: PythonModule) -> Json:
    """Return the fact of a module: imports, calls that may act, and calls of its own functions."""
    local = set(module.functions) | set(module.classes)
    far = _far(module)
    calls: list[Json] = []
    edges: dict[tuple[str, str, str], None] = {}
    for call in module.calls:
        name = call.callee
        if _is_told(name, far) or _is_trusting(call):
            if len(calls) < MOST_CALLS:
                calls.append(_row(call))
        elif (aim := _aim(name)) in local and len(edges) < MOST_CALLS:
            edges.setdefault((call.function, aim, call.when))
    lost = len(module.calls) and (len(calls) >= MOST_CALLS or len(edges) >= MOST_CALLS)
    return {
        "imports": [[name, line, when] for name, line, when in module.imports[:MOST_IMPORTS]],
        "calls": calls,
        "edges": [list(edge) for edge in edges],
        "classes": list(module.classes[:500]),
        "handed": sorted({name for name, _, _ in module.handed})[:100],
        "exports": [list(pair) for pair in module.exports],
        "long": max((t.length for t in module.texts if _is_packed(t.what)), default=0),
        "partial": module.partial or ("more calls than a fact holds" if lost else ""),
        "odd": module.encoding or ("reordered" if module.lines else ""),
    }


def _row(call: PythonCall) -> Json:
    words = " ".join((*call.args, *(v for _, v in call.keywords)))
    keys = [key for key, value in call.keywords if value == "True"]
    named = ",".join([*keys, "hidden"] if call.hidden else keys)
    return [call.callee[:200], call.line, call.when, call.function, words[:MOST_WORDS], named[:100]]


def _far(module: PythonModule) -> frozenset[str]:
    """Return the first words of imports that are not of a package which only computes."""
    tops = {name.partition(".")[0] for name, _, _ in module.imports}
    return frozenset(top for top in tops if top and top not in COMPUTING)


def _is_told(name: str, far: frozenset[str]) -> bool:
    if name.startswith(".") or name in _BUILTINS:
        return True
    first = re.split(r"[.(\[]", name, maxsplit=1)[0]
    if first in far:
        return True
    return _ACTING.match(name) is not None or _ODD.search(name) is not None


def _is_trusting(call: PythonCall) -> bool:
    return any(key == "trust_remote_code" and value == "True" for key, value in call.keywords)


def _aim(name: str) -> str:
    """Return the local function or class that a call names: `go`, `self.go`, `Class.make`."""
    bare = name.replace("()", "")
    first, _, rest = bare.partition(".")
    return rest.rpartition(".")[2] if first in {"self", "cls", "super"} and rest else first


_PACKED = re.compile(r"[A-Za-z0-9+/=_\\x-]{200}")


def _is_packed(text: str) -> bool:
    return _PACKED.search(text) is not None
